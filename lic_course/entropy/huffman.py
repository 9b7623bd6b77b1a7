"""Huffman codes: the best code that gives each symbol a whole number of bits.

Only the code *lengths* are ever stored in a file. The codewords follow from them by one rule, the
canonical order: count upwards, shorter codewords first and equal lengths by symbol.
Source: D. A. Huffman, "A method for the construction of minimum-redundancy codes", 1952.
"""

import heapq
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lic_course.entropy.bits import WORD, BitReader, pack_bits
from lic_course.errors import BitstreamError


def code_lengths(frequencies: np.ndarray) -> np.ndarray:
    """Codeword length of each symbol: merge the two lightest nodes until one tree is left.

    frequencies: (n,) counts or probabilities; a symbol with frequency 0 gets length 0, no codeword.
    A single symbol gets 1 bit. Lengths never exceed 32: a deeper tree is built anew from
    frequencies that are pulled towards each other.
    """
    weights = np.asarray(frequencies, dtype=np.float64)
    if weights.ndim != 1 or np.any(weights < 0) or not np.all(np.isfinite(weights)):
        raise ValueError("frequencies must be a list of non-negative numbers")
    used = np.flatnonzero(weights)
    lengths = np.zeros(len(weights), dtype=np.int64)
    # A heap entry is (weight, depth of the subtree, first symbol, all symbols of the subtree):
    # among equal weights the flatter subtree is merged first, which keeps codewords short.
    heap = [(weights[s], 0, s, [s]) for s in used.tolist()]
    heapq.heapify(heap)
    if len(heap) == 1:
        lengths[used] = 1
    while len(heap) > 1:
        weight_a, depth_a, first_a, a = heapq.heappop(heap)
        weight_b, depth_b, first_b, b = heapq.heappop(heap)
        lengths[a + b] += 1
        node = (weight_a + weight_b, max(depth_a, depth_b) + 1, min(first_a, first_b), a + b)
        heapq.heappush(heap, node)
    if lengths.max(initial=0) > WORD:
        return code_lengths(np.where(weights > 0, weights / 2 + weights[used].min(), 0))
    return lengths


def canonical_codes(lengths: np.ndarray) -> np.ndarray:
    """The codewords that belong to the lengths, as numbers: (n,) uint32, 0 where the length is 0.

    Raises BitstreamError when no prefix code has these lengths (Kraft's sum of 2**-length above 1).
    """
    lengths = np.asarray(lengths, dtype=np.int64)
    if np.any((lengths < 0) | (lengths > WORD)):
        raise BitstreamError(f"A Huffman table has lengths outside 0 to {WORD} bits.")
    codes = np.zeros(len(lengths), dtype=np.uint32)
    code, previous = 0, 0
    for symbol in canonical_order(lengths).tolist():
        length = int(lengths[symbol])
        code <<= length - previous
        if code >> length:
            raise BitstreamError("A Huffman table promises more short codewords than exist.")
        codes[symbol] = code
        code, previous = code + 1, length
    return codes


def canonical_order(lengths: np.ndarray) -> np.ndarray:
    """The symbols that have a codeword, sorted by length and then by symbol."""
    order = np.argsort(lengths, kind="stable")
    return order[np.asarray(lengths)[order] > 0]


@dataclass(frozen=True, eq=False)
class HuffmanCode:
    """A prefix code, given by the codeword lengths of symbols 0, 1, 2, ... (0: no codeword)."""

    lengths: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "lengths", np.asarray(self.lengths, dtype=np.int64))

    @classmethod
    def from_frequencies(cls, frequencies: np.ndarray) -> "HuffmanCode":
        """The Huffman code of these counts or probabilities."""
        return cls(code_lengths(frequencies))

    @cached_property
    def codes(self) -> np.ndarray:
        """Codewords as numbers, (n,) uint32."""
        return canonical_codes(self.lengths)

    @property
    def words(self) -> list[str]:
        """Codewords as strings of 0 and 1, to look at."""
        pairs = zip(self.codes.tolist(), self.lengths.tolist(), strict=True)
        return [f"{code:0{length}b}" if length else "" for code, length in pairs]

    def encode(self, symbols: np.ndarray) -> bytes:
        """The codewords of `symbols` one after the other; the last byte is filled with zeros."""
        symbols = np.asarray(symbols, dtype=np.int64).ravel()
        if np.any((symbols < 0) | (symbols >= len(self.lengths))):
            raise ValueError(f"symbols must lie between 0 and {len(self.lengths) - 1}")
        lengths = self.lengths[symbols]
        if np.any(lengths == 0):
            raise ValueError("a symbol has no codeword: its frequency was zero")
        return pack_bits(self.codes[symbols], lengths)

    def decode(self, data: bytes, count: int) -> np.ndarray:
        """The first `count` symbols, (count,) int64. Raises BitstreamError for damaged data."""
        return self.read(BitReader(data), count)

    def read(self, reader: BitReader, count: int) -> np.ndarray:
        """Like `decode`, from a reader, which then stands right after the last codeword."""
        # Written left-justified in 32 bits, canonical codewords are sorted numbers, and the
        # codeword at the reader's position is the largest that does not exceed the next 32 bits.
        starts, ends, order, lengths = self._left_justified
        if count > reader.remaining:
            raise BitstreamError("The data end too early: each symbol needs at least one bit.")
        symbols = np.empty(count, dtype=np.int64)
        for i in range(count):
            window = reader.peek(WORD)
            row = bisect_right(starts, window) - 1
            if row < 0 or window >= ends[row]:
                raise BitstreamError("The data are damaged: they hold a codeword that is not used.")
            reader.skip(lengths[row])
            symbols[i] = order[row]
        return symbols

    @cached_property
    def _left_justified(self) -> tuple[list[int], list[int], list[int], list[int]]:
        order = canonical_order(self.lengths)
        lengths = np.asarray(self.lengths, dtype=np.uint64)[order]
        starts = self.codes[order].astype(np.uint64) << (WORD - lengths)
        ends = starts + (np.uint64(1) << (WORD - lengths))
        return starts.tolist(), ends.tolist(), order.tolist(), lengths.tolist()
