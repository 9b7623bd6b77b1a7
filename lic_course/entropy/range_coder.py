"""The range coder: arithmetic coding with integers of 32 bits.

A message is a number in [0, 1). Each symbol keeps the part of the current interval that belongs to
it, a likely symbol a large part; in the end the shortest number in the interval is written down.
So symbols may cost fractions of a bit. Source: G. N. N. Martin, "Range encoding", 1979.

A model is a list of *cumulative* integer frequencies [0, f0, f0+f1, ..., total], total <= 2**16.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from lic_course.errors import BitstreamError

BITS = 32
MASK = (1 << BITS) - 1
SMALLEST = 1 << 24  # below this the top byte of the interval is settled and leaves


def cumulate(frequencies: Sequence[int]) -> list[int]:
    """Frequencies [f0, f1, ...] as cumulative frequencies [0, f0, f0+f1, ..., total]."""
    return [0, *accumulate(int(f) for f in frequencies)]


class RangeEncoder:
    """Narrows the interval [low, low + range) and writes the bytes of `low` that are settled."""

    def __init__(self) -> None:
        self._low = 0
        self.range = MASK
        self._bytes = bytearray()

    def encode(self, symbol: int, cumulative: Sequence[int]) -> None:
        """Code one symbol. Raises ValueError when its frequency is zero or the total too large."""
        start, end, total = cumulative[symbol], cumulative[symbol + 1], cumulative[-1]
        if not (0 <= start < end <= total <= 1 << 16):
            raise ValueError("frequencies must be positive, with a total of at most 65536")
        unit = self.range // total
        self.narrow(unit * start, unit * (end - start))

    def narrow(self, start: int, width: int) -> None:
        """Keep the part [start, start + width) of the interval, then enlarge it to full size."""
        self._add(start)
        self.range = width
        while self.range < SMALLEST:
            self._bytes.append(self._low >> 24)
            self._low = self._low << 8 & MASK
            self.range <<= 8

    def _add(self, number: int) -> None:
        self._low += number
        if self._low > MASK:  # carry: add one to the number that the bytes written so far spell
            self._low &= MASK
            i = len(self._bytes) - 1
            while self._bytes[i] == 0xFF:
                self._bytes[i] = 0
                i -= 1
            self._bytes[i] += 1

    def finish(self, trim: bool = True) -> bytes:
        """Write the end of the message and return all bytes; the encoder is then used up.

        trim=True picks the number of the interval with the most zero bytes at its end and leaves
        these out; the decoder must know from elsewhere where the data end. trim=False writes all of
        `low`, and the decoder reads exactly as many bytes as there are.
        """
        for zeros in (32, 24, 16, 8, 0) if trim else (0,):
            gap = -self._low % (1 << zeros)  # from `low` to a number with so many zero bits
            if gap < self.range:
                break
        self._add(gap)
        self._bytes += self._low.to_bytes(4, "big")
        return bytes(self._bytes.rstrip(b"\0") if trim else self._bytes)


class RangeDecoder:
    """Follows the encoder: `code` is the place of the number inside the interval [0, range)."""

    def __init__(self, data: bytes, trimmed: bool = True) -> None:
        """Start at the first byte; `trimmed` says how the encoder finished."""
        self._data = bytes(data)
        self._trimmed = trimmed
        self.position = 0  # bytes asked for so far
        self.range = MASK
        self.code = 0
        for _ in range(4):
            self.code = self.code << 8 | self._next_byte()

    def decode(self, cumulative: Sequence[int]) -> int:
        """The next symbol. Raises BitstreamError when no encoder can have written these data."""
        unit = self.range // cumulative[-1]
        target = self.code // unit
        if target >= cumulative[-1]:
            raise BitstreamError("The range-coded data are damaged: no symbol fits them.")
        symbol = bisect_right(cumulative, target) - 1
        start, end = cumulative[symbol], cumulative[symbol + 1]
        self.narrow(unit * start, unit * (end - start))
        return symbol

    def narrow(self, start: int, width: int) -> None:
        """Keep the part [start, start + width) of the interval, as the encoder did."""
        self.code -= start
        self.range = width
        while self.range < SMALLEST:
            self.code = (self.code << 8 | self._next_byte()) & MASK
            self.range <<= 8

    def _next_byte(self) -> int:
        self.position += 1
        if self.position <= len(self._data):
            return self._data[self.position - 1]
        if self._trimmed:
            return 0
        raise BitstreamError("The range-coded data end too early. Is the file complete?")


def encode(symbols: Iterable[int], frequencies: Sequence[int], trim: bool = True) -> bytes:
    """A whole message with one model: frequencies [f0, f1, ...] of symbols 0, 1, ..."""
    encoder, cumulative = RangeEncoder(), cumulate(frequencies)
    for symbol in symbols:
        encoder.encode(int(symbol), cumulative)
    return encoder.finish(trim)


def decode(data: bytes, count: int, frequencies: Sequence[int], trimmed: bool = True) -> list[int]:
    """The inverse of `encode`: the first `count` symbols. Raises BitstreamError."""
    decoder, cumulative = RangeDecoder(data, trimmed), cumulate(frequencies)
    return [decoder.decode(cumulative) for _ in range(count)]
