"""LZW: both sides build the same dictionary of phrases while they go, so it is never sent.

Sources: T. A. Welch, "A technique for high-performance data compression", 1984; TIFF 6.0,
section 13, for the bit format.
"""

from collections.abc import Iterable, Iterator

from lic_course.entropy.bits import BitReader, BitWriter
from lic_course.errors import BitstreamError

CLEAR, END, FIRST_FREE = 256, 257, 258  # TIFF's two control codes, and its first phrase
FULL = 4095  # TIFF's encoder starts anew before the dictionary has this many entries
MAX_SIZE = 1 << 28  # bytes that a decoder is willing to produce unless told otherwise


def encode_codes(data: bytes) -> list[int]:
    """The plain algorithm: 256 roots, new phrases from 256 on, no limit to the dictionary."""
    return list(_phrase_codes(data, first_free=256))


def _phrase_codes(data: bytes, first_free: int, full: int | None = None) -> Iterator[int]:
    dictionary, free, phrase = _roots(), first_free, b""
    for byte in data:
        longer = phrase + bytes([byte])
        if longer in dictionary:
            phrase = longer
            continue
        yield dictionary[phrase]
        dictionary[longer] = free
        free += 1
        phrase = longer[-1:]
        if free == full:
            yield CLEAR
            dictionary, free = _roots(), first_free
    if phrase:
        yield dictionary[phrase]


def _roots() -> dict[bytes, int]:
    return {bytes([i]): i for i in range(256)}


def decode_codes(codes: Iterable[int], max_size: int = MAX_SIZE) -> bytes:
    """The inverse of `encode_codes`. Raises BitstreamError for a code that cannot occur here."""
    return _decode(codes, 256, max_size)


class PhraseBook:
    """The decoder's dictionary, always one phrase behind the encoder's."""

    def __init__(self, first_free: int = 256) -> None:
        self._phrases = [bytes([i]) for i in range(256)] + [b""] * (first_free - 256)
        self._previous = b""

    def look_up(self, code: int) -> bytes:
        """The phrase of a code, after which the dictionary has learned the next phrase."""
        phrase = self._phrases[code] if 0 <= code < len(self._phrases) else b""
        if code == len(self._phrases) and self._previous:
            phrase = self._previous + self._previous[:1]  # the encoder has only just made it
        if not phrase:
            raise BitstreamError("The LZW data are damaged: a code stands for no known phrase.")
        if self._previous:
            self._phrases.append(self._previous + phrase[:1])
        self._previous = phrase
        return phrase


def _decode(codes: Iterable[int], first_free: int, max_size: int) -> bytes:
    out, book = bytearray(), PhraseBook(first_free)
    for code in codes:
        if code == CLEAR and first_free > CLEAR:
            book = PhraseBook(first_free)
            continue
        out += book.look_up(code)
        if len(out) > max_size:
            raise BitstreamError(f"The LZW data grow beyond the limit of {max_size} bytes.")
    return bytes(out)


def encode(data: bytes) -> bytes:
    """TIFF's LZW: codes of 9 to 12 bits between a CLEAR and an END, zeros in the last byte."""
    writer, since_clear = BitWriter(), 0
    writer.write(CLEAR, 9)
    for code in [*_phrase_codes(data, FIRST_FREE, FULL), END]:
        writer.write(code, width(since_clear))
        since_clear = 0 if code == CLEAR else since_clear + 1
    return writer.getvalue()


def decode(data: bytes, max_size: int = MAX_SIZE) -> bytes:
    """The inverse of `encode`; bytes after END are not looked at. Raises BitstreamError."""
    return _decode(_read_codes(data), FIRST_FREE, max_size)


def _read_codes(data: bytes) -> Iterator[int]:
    reader, since_clear = BitReader(data), 0
    while (code := reader.read(width(since_clear))) != END:
        yield code
        since_clear = 0 if code == CLEAR else since_clear + 1


def width(since_clear: int) -> int:
    """Bits of the next code, when so many codes have followed the last CLEAR.

    Each code adds one phrase; the width grows one code earlier than it must ("early change").
    """
    return min((FIRST_FREE + since_clear).bit_length(), 12)
