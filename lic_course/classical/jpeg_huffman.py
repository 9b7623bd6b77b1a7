"""Huffman tables as JPEG stores them: how many codes of each length, then the symbols in order.

Codes have 1 to 16 bits, and the code of only ones is never used: the bits that fill the last byte
of a scan are ones, and must not look like a symbol.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lic_course.entropy.huffman import canonical_codes
from lic_course.errors import BitstreamError

MAX_LENGTH = 16


@dataclass(frozen=True)
class HuffmanTable:
    """One table: `counts[i]` codes of i + 1 bits, given to the symbols `values` in this order.

    Raises `BitstreamError` when no prefix code has these counts.
    """

    counts: tuple[int, ...]
    values: bytes

    def __post_init__(self) -> None:
        if len(self.counts) != MAX_LENGTH or sum(self.counts) != len(self.values):
            raise BitstreamError("A Huffman table of the JPEG data is incomplete.")
        if sum(count << (MAX_LENGTH - i) for i, count in enumerate(self.counts, 1)) > 1 << 16:
            raise BitstreamError("A Huffman table of the JPEG data has more codes than can exist.")

    @cached_property
    def sorted_lengths(self) -> np.ndarray:
        """Code lengths in the order of `values`."""
        return np.repeat(np.arange(1, MAX_LENGTH + 1), self.counts)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Code length of every symbol, (256,); 0: the symbol has no code."""
        lengths = np.zeros(256, np.int64)
        lengths[list(self.values)] = self.sorted_lengths
        return lengths

    @cached_property
    def codes(self) -> np.ndarray:
        """Code of every symbol as a number, (256,)."""
        codes = np.zeros(256, np.int64)
        codes[list(self.values)] = canonical_codes(self.sorted_lengths)
        return codes

    def code(self, symbol: int) -> str:
        """Code of a symbol as a string of 0 and 1."""
        return f"{self.codes[symbol]:0{self.lengths[symbol]}b}"

    def fill_windows(self, per_value: np.ndarray, invalid: int) -> np.ndarray:
        """A decoding table: for any 16 bits, what the code they begin with stands for.

        per_value: (len(values),) one entry per symbol, in the order of `values`.
        Returns (65536,): a code of L bits is the beginning of 2^(16 - L) windows; those that begin
        with no code get `invalid`.
        """
        windows = np.full(1 << MAX_LENGTH, invalid, per_value.dtype)
        filled = np.repeat(per_value, 1 << (MAX_LENGTH - self.sorted_lengths))
        windows[: len(filled)] = filled
        return windows


def optimal_table(frequencies: np.ndarray) -> HuffmanTable:
    """The table for symbols that occur `frequencies[symbol]` times, (256,) integers.

    Huffman's algorithm with a symbol 256 that keeps the code of only ones free, then codes longer
    than 16 bits are shortened. Source: ITU-T T.81, K.2, with the ties of libjpeg.
    """
    lengths = _huffman_lengths(frequencies)
    counts = _limited_counts(lengths)
    used = [symbol for symbol in range(256) if lengths[symbol]]
    return HuffmanTable(counts, bytes(sorted(used, key=lambda symbol: (lengths[symbol], symbol))))


def _huffman_lengths(frequencies: np.ndarray) -> list[int]:
    """Code lengths of 257 symbols: merge the two rarest trees until one is left (T.81, K.1)."""
    weight = {s: int(f) for s, f in enumerate(frequencies) if f} | {256: 1}
    members = {symbol: [symbol] for symbol in weight}
    lengths = [0] * 257
    while len(weight) > 1:
        first, second = sorted(weight, key=lambda s: (weight[s], -s))[:2]
        weight[first] += weight.pop(second)
        members[first] += members.pop(second)
        for symbol in members[first]:
            lengths[symbol] += 1
    return lengths


def _limited_counts(lengths: list[int]) -> tuple[int, ...]:
    """Codes per length 1..16 without symbol 256: long pairs move up the tree (T.81, K.3)."""
    counts = np.bincount(lengths, minlength=MAX_LENGTH + 1)
    counts[0] = 0
    for i in range(len(counts) - 1, MAX_LENGTH, -1):
        while counts[i] > 0:
            j = i - 2
            while counts[j] == 0:
                j -= 1
            counts[i] -= 2  # two codes leave this length: one takes their parent's place,
            counts[i - 1] += 1
            counts[j + 1] += 2  # the other shares the place of a shorter code
            counts[j] -= 1
    longest = np.flatnonzero(counts)[-1]
    counts[longest] -= 1
    return tuple(counts[1 : MAX_LENGTH + 1].tolist())
