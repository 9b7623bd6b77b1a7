"""The codecs that people use today, through the libraries that they use, as honest anchors.

An anchor is a configuration: each class fixes one and says which. Known traps avoided here: Pillow
codes JPEG 2000 without a color transform unless told (`mct=1`), JPEG without optimized Huffman
tables, and imagecodecs codes gray AVIF losslessly whatever the level.
"""

import importlib.util
import io

import numpy as np
from PIL import Image, features

from lic_course import sandbox
from lic_course.codec import Codec, get
from lic_course.errors import BitstreamError, UnsupportedImage


class LibraryCodec(Codec):
    """A codec whose one segment is a complete file of its own format."""

    kind = "industry"
    segment: str  # the name of the segment, which is the format's usual suffix
    max_side = 65535
    min_width = 1

    def encode(self, image: np.ndarray, quality: float) -> dict[str, bytes]:
        """Write one segment: the file of the library, after a check of the picture's sides."""
        if image.shape[1] < self.min_width:
            raise UnsupportedImage(
                f"{self.name} needs a width of at least {self.min_width} pixels, "
                f"not {image.shape[1]}."
            )
        if max(image.shape[:2]) > self.max_side:
            raise UnsupportedImage(
                f"{self.name} takes sides of up to {self.max_side} pixels, not {image.shape[:2]}."
            )
        return {self.segment: self.to_file(image, quality)}

    def decode(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """Read the segment; whatever the library raises becomes a `BitstreamError`."""
        if set(segments) != {self.segment}:
            raise BitstreamError(f"A {self.name} file has the one segment {self.segment!r}.")
        try:
            image = self.from_file(segments[self.segment], shape)
        except BitstreamError:
            raise
        except Exception as error:  # the libraries raise whatever they like on damaged data
            raise BitstreamError(f"The {self.name} data are damaged: {error}") from error
        if image.ndim == 3 and len(shape) == 2:
            image = image[..., 0]  # formats without gray store three equal channels
        return image

    def to_file(self, image: np.ndarray, quality: float) -> bytes:
        """Write the picture in the codec's own format."""
        raise NotImplementedError

    def from_file(self, data: bytes, shape: tuple[int, ...]) -> np.ndarray:
        """Read a file of the codec's own format that should hold a picture of `shape`."""
        return _read_with_pillow(data, shape)


def _write_with_pillow(image: np.ndarray, fmt: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, fmt, **options)
    return buffer.getvalue()


def _read_with_pillow(data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    with _open(data) as picture:
        _check_size(picture.size, shape)
        return np.asarray(picture.convert("L" if len(shape) == 2 else "RGB"))


def _open(data: bytes) -> Image.Image:
    """Open without Pillow's own limit of pixels: the size is checked against the header next."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        return Image.open(io.BytesIO(data))
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _check_size(size: tuple[int, int], shape: tuple[int, ...]) -> None:
    if tuple(size) != (shape[1], shape[0]):
        raise BitstreamError(
            f"The data hold a picture of {size[1]}×{size[0]}, the header says "
            f"{shape[0]}×{shape[1]}: the file is damaged."
        )


class Png(LibraryCodec):
    """PNG keeps every pixel: prediction and deflate, the usual lossless format."""

    name, segment, lesson = "png", "png", "03"
    quality_help = "ignored: lossless"
    max_side = 2**31 - 1

    def to_file(self, image: np.ndarray, quality: float) -> bytes:
        return _write_with_pillow(image, "PNG", optimize=True)


class Jpeg(LibraryCodec):
    """JPEG by libjpeg-turbo: 4:2:0 chroma and optimized Huffman tables."""

    name, segment, lesson = "jpeg", "jpg", "02"
    quality_help = "libjpeg's quality"
    subsampling = 2  # Pillow's number for 4:2:0
    max_side = 65500

    def to_file(self, image: np.ndarray, quality: float) -> bytes:
        options = {"subsampling": self.subsampling} if image.ndim == 3 else {}
        return _write_with_pillow(image, "JPEG", quality=round(quality), optimize=True, **options)

    def bits_per_block(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """Bits spent on each 8 x 8 pixels, as the reader of lesson 02 counts them."""
        return get("own-jpeg").bits_per_block({"jpeg": segments[self.segment]}, shape)


class Jpeg444(Jpeg):
    """JPEG by libjpeg-turbo with full-resolution chroma (4:4:4), optimized tables."""

    name = "jpeg-444"
    subsampling = 0


class Jpeg2000(LibraryCodec):
    """JPEG 2000 by OpenJPEG: 9/7 wavelet with its color transform (mct=1)."""

    name, segment, lesson = "jpeg2000", "jp2", "03"
    quality_help = "compression ratio from 300:1 at 1 to 3:1 at 100, evenly on a logarithmic scale"

    def unavailable(self) -> str | None:
        return None if features.check("jpg_2000") else "Pillow was built without OpenJPEG."

    def to_file(self, image: np.ndarray, quality: float) -> bytes:
        ratio = 300 * (3 / 300) ** ((quality - 1) / 99)
        levels = max(0, min(5, int(np.log2(min(image.shape[:2])))))
        color = {"mct": 1} if image.ndim == 3 else {}
        return _write_with_pillow(
            image,
            "JPEG2000",
            irreversible=True,
            quality_mode="rates",
            quality_layers=[ratio],
            num_resolutions=levels + 1,
            **color,
        )


class WebP(LibraryCodec):
    """WebP by libwebp: the intra coding of the video codec VP8, always 4:2:0."""

    name, segment, lesson = "webp", "webp", "03"
    quality_help = "libwebp's quality, method 4 (its default)"
    max_side = 16383

    def unavailable(self) -> str | None:
        return None if features.check("webp") else "Pillow was built without libwebp."

    def to_file(self, image: np.ndarray, quality: float) -> bytes:
        return _write_with_pillow(image, "WEBP", quality=round(quality), method=4)


class Avif(LibraryCodec):
    """AVIF by libavif: the intra coding of the video codec AV1, 4:2:0."""

    name, segment, lesson = "avif", "avif", "03"
    quality_help = "libavif's quality, speed 6"

    def unavailable(self) -> str | None:
        return None if features.check("avif") else "Pillow was built without libavif."

    def to_file(self, image: np.ndarray, quality: float) -> bytes:
        return _write_with_pillow(image, "AVIF", quality=round(quality), speed=6, max_threads=1)


class Heif(LibraryCodec):
    """HEIF by x265: the intra coding of the video codec HEVC, 4:2:0 (BPG's tools)."""

    name, segment, lesson = "heif", "heic", "03"
    quality_help = "libheif's quality"

    def unavailable(self) -> str | None:
        if importlib.util.find_spec("pillow_heif") is None:
            return "the package pillow-heif is not installed; run `pip install pillow-heif`."
        return None

    def to_file(self, image: np.ndarray, quality: float) -> bytes:
        import pillow_heif

        buffer = io.BytesIO()
        pillow_heif.from_pillow(Image.fromarray(image)).save(buffer, quality=round(quality))
        return buffer.getvalue()

    def from_file(self, data: bytes, shape: tuple[int, ...]) -> np.ndarray:
        import pillow_heif

        picture = pillow_heif.open_heif(data, convert_hdr_to_8bit=True)
        _check_size(picture.size, shape)
        image = np.asarray(picture.to_pillow().convert("L" if len(shape) == 2 else "RGB"))
        return image


class ImagecodecsCodec(LibraryCodec):
    """A codec of the package imagecodecs, by the name of its module there."""

    module: str

    def unavailable(self) -> str | None:
        """Whether imagecodecs is there, and was built with this codec."""
        if importlib.util.find_spec("imagecodecs") is None:
            return "the package imagecodecs is not installed; run `pip install imagecodecs`."
        import imagecodecs

        if not getattr(imagecodecs, self.module).available:
            return f"imagecodecs was built without {self.name}."
        return None


class JpegXr(ImagecodecsCodec):
    """JPEG XR by jxrlib: a lapped block transform, made for cameras, hardly used."""

    name, segment, lesson, module = "jpegxr", "jxr", "03", "JPEGXR"
    quality_help = "jxrlib's level, from 1.5 at 1 to 99 at 100"
    min_width = 17  # two macroblocks, for the overlapped transform

    def to_file(self, image: np.ndarray, quality: float) -> bytes:
        import imagecodecs

        level = 1.5 + (quality - 1) * 97.5 / 99  # a level of 1 or less would mean a fraction
        return imagecodecs.jpegxr_encode(image, level=level)

    def from_file(self, data: bytes, shape: tuple[int, ...]) -> np.ndarray:
        return sandbox.decode("jpegxr_decode", data, shape)  # jxrlib crashes on damaged data


class JpegXl(ImagecodecsCodec):
    """JPEG XL by libjxl: adaptive DCT sizes, tuned to the eye rather than to PSNR."""

    name, segment, lesson, module = "jpegxl", "jxl", "03", "JPEGXL"
    quality_help = "Butteraugli distance from 15 at 1 to 0.1 at 100, evenly on a logarithmic scale"

    def to_file(self, image: np.ndarray, quality: float) -> bytes:
        import imagecodecs

        distance = 15 * (0.1 / 15) ** ((quality - 1) / 99)
        return imagecodecs.jpegxl_encode(image, distance=distance, effort=7, numthreads=1)

    def from_file(self, data: bytes, shape: tuple[int, ...]) -> np.ndarray:
        import imagecodecs

        return imagecodecs.jpegxl_decode(data, numthreads=1, out=np.empty(shape, np.uint8))
