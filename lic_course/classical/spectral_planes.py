"""How the planes of scores of a spectral cube become bytes: JPEG 2000, or DCT and context model.

Both aim at the same mean squared error in all planes. A plane that varies less than that is not
coded at all: its mean is what the decoder gets.
"""

import struct

import numpy as np

from lic_course import images
from lic_course.classical.component_coder import decode_planes, encode_planes
from lic_course.classical.dct import dct2, idct2
from lic_course.classical.jpeg_tables import unzigzag, zigzag
from lic_course.classical.laplace_tables import quantize
from lic_course.errors import BitstreamError

N = 8
PLANE = struct.Struct(">iIB")  # lowest value, bytes of JPEG 2000, bits to shift up


class Jpeg2000Planes:
    """Each plane as a JPEG 2000 codestream of 16 bits, by OpenJPEG.

    Scores become integers from 0 on; planes with a small range are scaled up by a power of two, so
    that the rounding is finer than the target error.
    """

    @staticmethod
    def encode(planes: np.ndarray, error: float) -> bytes:
        """Code planes (K, height, width) with the root mean squared error `error` in each."""
        parts = [_to_codestream(plane, error) for plane in planes]
        heads = [PLANE.pack(low, len(stream), shift) for low, stream, shift in parts]
        return b"".join(heads) + b"".join(stream for _, stream, _ in parts)

    @staticmethod
    def decode(data: bytes, shape: tuple[int, int, int], error: float) -> np.ndarray:
        """The inverse of `encode`: (K, height, width) float64; raises `BitstreamError`."""
        if len(data) < PLANE.size * shape[0]:
            raise BitstreamError("The planes of the spectral cube are cut short.")
        heads = [PLANE.unpack_from(data, PLANE.size * k) for k in range(shape[0])]
        position = PLANE.size * shape[0]
        if position + sum(size for _, size, _ in heads) != len(data):
            raise BitstreamError("The lengths of the planes of the spectral cube do not add up.")
        planes = np.empty(shape)
        for plane, (low, size, shift) in zip(planes, heads, strict=True):
            plane[...] = low
            if size:
                stream = data[position : position + size]
                plane += _from_codestream(stream, shape[1:]) / 2.0 ** min(shift, 16)
            position += size
        return planes


def _to_codestream(plane: np.ndarray, error: float) -> tuple[int, bytes, int]:
    """The lowest value, the codestream (empty for a flat plane), and the bits shifted up."""
    from imagecodecs import jpeg2k_encode

    if np.var(plane) <= error**2:
        return int(np.rint(plane.mean())), b"", 0
    low = int(np.floor(plane.min()))
    shift = int(np.clip(np.floor(np.log2(65535 / (plane.max() - low))), 0, 8))
    shift = min(shift, max(0, int(np.ceil(np.log2(4 / error)))))
    samples = np.clip(np.rint((plane - low) * 2.0**shift), 0, 65535).astype(np.uint16)
    level = 10 * np.log10(65535**2 / (error * 2.0**shift) ** 2)
    resolutions = 1 + max(0, min(5, int(np.log2(min(plane.shape)))))
    options = {"codecformat": "j2k", "reversible": False, "resolutions": resolutions}
    return low, jpeg2k_encode(samples, level=level, **options), shift


SIZ = struct.Struct(">HHHHIIIIIIIIH3B")  # SOC, SIZ, its length, capabilities, sizes, component


def _from_codestream(stream: bytes, shape: tuple[int, int]) -> np.ndarray:
    """Samples of a codestream, after its size was checked; whatever is wrong, `BitstreamError`."""
    from imagecodecs import jpeg2k_decode

    if len(stream) < SIZ.size:
        raise BitstreamError("The JPEG 2000 data of a plane are cut short.")
    fields = SIZ.unpack_from(stream)
    height, width = shape
    expected = (0xFF4F, 0xFF51, 41, 0, width, height, 0, 0, width, height, 0, 0, 1, 15, 1, 1)
    if fields != expected:
        raise BitstreamError("The JPEG 2000 data of a plane are damaged, or of another size.")
    try:
        samples = jpeg2k_decode(stream)
    except Exception as error:  # the library raises whatever it likes on damaged data
        raise BitstreamError(f"The JPEG 2000 data of a plane are damaged: {error}") from error
    if samples.shape != shape:
        raise BitstreamError("The JPEG 2000 data of a plane are damaged, or of another size.")
    return samples.astype(np.float64)


class DctPlanes:
    """Each plane by an 8 x 8 DCT, one quantizer step for all, and the context model of pca."""

    @staticmethod
    def encode(planes: np.ndarray, error: float) -> bytes:
        """Code planes (K, height, width); the step is sqrt(12) times `error`."""
        step = np.sqrt(12) * error
        blocks = (images.to_blocks(images.pad_to_multiple(plane, N), N) for plane in planes)
        return encode_planes([quantize(zigzag(dct2(block)), step) for block in blocks])

    @staticmethod
    def decode(data: bytes, shape: tuple[int, int, int], error: float) -> np.ndarray:
        """The inverse of `encode`: (K, height, width) float64; raises `BitstreamError`."""
        K, height, width = shape
        grid = -(-height // N), -(-width // N), N * N
        planes = np.empty(shape)
        for plane, q in zip(planes, decode_planes(data, [grid] * K), strict=True):
            blocks = idct2(unzigzag(q * (np.sqrt(12) * error)))
            plane[...] = images.from_blocks(blocks)[:height, :width]
        return planes


PLANE_CODERS = {"j2k": Jpeg2000Planes, "pca-j2k": Jpeg2000Planes, "pca-dct": DctPlanes}
