"""The SPIHT codec: a picture to one stream of bits that may be cut anywhere, and back.

The 9/7 wavelet transform, integer coefficients, and the set partitioning of `spiht_coder`. The bits
are stored as they are: most of the statistics are in the trees, and coding the bits arithmetically
would save a few percent more.
"""

import zlib
from dataclasses import dataclass

import numpy as np

from lic_course import bitstream, images
from lic_course.classical.spiht_coder import Pass, SpihtDecoder, SpihtEncoder
from lic_course.classical.wavelet import (
    compose,
    decompose,
    from_mallat,
    norms,
    places,
    to_mallat,
)
from lic_course.codec import Codec
from lic_course.errors import BitstreamError, LicError

MAX_LEVELS = 6
MAX_PLANES = 20  # coefficients of 8-bit pictures have 14 bits
COARSEST = 9  # quality 1 leaves out so many bit-planes
_UP = 1e-9  # keeps floats that are integers but for 1e-13 the same on every machine
# An error in Y, Cb or Cr becomes an error of this L2 norm in RGB, relative to that of Y.
COLOR_WEIGHTS = 1.0, 1.042, 0.908


@dataclass(frozen=True)
class Stream:
    """An embedded stream: its bits (n,) uint8, the bit-planes it begins with, and its passes."""

    bits: np.ndarray
    planes: int
    passes: list[Pass]


def default_levels(shape: tuple[int, ...]) -> int:
    """Wavelet levels for a picture: 6, or fewer so that a small one keeps a LL band of 2 x 2."""
    return min(MAX_LEVELS, max(0, int(min(shape[:2])).bit_length() - 2))


def image_to_planes(image: np.ndarray) -> np.ndarray:
    """Samples around zero, (C, H, W) float64: gray, or Y, Cb, Cr, weighted by an error's cost."""
    if image.ndim == 2:
        return image[None] - 128.0
    planes = np.moveaxis(images.rgb_to_ycbcr(image), -1, 0) - 128.0
    return planes * np.array(COLOR_WEIGHTS)[:, None, None]


def planes_to_image(planes: np.ndarray) -> np.ndarray:
    """The inverse of `image_to_planes`, rounded and clipped to uint8."""
    if len(planes) == 1:
        return np.clip(np.floor(planes[0] + (128.5 + _UP)), 0, 255).astype(np.uint8)
    planes = planes / np.array(COLOR_WEIGHTS)[:, None, None] + 128.0
    return images.ycbcr_to_rgb(np.moveaxis(planes, 0, -1))


def planes_to_coefficients(planes: np.ndarray, levels: int) -> np.ndarray:
    """Transform planes (C, H, W), weigh each band by its norm, and cut to integers (C, H, W).

    With the weights, an error of 1 costs the same in every coefficient.
    """
    weights = norms(planes.shape[1:], levels)
    values = np.stack([to_mallat(decompose(p, levels, False)) * weights for p in planes])
    return np.trunc(values + np.copysign(_UP, values)).astype(np.int32)


def coefficients_to_planes(coefficients: np.ndarray, levels: int) -> np.ndarray:
    """The planes (C, H, W) that coefficients, integers or not, stand for."""
    weights = norms(coefficients.shape[1:], levels)
    bands = [from_mallat(plane / weights, levels) for plane in coefficients]
    return np.stack([compose(resolutions, False) for resolutions in bands])


def encode_coefficients(coefficients: np.ndarray, levels: int, last: int = 0) -> Stream:
    """Code integers (C, H, W) in Mallat's layout down to the bit-plane `last`."""
    encoder = SpihtEncoder(pad_bands(coefficients, levels), levels)
    bits = encoder.run(last)
    return Stream(bits, encoder.planes, encoder.passes)


def decode_coefficients(
    bits: np.ndarray, planes: int, shape: tuple[int, int, int], levels: int
) -> np.ndarray:
    """The coefficients (C, H, W), float64, that any prefix of a stream's bits stands for."""
    padded = *shape[:1], *(padded_side(n, levels) for n in shape[1:])
    return crop_bands(SpihtDecoder(bits, padded, levels).run(planes), shape, levels)


def padded_side(n: int, levels: int) -> int:
    """The next multiple of 2 ** (levels + 1), for which all trees are complete."""
    unit = 2 << levels
    return -(-n // unit) * unit if levels else n


def pad_bands(coefficients: np.ndarray, levels: int) -> np.ndarray:
    """Give each band the size it has in the padded picture, with zeros, which cost almost nothing.

    Padding the picture instead would make coefficients that nobody needs.
    """
    count, *shape = coefficients.shape
    padded = [padded_side(n, levels) for n in shape]
    out = np.zeros((count, *padded), coefficients.dtype)
    for source, target in _band_places(shape, padded, levels):
        out[target] = coefficients[source]
    return out


def crop_bands(padded: np.ndarray, shape: tuple[int, int, int], levels: int) -> np.ndarray:
    """The inverse of `pad_bands`, for coefficients of `shape` (C, H, W)."""
    out = np.empty(shape, padded.dtype)
    for target, source in _band_places(shape[1:], padded.shape[1:], levels):
        out[target] = padded[source]
    return out


def _band_places(shape: tuple[int, ...], padded: tuple[int, ...], levels: int):
    """Where each band is among the coefficients of a picture, and among those of a padded one."""
    for small, large in zip(places(shape, levels), places(padded, levels), strict=True):
        sides = []
        for part, whole in ((small.rows, large.rows), (small.columns, large.columns)):
            sides.append(slice(whole.start, whole.start + part.stop - part.start))
        yield (..., small.rows, small.columns), (..., *sides)


def bits_at(stream: Stream, planes_left_out: float) -> int:
    """Bits to keep so that so many of the last bit-planes, a fraction too, are left out."""
    ends = {p.plane: p.end for p in stream.passes}  # the refinement is a plane's last pass
    left_out = [*sorted(ends), stream.planes]
    return int(np.interp(planes_left_out, left_out, [*(ends[n] for n in sorted(ends)), 0]))


def truncate(data: bytes, nbytes: int) -> bytes:
    """Cut a `.lic` file of this codec to at most `nbytes` bytes; what is left decodes.

    Raises `LicError` when not even an empty stream fits, `BitstreamError` for other files.
    """
    file = bitstream.unpack(data)
    if file.codec != Spiht.name:
        raise BitstreamError(f"A file of {file.codec} cannot be cut: only those of spiht can.")
    head, bits = _segments(file.segments)
    smallest = len(data) - len(bits)
    if nbytes < smallest:
        raise LicError(f"The file cannot be cut to {nbytes} bytes: its header has {smallest}.")
    segments = {"head": head, "bits": bits[: nbytes - smallest]}
    return bitstream.pack(file.codec, file.shape, segments)


class Spiht(Codec):
    """SPIHT written from scratch: cut its file anywhere, and what is left is a coarser picture.

    Two segments: 'head' (levels, bit-planes, a check of these and the picture's size) and 'bits',
    the embedded stream.
    """

    name = "spiht"
    kind = "own"
    lesson = "03"
    quality_help = "how much of the stream is kept: 100 is all, each 11 less is a bit-plane less"

    def encode(self, image: np.ndarray, quality: float) -> dict[str, bytes]:
        """The prefix of the picture's stream that this quality asks for."""
        levels = default_levels(image.shape)
        left_out = (100 - quality) * COARSEST / 99
        coefficients = planes_to_coefficients(image_to_planes(image), levels)
        stream = encode_coefficients(coefficients, levels, int(left_out))
        kept = stream.bits[: -(-bits_at(stream, left_out) // 8) * 8]
        return {
            "head": _head(image.shape, levels, stream.planes),
            "bits": np.packbits(kept).tobytes(),
        }

    def decode(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """Decode whatever there is of the stream; `BitstreamError` for a damaged header."""
        head, payload = _segments(segments)
        levels, planes = head[:2]
        sound = head == _head(shape, default_levels(shape), planes)
        if not sound or planes > MAX_PLANES:
            raise BitstreamError("The header of the SPIHT stream is damaged.")
        bits = np.unpackbits(np.frombuffer(payload, np.uint8))
        size = (*shape, 1)[2], *shape[:2]
        coefficients = decode_coefficients(bits, planes, size, levels)
        return planes_to_image(coefficients_to_planes(coefficients, levels))


def _head(shape: tuple[int, ...], levels: int, planes: int) -> bytes:
    """Levels, bit-planes, and a check: any bits are a picture, so nothing else would notice."""
    fields = bytes([levels, planes])
    return (
        fields + zlib.crc32(fields + repr(tuple(map(int, shape))).encode()).to_bytes(4, "big")[:2]
    )


def _segments(segments: dict[str, bytes]) -> tuple[bytes, bytes]:
    if list(segments) != ["head", "bits"] or len(segments["head"]) != 4:
        raise BitstreamError("A file of spiht has the segments 'head', of 4 bytes, and 'bits'.")
    return segments["head"], segments["bits"]
