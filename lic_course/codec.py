"""One small protocol for every codec, the list of those that exist, and the round trip.

A codec turns a picture into named segments of bytes and back. Nothing else in the course knows how
it works: `encode` and `decode` put its segments into a `.lic` file, `find_quality` searches the
setting for a given size or PSNR, and every tool (command line, widgets, evaluation) uses these.
"""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from lic_course import bitstream, images, metrics
from lic_course.errors import BitstreamError, LicError, UnavailableCodec, UnreachableTarget

REGISTRY = {  # name: where its class is; imported when the codec is first used
    "png": "lic_course.industry:Png",
    "jpeg": "lic_course.industry:Jpeg",
    "jpeg-444": "lic_course.industry:Jpeg444",
    "jpeg2000": "lic_course.industry:Jpeg2000",
    "jpegxr": "lic_course.industry:JpegXr",
    "jpegxl": "lic_course.industry:JpegXl",
    "webp": "lic_course.industry:WebP",
    "heif": "lic_course.industry:Heif",
    "avif": "lic_course.industry:Avif",
    "own-jpeg": "lic_course.classical.jpeg:OwnJpeg",
    "own-jpeg2000": "lic_course.classical.jpeg2000:OwnJpeg2000",
    "spiht": "lic_course.classical.spiht:Spiht",
    "jpeg-ls": "lic_course.classical.jpeg_ls:JpegLs",
    "ftransform": "lic_course.classical.fuzzy_transform:FTransform",
    "hyperbolic": "lic_course.classical.curve_fitting:Hyperbolic",
    "pca": "lic_course.classical.pca:PcaCodec",
    "vq": "lic_course.classical.vector_quantization:VqCodec",
    "factorized": "lic_course.neural.codec:FactorizedCodec",
    "hyperprior": "lic_course.neural.codec:HyperpriorCodec",
    "context": "lic_course.neural.codec:ContextCodec",
    "context-fast": "lic_course.neural.codec:ContextFastCodec",
}


class Codec:
    """What every codec offers. Subclasses set the texts and write `encode` and `decode`.

    The first sentence of a subclass's docstring is its `summary` for the learner.
    """

    name: str
    kind: str  # "industry" (a library), "own" (written in this course) or "learned"
    lesson: str  # number of the lesson that explains it, such as "02"
    quality_help: str  # what the quality from 1 to 100 is mapped to
    fingerprint: bytes = b""  # 8 bytes that name the weights of a learned codec

    @property
    def summary(self) -> str:
        """One sentence on the codec, for learners."""
        return inspect.getdoc(self).split("\n\n")[0].replace("\n", " ")

    def unavailable(self) -> str | None:
        """Why the codec cannot run here, as one sentence, or None when it can."""
        return None

    def encode(self, image: np.ndarray, quality: float) -> dict[str, bytes]:
        """Code a checked picture at a quality from 1 to 100 into named segments."""
        raise NotImplementedError

    def decode(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """Decode the segments to a picture of `shape`; `BitstreamError` when they are damaged."""
        raise NotImplementedError

    def bits_per_block(
        self, segments: dict[str, bytes], shape: tuple[int, ...]
    ) -> np.ndarray | None:
        """Bits spent on each block of the picture, (rows, columns), or None if it cannot tell."""
        return None


@dataclass(frozen=True)
class Trial:
    """One try of `find_quality`: the quality, the file, and the picture decoded from the file."""

    quality: float
    data: bytes
    image: np.ndarray
    reached: bool  # False: the target is out of the codec's reach, this is the closest


def names() -> list[str]:
    """The names of all registered codecs."""
    return list(REGISTRY)


@cache
def get(name: str) -> Codec:
    """The codec with this name; raises `UnavailableCodec` with the list when there is none."""
    if name not in REGISTRY:
        raise UnavailableCodec(f"There is no codec {name!r}: take one of {', '.join(REGISTRY)}.")
    module, cls = REGISTRY[name].split(":")
    return getattr(importlib.import_module(module), cls)()


def codecs() -> list[Codec]:
    """All registered codecs, also those that cannot run here (their `unavailable()` says why)."""
    return [get(name) for name in REGISTRY]


def encode(
    image: np.ndarray,
    codec: str = "jpeg",
    quality: float | None = None,
    target_bpp: float | None = None,
    target_psnr: float | None = None,
) -> bytes:
    """Code a picture into a complete `.lic` file.

    image: uint8, (H, W, 3) sRGB or (H, W) gray. Give at most one of: `quality` from 1 to 100
    (75 when nothing is given), `target_bpp` (the largest file of at most so many bits per pixel),
    `target_psnr` (the smallest file of at least so many dB). Raises `UnsupportedImage`,
    `UnavailableCodec`, `UnreachableTarget` or `LicError` for a quality out of range.
    """
    image = images.check(image)
    if sum(option is not None for option in (quality, target_bpp, target_psnr)) > 1:
        raise LicError("Give one of quality, target_bpp and target_psnr, not several.")
    if target_bpp is None and target_psnr is None:
        return _encode(image, available(codec), 75 if quality is None else quality)
    target_bytes = None
    if target_bpp is not None:
        target_bytes = target_bpp * image.shape[0] * image.shape[1] / 8
    trial = find_quality(image, codec, target_bytes, target_psnr)
    if not trial.reached:
        bpp, psnr = metrics.bpp(len(trial.data), image), metrics.psnr(image, trial.image)
        raise UnreachableTarget(
            f"{codec} cannot reach this target on this picture: the closest it comes is "
            f"{bpp:.3f} bpp and {psnr:.2f} dB, at quality {trial.quality:g}."
        )
    return trial.data


def decode(data: bytes, max_pixels: int = bitstream.MAX_PIXELS) -> np.ndarray:
    """Decode a `.lic` file to a picture; raises `BitstreamError` whatever is wrong with it."""
    file = bitstream.unpack(data, max_pixels)
    if file.codec == "spectral":
        raise BitstreamError(
            "The file holds a spectral cube, not a picture: decode it with `lic decode CUBE.lic "
            "CUBE.npy` or lic_course.classical.spectral.decode_cube."
        )
    if file.codec not in REGISTRY:
        raise BitstreamError(
            f"The file was written by the codec {file.codec!r}, which this version does not have: "
            "update lic_course."
        )
    codec = available(file.codec)
    if file.fingerprint != codec.fingerprint:
        raise BitstreamError(
            f"The file was written with other weights of {file.codec!r} "
            f"({file.fingerprint.hex() or 'none'}) than are installed "
            f"({codec.fingerprint.hex() or 'none'}): update lic_course."
        )
    image = codec.decode(file.segments, file.shape)
    if image.shape != file.shape or image.dtype != np.uint8:
        raise BitstreamError("The decoded picture has another size than the file says.")
    return image


def available(name: str) -> Codec:
    """The codec with this name, if it can run here; otherwise `UnavailableCodec` says why not."""
    codec = get(name)
    if reason := codec.unavailable():
        raise UnavailableCodec(f"The codec {name!r} cannot run here: {reason}")
    return codec


def find_quality(
    image: np.ndarray,
    codec: str,
    target_bytes: float | None = None,
    target_psnr: float | None = None,
    step: float = 1.0,
) -> Trial:
    """Search the quality for a size or a PSNR by bisection on the grid 1, 1 + step, ..., 100.

    `target_bytes`: the best quality whose file has at most so many bytes. `target_psnr`: the lowest
    quality that reaches so many dB. When none does, the closest trial, with `reached` False.
    """
    image = images.check(image)
    if (target_bytes is None) == (target_psnr is None):
        raise LicError("Give either target_bytes or target_psnr.")
    coder = available(codec)

    @cache
    def attempt(index: int) -> Trial:
        quality = min(100.0, 1 + index * step)
        data = _encode(image, coder, quality)
        return Trial(quality, data, decode(data, image.size), True)

    last = int(np.ceil(99 / step))
    if target_bytes is not None:
        best = _last_true(lambda i: len(attempt(i).data) <= target_bytes, last)
        reached = best >= 0
    else:
        best = 1 + _last_true(lambda i: metrics.psnr(image, attempt(i).image) < target_psnr, last)
        reached = best <= last
    trial = attempt(min(max(best, 0), last))
    return Trial(trial.quality, trial.data, trial.image, reached)


def _last_true(condition: Callable[[int], bool], last: int) -> int:
    """The last index of 0..last for which a falling `condition` holds, -1 if for none."""
    low, high = -1, last + 1
    while high - low > 1:
        middle = (low + high) // 2
        if condition(middle):
            low = middle
        else:
            high = middle
    return low


def _encode(image: np.ndarray, codec: Codec, quality: float) -> bytes:
    if not 1 <= quality <= 100:
        raise LicError(f"The quality goes from 1 (smallest file) to 100 (best), not {quality:g}.")
    segments = codec.encode(image, float(quality))
    return bitstream.pack(codec.name, image.shape, segments, codec.fingerprint)
