"""rANS: the message is one whole number, pushed and popped like a stack.

A symbol of probability f / 2**bits makes the number about 2**bits / f times larger; decoding undoes
the step exactly, so the *last* symbol pushed comes out first. The encoder therefore walks the
message backwards. Source: J. Duda, "Asymmetric numeral systems", 2013.

The state stays in [2**16, 2**32): when a push would make it too large, its lowest 16 bits leave as
a word. A decoder that ends in the state in which the encoder began has met no damage.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lic_course.entropy.range_coder import cumulate
from lic_course.errors import BitstreamError

LOWEST = 1 << 16  # the smallest state between two symbols, and the state to begin with
WORD = 0xFFFF


@dataclass(frozen=True)
class Rans:
    """A rANS coder for one model: integer frequencies whose sum is 2**bits, bits <= 16."""

    frequencies: Sequence[int]
    bits: int = 12

    def __post_init__(self) -> None:
        if sum(self.frequencies) != 1 << self.bits or min(self.frequencies) < 0 or self.bits > 16:
            raise ValueError(f"frequencies must be non-negative with the sum 2**{self.bits}")

    @cached_property
    def cumulative(self) -> list[int]:
        """Where the slots of each symbol begin, [0, f0, f0 + f1, ..., 2**bits]."""
        return cumulate(self.frequencies)

    def push(self, state: int, symbol: int) -> int:
        """The larger state that remembers `symbol` on top of `state`."""
        c, f = self._slots(symbol)
        return (state // f << self.bits) + state % f + c

    def pop(self, state: int) -> tuple[int, int]:
        """The symbol on top and the state below it: the exact inverse of `push`."""
        slot = state & ((1 << self.bits) - 1)
        symbol = bisect_right(self.cumulative, slot) - 1
        c, f = self._slots(symbol)
        return symbol, f * (state >> self.bits) + slot - c

    def _slots(self, symbol: int) -> tuple[int, int]:
        start = self.cumulative[symbol]
        return start, self.cumulative[symbol + 1] - start

    def encode(self, symbols: Sequence[int]) -> tuple[int, list[int]]:
        """The final state and the words, in the order in which they left."""
        state, words = LOWEST, []
        for symbol in reversed(symbols):
            _, f = self._slots(symbol)
            if f <= 0:
                raise ValueError(f"symbol {symbol} has the frequency zero")
            if state >= f << 32 - self.bits:
                words.append(state & WORD)
                state >>= 16
            state = self.push(state, symbol)
        return state, words

    def decode(self, state: int, words: Sequence[int], count: int) -> list[int]:
        """The first `count` symbols. Raises BitstreamError unless state and words end exactly."""
        state, words, symbols = int(state), [int(word) for word in words], []
        for _ in range(count):
            symbol, state = self.pop(state)
            if state < LOWEST:
                if not words:
                    raise BitstreamError("The rANS data end too early. Is the file complete?")
                state = state << 16 | words.pop()
            symbols.append(symbol)
        if state != LOWEST or words:
            raise BitstreamError("The rANS data are damaged: the last state is not the first one.")
        return symbols


def to_bytes(states: Sequence[int], words: Sequence[int]) -> bytes:
    """States in 32 bits each, then words in 16 bits each, least significant byte first."""
    return np.asarray(states, "<u4").tobytes() + np.asarray(words, "<u2").tobytes()


def from_bytes(data: bytes, lanes: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The inverse of `to_bytes`: states (lanes,) uint32 and words uint16. Raises BitstreamError."""
    if len(data) < 4 * lanes or len(data) % 2:
        raise BitstreamError("The rANS data end too early. Is the file complete?")
    states = np.frombuffer(data[: 4 * lanes], "<u4").astype(np.uint32)
    return states, np.frombuffer(data[4 * lanes :], "<u2").astype(np.uint16)


def encode_interleaved(
    symbols: np.ndarray,
    cumulative: np.ndarray,
    indexes: np.ndarray | None = None,
    lanes: int = 4,
    bits: int = 16,
) -> tuple[np.ndarray, np.ndarray]:
    """Many rANS coders side by side, one per lane; symbol i belongs to lane i % lanes.

    symbols: (n,) integers; cumulative: (tables, alphabet + 1) cumulative frequencies, each row from
    0 to 2**bits; indexes: (n,) the row that is the model of each symbol (None: row 0).
    Returns the states (lanes,) uint32 and the words, uint16, in the order of reading.
    """
    symbols = np.asarray(symbols, dtype=np.int64)
    rows = np.zeros_like(symbols) if indexes is None else np.asarray(indexes, dtype=np.int64)
    start = cumulative[rows, symbols].astype(np.uint64)
    frequency = cumulative[rows, symbols + 1].astype(np.uint64) - start
    if np.any(frequency == 0):
        raise ValueError("a symbol has the frequency zero")
    state = np.full(lanes, LOWEST, dtype=np.uint64)
    words = []
    for first in reversed(range(0, len(symbols), lanes)):
        c, f = start[first : first + lanes], frequency[first : first + lanes]
        x = state[: len(f)]
        full = x >= f << np.uint64(32 - bits)
        words.append((x[full] & WORD).astype(np.uint16))
        x[full] >>= np.uint64(16)
        x[:] = (x // f << np.uint64(bits)) + x % f + c
    words = np.concatenate(words[::-1]) if words else np.zeros(0, dtype=np.uint16)
    return state.astype(np.uint32), words


def decode_interleaved(
    states: np.ndarray,
    words: np.ndarray,
    cumulative: np.ndarray,
    indexes: np.ndarray,
    bits: int = 16,
) -> np.ndarray:
    """The inverse of `encode_interleaved`: (n,) int64 symbols, one per entry of `indexes`.

    Raises BitstreamError unless all words are used and all lanes end in the first state.
    """
    # All rows in one sorted list: row t begins at t * 2**bits, so one search serves every table.
    tables, width = cumulative.shape
    base = np.arange(tables, dtype=np.uint64)[:, None] << np.uint64(bits)
    flat = (cumulative.astype(np.uint64) + base).ravel()
    rows = np.asarray(indexes, dtype=np.uint64)
    symbols = np.empty(len(rows), dtype=np.int64)
    state, position, lanes = np.asarray(states).astype(np.uint64), 0, len(states)
    for first in range(0, len(rows), lanes):
        row = rows[first : first + lanes]
        x = state[: len(row)]
        slot = x & np.uint64((1 << bits) - 1)
        place = np.searchsorted(flat, slot + (row << np.uint64(bits)), side="right") - 1
        symbols[first : first + lanes] = place - row.astype(np.int64) * width
        f, c = flat[place + 1] - flat[place], flat[place]
        x[:] = f * (x >> np.uint64(bits)) + slot + (row << np.uint64(bits)) - c
        empty = np.flatnonzero(x < LOWEST)
        taken = words[position : position + len(empty)]
        if len(taken) < len(empty):
            raise BitstreamError("The rANS data end too early. Is the file complete?")
        x[empty] = x[empty] << np.uint64(16) | taken
        position += len(empty)
    if np.any(state != LOWEST) or position != len(words):
        raise BitstreamError("The rANS data are damaged: the last state is not the first one.")
    return symbols
