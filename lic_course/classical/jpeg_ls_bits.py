"""The bits of a JPEG-LS scan: limited Golomb codes, and the bit that is stuffed after each FF.

A `ScanWriter` and a `ScanReader` have the same methods, so that one function walks the picture for
both: the writer writes what it is given, the reader ignores it; both return what is in the file.
"""

from typing import Protocol

import numpy as np

from lic_course.entropy.bits import pack_bits
from lic_course.errors import BitstreamError

WINDOW = 32  # no codeword is longer
CHUNK = 1 << 20  # bits whose windows a reader keeps ready, codewords that a writer keeps as lists


class ScanBits(Protocol):
    """What the walk over the picture asks of a writer and of a reader."""

    def prepare(self, nbits: int) -> None:
        """Get ready for the next `nbits` bits: called before each line."""

    def golomb(self, value: int, k: int, longest: int, bits: int) -> int:
        """Code a number: its high bits in unary, then k low bits; or `bits` bits when too long.

        After `longest` zeros the unary part gives up, and value - 1 follows in `bits` bits.
        """

    def plain(self, value: int, nbits: int) -> int:
        """Code a number in `nbits` bits."""


class ScanWriter:
    """Collects the codewords of a scan."""

    def __init__(self) -> None:
        self._values: list[int] = []
        self._lengths: list[int] = []
        self._done: list[tuple[np.ndarray, np.ndarray]] = []

    def prepare(self, nbits: int) -> None:
        """Get ready for the next `nbits` bits: keep earlier codewords in less memory."""
        if len(self._values) >= CHUNK:
            self._done.append(
                (np.array(self._values, np.uint32), np.array(self._lengths, np.uint8))
            )
            self._values, self._lengths = [], []

    def golomb(self, value: int, k: int, longest: int, bits: int) -> int:
        """Write a limited Golomb code; returns `value`."""
        zeros = value >> k
        if zeros < longest:
            self._values.append(1 << k | value & ((1 << k) - 1))
            self._lengths.append(zeros + 1 + k)
        else:
            self._values.append(1 << bits | value - 1)
            self._lengths.append(longest + 1 + bits)
        return value

    def plain(self, value: int, nbits: int) -> int:
        """Write `nbits` bits; returns `value`."""
        self._values.append(value)
        self._lengths.append(nbits)
        return value

    def getvalue(self) -> bytes:
        """The scan with its stuffed bits."""
        last = np.array(self._values, np.uint32), np.array(self._lengths, np.uint8)
        values, lengths = map(np.concatenate, zip(*self._done, last, strict=True))
        return stuff(pack_bits(values, lengths), int(lengths.sum(dtype=np.int64)))


class ScanReader:
    """Reads codewords; `BitstreamError` when one is damaged or missing."""

    def __init__(self, scan: bytes) -> None:
        self._data, self._total = unstuff(scan)
        self._start = self._end = 0  # the part of the bits that has windows now
        self._at = 0  # relative to `_start`
        self.prepare(0)

    def prepare(self, nbits: int) -> None:
        """Make windows of the next `nbits` bits, unless they are there."""
        position = self._start + self._at
        if self._end and position + nbits <= self._end:
            return
        first = position // 8
        last = first + (nbits + CHUNK) // 8
        self._windows = windows(self._data[first : last + 5]).data
        self._start, self._end, self._at = 8 * first, 8 * last, position % 8

    def golomb(self, value: int, k: int, longest: int, bits: int) -> int:
        """Read a limited Golomb code."""
        window = self._peek()
        zeros = WINDOW - window.bit_length()
        if zeros < longest:
            length = zeros + 1 + k
            value = zeros << k | (window >> (WINDOW - length)) & ((1 << k) - 1)
        else:
            length = longest + 1 + bits
            value = ((window >> (WINDOW - length)) & ((1 << bits) - 1)) + 1
            if zeros > longest:
                raise BitstreamError("A number in the JPEG-LS scan is too long: it is damaged.")
        self._at += length
        return value

    def plain(self, value: int, nbits: int) -> int:
        """Read `nbits` bits."""
        value = self._peek() >> (WINDOW - nbits)
        self._at += nbits
        return value

    def _peek(self) -> int:
        if self._at >= len(self._windows):
            raise BitstreamError("The JPEG-LS scan ends before the picture does: it is cut short.")
        return self._windows[self._at]

    def finish(self) -> None:
        """Check that the scan was read to its end: fewer than 8 bits are left, all zeros."""
        left = self._total - (self._start + self._at)
        if not 0 <= left < 8 or (left and self._peek() >> (WINDOW - left)):
            raise BitstreamError("The JPEG-LS scan does not end where the picture does: damaged.")


def windows(data: bytes) -> np.ndarray:
    """The 32 bits that begin at each bit of the data, zeros after its end: (8 n,) uint32."""
    padded = np.frombuffer(data + bytes(4), np.uint8).astype(np.uint64)
    n = len(data)
    forty = sum(padded[i : n + i] << np.uint64(32 - 8 * i) for i in range(5))
    shifts = np.arange(8, 0, -1, dtype=np.uint64)
    return (forty[:, None] >> shifts).astype(np.uint32).ravel()


def stuff(data: bytes, nbits: int) -> bytes:
    """Insert a zero bit after each byte FF, so that no marker appears inside the scan.

    data: `nbits` bits, most significant first. The last byte is completed with zeros.
    """
    bits = np.unpackbits(np.frombuffer(data, np.uint8), count=nbits)
    shifted = [np.packbits(bits[s:]).tobytes() for s in range(8)]  # the data, read from bit s on
    out, position = bytearray(), 0
    while position < nbits:
        source, byte = shifted[position % 8], position // 8
        end = source.find(b"\xff", byte) + 1
        if not end:
            return bytes(out + source[byte:])
        out += source[byte:end]
        position += 8 * (end - byte)
        following = shifted[position % 8][position // 8 : position // 8 + 1] or b"\0"
        out.append(following[0] >> 1)
        position += 7
    return bytes(out)


def unstuff(scan: bytes) -> tuple[bytes, int]:
    """Take the stuffed bits out: the data and the number of its bits."""
    raw = np.frombuffer(scan, np.uint8)
    bits = np.unpackbits(raw)
    stuffed = 8 * (np.flatnonzero(raw[:-1] == 255) + 1)
    bits = np.delete(bits, stuffed)
    return np.packbits(bits).tobytes(), len(bits)
