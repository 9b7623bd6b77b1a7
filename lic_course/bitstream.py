"""The `.lic` file: a strict little container around the segments that a codec writes.

    bytes  content
    4      magic "LIC" and the format version
    1 + n  codec name: its length, then ASCII
    1-5    height, then width, as variable-length integers (7 bits a byte, low bits first)
    1      flags: bit 0 color, bit 1 a model fingerprint follows
    0 / 8  fingerprint: first 8 bytes of the SHA-256 of the model's weights and integer tables
    1      number of segments; for each its name (length, ASCII) and the number of its bytes,
           except for the last one, which takes what is left
    ...    the segments, one after the other
    4      CRC-32 of everything before, big-endian

Reading is strict. Whatever the bytes, `unpack` returns a checked `LicFile` or raises
`BitstreamError`; it allocates nothing that the length of the input does not justify.
"""

import zlib
from dataclasses import dataclass

from lic_course.errors import BitstreamError, LicError

MAGIC = b"LIC"
VERSION = 1
MAX_PIXELS = 2**28  # 268 megapixels, 805 MB as RGB; decode(..., max_pixels=...) raises the limit
MAX_SIDE = 2**31 - 1
COLOR, FINGERPRINT = 1, 2


@dataclass(frozen=True)
class LicFile:
    """A file taken apart: codec name, picture shape, model fingerprint, named segments."""

    codec: str
    shape: tuple[int, ...]
    fingerprint: bytes
    segments: dict[str, bytes]


@dataclass(frozen=True)
class FileInfo:
    """What `lic_course.info` tells of a file; `header` counts every byte outside the segments."""

    codec: str
    height: int
    width: int
    channels: int
    nbytes: int
    header: int
    segments: dict[str, int]
    fingerprint: str

    @property
    def bpp(self) -> float:
        """Bits per pixel of the complete file."""
        return 8 * self.nbytes / (self.height * self.width)

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {size}" for name, size in self.segments.items())
        color = "color" if self.channels == 3 else "gray"
        return (
            f"{self.codec}: {self.height}×{self.width} {color}, {self.nbytes} bytes "
            f"({self.bpp:.3f} bpp): header {self.header}, {parts}"
        )


def pack(
    codec: str, shape: tuple[int, ...], segments: dict[str, bytes], fingerprint: bytes = b""
) -> bytes:
    """Write a complete `.lic` file for a picture of `shape` (H, W) or (H, W, 3)."""
    if len(fingerprint) not in (0, 8):
        raise LicError("a fingerprint has 8 bytes, or none for a codec without a model")
    flags = COLOR * (len(shape) == 3) | FINGERPRINT * bool(fingerprint)
    head = MAGIC + bytes([VERSION]) + _name(codec) + _varint(shape[0]) + _varint(shape[1])
    head += bytes([flags]) + fingerprint + bytes([len(segments)])
    for number, (name, payload) in enumerate(segments.items(), 1):
        head += _name(name) + (_varint(len(payload)) if number < len(segments) else b"")
    body = head + b"".join(segments.values())
    return body + zlib.crc32(body).to_bytes(4, "big")


def unpack(data: bytes, max_pixels: int = MAX_PIXELS) -> LicFile:
    """Read a `.lic` file; raise `BitstreamError` with the reason when it is not a sound one."""
    data = bytes(data)
    _check_frame(data)
    reader = _Reader(data[:-4])
    reader.take(4)
    codec = reader.name()
    height, width = reader.varint(), reader.varint()
    if not (0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE):
        raise BitstreamError(f"The file says its picture is {height}×{width}: it is damaged.")
    if height * width > max_pixels:
        raise BitstreamError(
            f"The picture has {height}×{width} pixels, more than the limit of {max_pixels}: if you "
            "trust the file, decode it with a larger max_pixels."
        )
    flags = reader.byte()
    if flags > (COLOR | FINGERPRINT):
        raise BitstreamError("The file has flags that this version does not know.")
    fingerprint = reader.take(8) if flags & FINGERPRINT else b""
    shape = (height, width, 3)[: 2 + (flags & COLOR)]
    return LicFile(codec, shape, fingerprint, _segments(reader))


def info(data: bytes) -> FileInfo:
    """Tell what a `.lic` file holds without decoding it; errors as in `unpack`."""
    file = unpack(data, max_pixels=MAX_SIDE**2)
    sizes = {name: len(payload) for name, payload in file.segments.items()}
    return FileInfo(
        codec=file.codec,
        height=file.shape[0],
        width=file.shape[1],
        channels=3 if len(file.shape) == 3 else 1,
        nbytes=len(data),
        header=len(data) - sum(sizes.values()),
        segments=sizes,
        fingerprint=file.fingerprint.hex(),
    )


def _segments(reader: "_Reader") -> dict[str, bytes]:
    """The directory of segments, then the segments themselves."""
    count, sizes = reader.byte(), {}
    for number in range(1, count + 1):
        name = reader.name()
        if name in sizes:
            raise BitstreamError("Two segments of the file have the same name: it is damaged.")
        sizes[name] = reader.varint() if number < count else 0
    rest = reader.left() - sum(sizes.values())
    if rest < 0 or (count == 0 and rest > 0):
        raise BitstreamError("The lengths of the segments do not add up: the file is damaged.")
    return {
        name: reader.take(size if number < count else rest)
        for number, (name, size) in enumerate(sizes.items(), 1)
    }


def _check_frame(data: bytes) -> None:
    if data[:3] != MAGIC:
        raise BitstreamError(
            "This is not a .lic file: it does not begin with the letters LIC. "
            "Make one with `lic encode PICTURE FILE.lic`."
        )
    if len(data) < 4 + 4:
        raise BitstreamError(f"The file ends after {len(data)} bytes: it is cut short.")
    if data[3] != VERSION:
        raise BitstreamError(
            f"The file has format version {data[3]}, this program reads version {VERSION}: "
            "update lic_course."
        )
    if zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "big"):
        raise BitstreamError("The checksum is wrong: the file is damaged or cut short.")


def _name(text: str) -> bytes:
    encoded = text.encode("ascii")
    if not 0 < len(encoded) < 32:
        raise LicError(f"a name in a .lic file has 1 to 31 ASCII letters, not {text!r}")
    return bytes([len(encoded)]) + encoded


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


class _Reader:
    """Reads fields one after the other; raises `BitstreamError` at the end of the data."""

    def __init__(self, data: bytes):
        self.data, self.position = data, 0

    def left(self) -> int:
        return len(self.data) - self.position

    def take(self, count: int) -> bytes:
        if count > self.left():
            raise BitstreamError("The file ends in the middle of a field: it is damaged.")
        self.position += count
        return self.data[self.position - count : self.position]

    def byte(self) -> int:
        return self.take(1)[0]

    def varint(self) -> int:
        value = 0
        for shift in range(0, 63, 7):
            byte = self.byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise BitstreamError("A number in the file is too long: it is damaged.")

    def name(self) -> str:
        length = self.byte()
        raw = self.take(length)
        if not 0 < length < 32 or not raw.isascii() or not raw.decode("ascii").isprintable():
            raise BitstreamError("A name in the file is not readable: it is damaged.")
        return raw.decode("ascii")
