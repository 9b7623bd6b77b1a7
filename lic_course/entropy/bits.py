"""Bits in, bits out: the layer between codewords of any length and bytes of eight bits.

All coders of this course write the most significant bit first, as JPEG, TIFF and MPEG do:
the first bit written is the highest bit of the first byte.
"""

import numpy as np

from lic_course.errors import BitstreamError

WORD = 32  # the longest codeword that `pack_bits` and `unpack_bits` handle


class BitWriter:
    """Collects codewords one after the other; `str(writer)` shows the bits written so far."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._tail = 0  # the last bits, fewer than eight, that do not fill a byte yet
        self._tail_bits = 0

    def __len__(self) -> int:
        """Number of bits written."""
        return 8 * len(self._bytes) + self._tail_bits

    def __str__(self) -> str:
        whole = "".join(f"{byte:08b}" for byte in self._bytes)
        return whole + (f"{self._tail:0{self._tail_bits}b}" if self._tail_bits else "")

    def write(self, value: int, nbits: int) -> None:
        """Append the `nbits` lowest bits of `value`, which must fit: 0 <= value < 2**nbits."""
        if value < 0 or value >> nbits:
            raise ValueError(f"{value} does not fit in {nbits} bits")
        self._tail = self._tail << nbits | value
        self._tail_bits += nbits
        spare = self._tail_bits % 8
        self._bytes += (self._tail >> spare).to_bytes(self._tail_bits // 8, "big")
        self._tail &= (1 << spare) - 1
        self._tail_bits = spare

    def write_unary(self, count: int, bit: int = 1) -> None:
        """Append `count` copies of `bit`, then one opposite bit as the stop."""
        self.write(((1 << count) - 1) << 1 if bit else 1, count + 1)

    def getvalue(self, fill: int = 0) -> bytes:
        """All bytes; the last one is completed with `fill` bits (JPEG fills with ones)."""
        missing = -self._tail_bits % 8
        if not missing:
            return bytes(self._bytes)
        padding = (1 << missing) - 1 if fill else 0
        return bytes(self._bytes) + bytes([self._tail << missing | padding])


class BitReader:
    """Reads codewords back; `position` counts the bits read so far."""

    def __init__(self, data: bytes) -> None:
        self._data = bytes(data)
        self.position = 0

    @property
    def remaining(self) -> int:
        """Number of bits not read yet."""
        return 8 * len(self._data) - self.position

    def peek(self, nbits: int) -> int:
        """The next `nbits` bits as a number, without moving; past the end the bits are zero."""
        end = self.position + nbits
        last = (end + 7) // 8
        chunk = self._data[self.position // 8 : last]
        missing = last - self.position // 8 - len(chunk)
        number = int.from_bytes(chunk, "big") << 8 * missing
        return (number >> -end % 8) & ((1 << nbits) - 1)

    def skip(self, nbits: int) -> None:
        """Move forward by `nbits` bits. Raises BitstreamError past the end."""
        if nbits > self.remaining:
            raise BitstreamError("The data end too early: bits are missing. Is the file complete?")
        self.position += nbits

    def read(self, nbits: int) -> int:
        """The next `nbits` bits as a number. Raises BitstreamError past the end."""
        start = self.position
        self.skip(nbits)
        end = self.position
        number = int.from_bytes(self._data[start // 8 : (end + 7) // 8], "big")
        return (number >> -end % 8) & ((1 << nbits) - 1)

    def read_unary(self, bit: int = 1) -> int:
        """Count copies of `bit` up to the stop bit, which is read too."""
        count = 0
        while self.read(1) == bit:
            count += 1
        return count


def pack_bits(values: np.ndarray, lengths: np.ndarray, fill: int = 0) -> bytes:
    """Write many codewords at once: `values[i]` in `lengths[i]` bits, most significant bit first.

    values: (n,) non-negative integers with values[i] < 2**lengths[i]; lengths: (n,) or one number,
    0 to 32 bits. The last byte is completed with `fill` bits. Raises ValueError for misfits.
    """
    values = np.asarray(values).astype(np.uint64).ravel()
    lengths = np.broadcast_to(np.asarray(lengths).astype(np.uint64).ravel(), values.shape)
    if np.any(lengths > WORD) or np.any(values >> lengths):
        raise ValueError(f"each value must fit in its length, and lengths be 0 to {WORD} bits")
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    starts = ends - lengths
    word, offset = starts // WORD, starts % WORD
    # A codeword of at most 32 bits touches at most two words of 32 bits: shift it to its place
    # in a pair of words, then join all codewords that begin in the same word.
    pairs = values << (2 * WORD - offset - lengths)
    words = np.zeros(total // WORD + 2, np.uint64)
    first = np.flatnonzero(np.diff(word.astype(np.int64), prepend=-1))
    if len(first):
        joined = np.bitwise_or.reduceat(pairs, first)
        words[word[first]] |= joined >> WORD
        words[word[first] + 1] |= joined & 0xFFFFFFFF
    data = bytearray(words.astype(">u4").tobytes()[: (total + 7) // 8])
    if fill and total % 8:
        data[-1] |= (1 << -total % 8) - 1
    return bytes(data)


def unpack_bits(data: bytes, lengths: np.ndarray) -> np.ndarray:
    """Read many codewords of known lengths at once, the inverse of `pack_bits`.

    lengths: (n,) of 0 to 32 bits. Returns (n,) uint32. Raises BitstreamError when bits are missing.
    """
    lengths = np.asarray(lengths).astype(np.uint64).ravel()
    if np.any(lengths > WORD):
        raise ValueError(f"lengths must be 0 to {WORD} bits")
    ends = np.cumsum(lengths)
    if len(ends) and int(ends[-1]) > 8 * len(data):
        raise BitstreamError("The data end too early: bits are missing. Is the file complete?")
    words = np.frombuffer(data + bytes(-len(data) % 4 + 8), ">u4").astype(np.uint64)
    starts = ends - lengths
    word, offset = starts // WORD, starts % WORD
    pairs = words[word] << WORD | words[word + 1]
    mask = (np.uint64(1) << lengths) - np.uint64(1)
    return ((pairs >> (2 * WORD - offset - lengths)) & mask).astype(np.uint32)
