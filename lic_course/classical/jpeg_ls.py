"""The whole JPEG-LS codec: a picture to a .jls file whose every sample is off by at most NEAR.

JPEG-LS (ITU-T T.87), 8 bits, gray or color; color components are interleaved sample by sample.
"""

import struct
from dataclasses import dataclass

import numpy as np

from lic_course import images
from lic_course.bitstream import MAX_PIXELS
from lic_course.classical.jpeg_ls_model import decode_scan, encode_scan
from lic_course.codec import Codec
from lic_course.errors import BitstreamError, LicError, UnsupportedImage

SOI, EOI, SOF55, SOS = b"\xff\xd8", b"\xff\xd9", b"\xff\xf7", b"\xff\xda"
SKIPPED = {*range(0xE0, 0xF0), 0xFE}  # segments of applications, comments
MAX_SIDE = 65535  # the file has 16 bits for each
MAX_NEAR = 127
BY_SAMPLE = 2  # the interleave mode of color


@dataclass(frozen=True)
class JlsFile:
    """A .jls file taken apart: the picture's shape (H, W, C), NEAR, and the coded samples."""

    shape: tuple[int, int, int]
    near: int
    scan: bytes


def encode_jpeg_ls(image: np.ndarray, near: int = 0) -> bytes:
    """Code a picture as a complete JPEG-LS file.

    image: uint8, (H, W, 3) or (H, W), sides up to 65535; near: the largest error of a sample, 0
    (lossless) to 127. Raises `UnsupportedImage`, or `LicError` for a wrong NEAR.
    """
    image = images.check(image)
    if max(image.shape[:2]) > MAX_SIDE:
        raise UnsupportedImage(
            f"A JPEG-LS file has at most {MAX_SIDE} rows and columns: cut the picture."
        )
    if near not in range(MAX_NEAR + 1):
        raise LicError(f"NEAR, the largest error, is a whole number from 0 to 127, not {near}.")
    samples = image.reshape(*image.shape[:2], -1)
    scan, _ = encode_scan(samples, near)
    return write_jls(JlsFile(samples.shape, near, scan))


def decode_jpeg_ls(data: bytes, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Decode a JPEG-LS file to a picture (H, W, 3) or (H, W) uint8.

    Raises `BitstreamError` when the data are damaged, of another kind of JPEG-LS, or larger than
    `max_pixels`.
    """
    file = read_jls(data)
    if file.shape[0] * file.shape[1] > max_pixels:
        raise BitstreamError(
            f"The JPEG-LS picture has more than {max_pixels} pixels: if you trust the file, decode "
            "it with a larger max_pixels."
        )
    image = decode_scan(file.scan, file.near, file.shape)
    return image[..., 0] if file.shape[2] == 1 else image


def write_jls(file: JlsFile) -> bytes:
    """The bytes of a .jls file: frame header, scan header, scan (T.87, annex C)."""
    height, width, count = file.shape
    frame = struct.pack(">BHHB", 8, height, width, count)
    frame += b"".join(bytes([i, 0x11, 0]) for i in range(1, count + 1))
    scan = bytes([count]) + b"".join(bytes([i, 0]) for i in range(1, count + 1))
    scan += bytes([file.near, BY_SAMPLE if count > 1 else 0, 0])
    return SOI + _segment(SOF55, frame) + _segment(SOS, scan) + file.scan + EOI


def _segment(marker: bytes, content: bytes) -> bytes:
    return marker + struct.pack(">H", len(content) + 2) + content


def read_jls(data: bytes) -> JlsFile:
    """Take a .jls file apart; `BitstreamError` when it is damaged or of a kind not read here."""
    if data[:2] != SOI:
        raise BitstreamError("This is not a JPEG-LS file: it does not begin with FF D8.")
    position, shape = 2, None
    while True:
        marker, content = data[position : position + 2], _content(data, position)
        position += 4 + len(content)
        if marker == SOF55 and shape is None:
            shape = _frame(content)
        elif marker == SOS and shape:
            return JlsFile(shape, _near(content, shape[2]), _scan(data, position))
        elif len(marker) < 2 or marker[0] != 0xFF or marker[1] not in SKIPPED:
            raise BitstreamError(
                f"The JPEG-LS file has a segment {marker.hex() or 'missing'} that is damaged or "
                "of a kind that is not read here (presets, several scans, restart intervals)."
            )


def _content(data: bytes, position: int) -> bytes:
    length = int.from_bytes(data[position + 2 : position + 4], "big")
    content = data[position + 4 : position + 2 + length]
    if length < 2 or len(content) != length - 2:
        raise BitstreamError("A segment of the JPEG-LS file is cut short.")
    return content


def _frame(content: bytes) -> tuple[int, int, int]:
    """The picture's shape (H, W, C), from a frame header."""
    count = content[5] if len(content) > 5 else 0
    if len(content) != 6 + 3 * count or count not in (1, 3) or content[0] != 8:
        raise BitstreamError("The JPEG-LS file is not gray or color with 8 bits for each sample.")
    height, width = struct.unpack(">HH", content[1:5])
    if not (height and width and set(content[7::3]) == {0x11}):
        raise BitstreamError("The frame header of the JPEG-LS file is damaged.")
    return height, width, count


def _near(content: bytes, count: int) -> int:
    """NEAR, from a scan header that must be the only one."""
    expected = 4 + 2 * count
    if len(content) != expected or content[0] != count or any(content[2 : 1 + 2 * count : 2]):
        raise BitstreamError("The JPEG-LS file has a scan that is not of all components together.")
    near, interleave, transform = content[-3:]
    if near > MAX_NEAR or interleave != (BY_SAMPLE if count > 1 else 0) or transform:
        raise BitstreamError("The scan header of the JPEG-LS file is damaged or of another kind.")
    return near


def _scan(data: bytes, start: int) -> bytes:
    """The coded samples from `start` to the next marker, which must be the end of the file."""
    raw = np.frombuffer(data, np.uint8)[start:]
    markers = np.flatnonzero((raw[:-1] == 0xFF) & (raw[1:] >= 0x80))
    if not len(markers) or markers[0] != len(raw) - 2 or data[-2:] != EOI:
        raise BitstreamError("The JPEG-LS file does not end with its scan: it is damaged.")
    return data[start:-2]


class JpegLs(Codec):
    """JPEG-LS written from scratch: no pixel is ever off by more than a bound that you choose.

    Its one segment is a whole .jls file. The bound NEAR is (100 - quality) / 2, rounded up.
    """

    name = "jpeg-ls"
    kind = "own"
    lesson = "03"
    quality_help = "the largest error of any sample, (100 - quality) / 2 rounded up; 100 is exact"

    def encode(self, image: np.ndarray, quality: float) -> dict[str, bytes]:
        """A JPEG-LS file with the error bound of this quality, as the segment 'jls'."""
        return {"jls": encode_jpeg_ls(image, near_of(quality))}

    def decode(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """Decode the segment 'jls'; `BitstreamError` when it is damaged or of another shape."""
        if list(segments) != ["jls"]:
            raise BitstreamError("A file of jpeg-ls has exactly one segment, with the name 'jls'.")
        file = read_jls(segments["jls"])
        if file.shape != (*shape, 1)[:3]:
            raise BitstreamError(f"The JPEG-LS file has the shape {file.shape}, not {shape}.")
        return decode_jpeg_ls(segments["jls"], shape[0] * shape[1])


def near_of(quality: float) -> int:
    """NEAR for a quality from 1 to 100: 50 to 0."""
    return int(np.ceil((100 - quality) / 2))
