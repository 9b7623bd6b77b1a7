"""Quantized blocks to symbols: the difference of the DC, then runs of zeros and non-zero values.

A symbol is one byte: the high four bits count zeros, the low four bits are the size, the number of
bits of the value that follows. Positive values are written in binary, negative ones with all bits
inverted. Two symbols have no value: EOB (00, the rest is zero) and ZRL (F0, sixteen zeros).
"""

from dataclasses import dataclass

import numpy as np

from lic_course.classical.jpeg_huffman import HuffmanTable

EOB = 0x00
ZRL = 0xF0
_SIZES = np.array([value.bit_length() for value in range(1 << 11)])


@dataclass(frozen=True)
class Symbol:
    """One symbol of a block, for reading: `str(symbol)` is for example 'AC 0/2 (-3)'."""

    kind: str  # "DC" or "AC"
    run: int
    size: int
    value: int

    @property
    def byte(self) -> int:
        """The symbol as the Huffman table knows it."""
        return self.run << 4 | self.size

    @property
    def extra(self) -> str:
        """The bits of the value, a string of `size` characters."""
        if self.size == 0:
            return ""
        return f"{self.value + (self.value < 0) * ((1 << self.size) - 1):0{self.size}b}"

    def bits(self, table: HuffmanTable) -> str:
        """The Huffman code of the symbol followed by the bits of its value."""
        return table.code(self.byte) + self.extra

    def __str__(self) -> str:
        if self.kind == "DC":
            return f"DC {self.size} ({self.value:+d})"
        names = {EOB: "AC EOB", ZRL: "AC ZRL"}
        return names.get(self.byte, f"AC {self.run}/{self.size} ({self.value:+d})")


def run_length_symbols(sequence: np.ndarray, previous_dc: int = 0) -> list[Symbol]:
    """The symbols of one quantized block in zigzag order, (64,) integers, one after the other.

    previous_dc: the DC of the block before, of the same component. Source: ITU-T T.81, F.1.2.
    """
    values = [int(value) for value in sequence]
    difference = values[0] - int(previous_dc)
    symbols = [Symbol("DC", 0, abs(difference).bit_length(), difference)]
    run = 0
    for value in values[1:]:
        if value == 0:
            run += 1
            continue
        symbols += [Symbol("AC", 15, 0, 0)] * (run // 16)
        symbols.append(Symbol("AC", run % 16, abs(value).bit_length(), value))
        run = 0
    if run:
        symbols.append(Symbol("AC", 0, 0, 0))
    return symbols


def predict_dc(mcus: np.ndarray, slots: tuple[int, ...]) -> np.ndarray:
    """Replace each DC by the difference to the DC before, of the same component.

    mcus: (MCUs, len(slots), 64); slots: the component of each block of an MCU. Returns a copy.
    """
    result = mcus.copy()
    for component in set(slots):
        where = [slot for slot, owner in enumerate(slots) if owner == component]
        dc = mcus[:, where, 0].ravel()
        result[:, where, 0] = np.diff(dc, prepend=0).reshape(-1, len(where))
    return result


@dataclass(frozen=True)
class SymbolStream:
    """The symbols of many blocks in the order of the file, one array entry each."""

    symbols: np.ndarray  # bytes, as Huffman tables know them
    values: np.ndarray
    blocks: np.ndarray  # index of the block that the symbol belongs to
    is_dc: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """How many bits of the value follow each symbol."""
        return self.symbols & 15

    @property
    def extras(self) -> np.ndarray:
        """The bits of the values, as numbers."""
        return self.values + (self.values < 0) * ((1 << self.sizes) - 1)


def symbol_stream(blocks: np.ndarray) -> SymbolStream:
    """`run_length_symbols` of all blocks at once.

    blocks: (n, 64) integers in zigzag order, below 2048 in magnitude; column 0 has DC differences.
    """
    present = blocks != 0
    present[:, 0] = True  # the DC has a symbol even when the difference is zero
    where = np.flatnonzero(present)
    block = where >> 6
    dc = np.flatnonzero(where & 63 == 0)
    zeros = np.diff(where, prepend=0) - 1
    zeros[dc] = 0
    needs_eob = blocks[:, 63] == 0
    eobs_before = np.cumsum(needs_eob) - needs_eob
    place = np.cumsum(1 + (zeros >> 4)) - 1 + eobs_before[block]  # behind a ZRL per 16 zeros
    last = np.append(dc[1:], len(where)) - 1  # the last non-zero value of each block
    count = place[-1] + 1 + needs_eob[-1]

    symbols = np.full(count, ZRL)  # what the next lines do not overwrite
    symbols[place[last[needs_eob]] + 1] = EOB
    values = np.zeros(count, np.int64)
    values[place] = blocks.ravel()[where]
    symbols[place] = (zeros & 15) << 4 | _SIZES[np.abs(values[place])]
    is_dc = np.zeros(count, bool)
    is_dc[place[dc]] = True
    return SymbolStream(symbols, values, np.cumsum(is_dc) - 1, is_dc)
