"""Models that learn: encoder and decoder update the same counts after each symbol.

The decoder knows a symbol before it needs the model of the next one, so nothing but the symbols
is ever sent. All arithmetic is in integers, identical on both sides.
"""

import math
from collections.abc import Iterable, Sequence

from lic_course.entropy.range_coder import RangeDecoder, RangeEncoder, cumulate


class AdaptiveModel:
    """Counts of the symbols seen so far ("order 0": no context); they start at 1.

    Each symbol adds `increment` to its count. When the sum exceeds `limit` all counts are halved,
    so that the model forgets slowly and follows a source that changes.
    """

    def __init__(self, size: int, increment: int = 32, limit: int = 8192) -> None:
        if not 1 <= size <= limit or limit + increment > 1 << 16:
            raise ValueError("the counts must stay between 1 and a sum of 65536")
        self.counts = [1] * size
        self.increment = increment
        self.limit = limit

    def encode(self, encoder: RangeEncoder, symbol: int) -> None:
        """Code one symbol, then learn from it."""
        encoder.encode(symbol, cumulate(self.counts))
        self.update(symbol)

    def decode(self, decoder: RangeDecoder) -> int:
        """The next symbol, from which the model learns as the encoder's did."""
        symbol = decoder.decode(cumulate(self.counts))
        self.update(symbol)
        return symbol

    def update(self, symbol: int) -> None:
        """Learn one symbol."""
        self.counts[symbol] += self.increment
        if sum(self.counts) > self.limit:
            self.counts = [(count + 1) // 2 for count in self.counts]

    def bits(self, symbol: int) -> float:
        """Ideal cost of a symbol at this moment, -log2 of its probability."""
        return math.log2(sum(self.counts) / self.counts[symbol])


def encode(symbols: Iterable[int], size: int) -> bytes:
    """A message over the alphabet 0 ... size-1, coded with an adaptive model (trimmed ending)."""
    encoder, model = RangeEncoder(), AdaptiveModel(size)
    for symbol in symbols:
        model.encode(encoder, int(symbol))
    return encoder.finish()


def decode(data: bytes, count: int, size: int) -> list[int]:
    """The inverse of `encode`: the first `count` symbols. Raises BitstreamError."""
    decoder, model = RangeDecoder(data), AdaptiveModel(size)
    return [model.decode(decoder) for _ in range(count)]


class AdaptiveBit:
    """The probability of a zero bit, in 1/2048, pulled by 1/32 towards each bit seen (LZMA).

    Use one object per context. Multiplying replaces counting: fast, and it forgets quickly.
    """

    def __init__(self, zero: int = 1024, rate: int = 5) -> None:
        self.zero = zero
        self.rate = rate

    def encode(self, encoder: RangeEncoder, bit: int) -> None:
        """Code one bit, then learn from it."""
        bound = (encoder.range >> 11) * self.zero
        if bit:
            encoder.narrow(bound, encoder.range - bound)
        else:
            encoder.narrow(0, bound)
        self.update(bit)

    def decode(self, decoder: RangeDecoder) -> int:
        """The next bit, from which the model learns as the encoder's did."""
        bound = (decoder.range >> 11) * self.zero
        bit = int(decoder.code >= bound)
        if bit:
            decoder.narrow(bound, decoder.range - bound)
        else:
            decoder.narrow(0, bound)
        self.update(bit)
        return bit

    def update(self, bit: int) -> None:
        """Learn one bit."""
        if bit:
            self.zero -= self.zero >> self.rate
        else:
            self.zero += (2048 - self.zero) >> self.rate


def encode_bits(bits: Iterable[int], trim: bool = True) -> bytes:
    """A message of bits, coded with one adaptive bit model."""
    encoder, model = RangeEncoder(), AdaptiveBit()
    for bit in bits:
        model.encode(encoder, int(bit))
    return encoder.finish(trim)


def decode_bits(data: bytes, count: int, trimmed: bool = True) -> list[int]:
    """The inverse of `encode_bits`: the first `count` bits. Raises BitstreamError."""
    decoder, model = RangeDecoder(data, trimmed), AdaptiveBit()
    return [model.decode(decoder) for _ in range(count)]


def kt_bits(bits: Sequence[int]) -> float:
    """Ideal cost of a bit string with the Krichevsky-Trofimov estimator.

    After n0 zeros and n1 ones the next bit is a one with probability (n1 + 1/2) / (n0 + n1 + 1).
    """
    seen, total = [0, 0], 0.0
    for bit in bits:
        total -= math.log2((seen[bit] + 0.5) / (sum(seen) + 1))
        seen[bit] += 1
    return total
