"""EBCOT tier 2: packets, which hold one layer of the code-blocks of one resolution.

A packet's header tells which blocks contribute, with how many passes and bytes. One function walks
through a header for writing and for reading: `coder.bit(x)` writes x, or reads a bit and ignores x.
Source: ITU-T T.800, Annex B.10.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from lic_course.classical.jpeg2000_frame import Band, Frame
from lic_course.errors import BitstreamError

_MOST_PLANES = 74  # no band has more zero bit-planes
_LONGEST_LENGTH = 32  # bits in which the length of a contribution is given


class HeaderWriter:
    """Bits to bytes; after a byte FF, the highest bit of the next one stays 0."""

    def __init__(self) -> None:
        self._out = bytearray()
        self._byte, self._free = 0, 8

    def bit(self, value: int) -> int:
        """Append a bit, and return it."""
        self._free -= 1
        self._byte |= int(value) << self._free
        if not self._free:
            self._out.append(self._byte)
            self._free = 7 if self._byte == 0xFF else 8
            self._byte = 0
        return value

    def bits(self, value: int, count: int) -> int:
        """Append `count` bits, the highest first, and return the value."""
        for place in reversed(range(count)):
            self.bit(value >> place & 1)
        return value

    def finish(self) -> bytes:
        """All bytes; a header never ends in FF."""
        if self._free < 8:  # bits are open, or FF was the last byte
            self._out.append(self._byte)
        return bytes(self._out)


class HeaderReader:
    """Reads what `HeaderWriter` wrote, from `position` on."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data, self._position = data, position
        self._byte, self._left = 0, 0

    def bit(self, _value: int = 0) -> int:
        """The next bit."""
        if not self._left:
            self._left = 7 if self._byte == 0xFF else 8
            if self._position >= len(self._data):
                raise PacketsEnd
            self._byte = self._data[self._position]
            self._position += 1
        self._left -= 1
        return self._byte >> self._left & 1

    def bits(self, _value: int, count: int) -> int:
        """The next `count` bits."""
        value = 0
        for _ in range(count):
            value = value << 1 | self.bit()
        return value

    def finish(self) -> int:
        """The position of the first byte after the header."""
        return self._position + (self._byte == 0xFF)


class PacketsEnd(BitstreamError):
    """The data end inside the packets."""

    def __init__(self) -> None:
        super().__init__("The JPEG 2000 data end early: packets are missing.")


Coder = HeaderWriter | HeaderReader


class TagTree:
    """Numbers on a grid, coded from coarse to fine: a node is the least of its four children."""

    def __init__(self, grid: tuple[int, int], values: Sequence[int] | None = None) -> None:
        """Values: the leaves in raster order, for writing."""
        self._levels = [grid]
        while self._levels[-1] != (1, 1):
            self._levels.append(tuple((side + 1) // 2 for side in self._levels[-1]))
        self._values = None if values is None else self._minima(list(values))
        self._low = [[0] * (rows * columns) for rows, columns in self._levels]
        self._known = [bytearray(rows * columns) for rows, columns in self._levels]

    def _minima(self, values: list[int]) -> list[list[int]]:
        levels = [values]
        for (_, columns), above in pairwise(self._levels):
            coarse = [max(values)] * (above[0] * above[1])
            for index, value in enumerate(levels[-1]):
                parent = index // columns // 2 * above[1] + index % columns // 2
                coarse[parent] = min(coarse[parent], value)
            levels.append(coarse)
        return levels

    def code(self, row: int, column: int, threshold: int, coder: Coder) -> bool:
        """Tell whether a leaf is less than `threshold`, with as many bits as that still needs."""
        low = 0
        for level in reversed(range(len(self._levels))):
            node = (row >> level) * self._levels[level][1] + (column >> level)
            low = max(low, self._low[level][node])
            value = self._values[level][node] if self._values else 0
            while low < threshold and not self._known[level][node]:
                if coder.bit(low >= value):
                    self._known[level][node] = 1
                else:
                    low += 1
            self._low[level][node] = low
        return bool(self._known[0][node]) and low < threshold

    def code_value(self, row: int, column: int, coder: Coder) -> int:
        """Tell the value of a leaf."""
        for threshold in range(1, _MOST_PLANES + 1):
            if self.code(row, column, threshold, coder):
                return threshold - 1
        raise BitstreamError("The JPEG 2000 data are damaged: a block has no bit-planes.")


@dataclass
class Block:
    """A code-block in the packets."""

    row: int
    column: int
    missing: int = 0  # zero bit-planes
    # what each layer adds, for writing: the number of passes, and their bytes
    plan: list[tuple[int, bytes]] = field(default_factory=list)
    passes: int = 0
    data: list[bytes] = field(default_factory=list)
    length_bits: int = 3


class BandPackets:
    """The blocks of one band, and the tag trees that describe them."""

    def __init__(self, band: Band, blocks: list[Block] | None = None) -> None:
        """Blocks: with their plans, in raster order, for writing; without, for reading."""
        rows, columns = band.grid
        self.band = band
        self.blocks = blocks or [Block(r, c) for r in range(rows) for c in range(columns)]
        self._inclusion = self._missing = None
        if self.blocks:
            first = missing = None
            if blocks:
                first, missing = [_first_layer(b) for b in blocks], [b.missing for b in blocks]
            self._inclusion = TagTree(band.grid, first)
            self._missing = TagTree(band.grid, missing)

    def code_header(self, layer: int, coder: Coder) -> Iterator[tuple[Block, int, int]]:
        """Walk through the header of a layer; yields the blocks with new passes and bytes."""
        for block in self.blocks:
            passes, data = block.plan[layer] if block.plan else (0, b"")
            if block.passes:
                is_included = coder.bit(passes > 0)
            else:
                is_included = self._inclusion.code(block.row, block.column, layer + 1, coder)
                if is_included:
                    block.missing = self._missing.code_value(block.row, block.column, coder)
            if is_included:
                passes = _code_passes(passes, coder)
                length = _code_length(block, passes, len(data), coder)
                block.passes += passes
                yield block, passes, length


def _first_layer(block: Block) -> int:
    for layer, (passes, _) in enumerate(block.plan):
        if passes:
            return layer
    return len(block.plan)


def _code_passes(passes: int, coder: Coder) -> int:
    """A number of passes from 1 to 164: the fewer, the shorter."""
    if not coder.bit(passes > 1):
        return 1
    if not coder.bit(passes > 2):
        return 2
    for first, width in ((3, 2), (6, 5), (37, 7)):
        most = (1 << width) - 1
        extra = coder.bits(min(passes - first, most), width)
        if extra < most or width == 7:
            return first + extra


def _code_length(block: Block, passes: int, length: int, coder: Coder) -> int:
    """A number of bytes, in a width that the block remembers and that only grows."""
    extra = passes.bit_length() - 1
    while coder.bit(length.bit_length() > block.length_bits + extra):
        block.length_bits += 1
        if block.length_bits > _LONGEST_LENGTH:
            raise BitstreamError("The JPEG 2000 data are damaged: a length is impossible.")
    return coder.bits(length, block.length_bits + extra)


def write_packets(frame: Frame, bands: Callable[[Band], BandPackets]) -> list[bytes]:
    """All packets in the order layer, resolution, component; `bands` has the plans of a band."""
    groups = _groups(frame, bands)
    return [_write_packet(group, layer) for layer in range(frame.layers) for group in groups]


def _write_packet(group: list[BandPackets], layer: int) -> bytes:
    coder, body = HeaderWriter(), []
    if coder.bit(any(block.plan[layer][0] for packets in group for block in packets.blocks)):
        for packets in group:
            for block, _, _ in packets.code_header(layer, coder):
                body.append(block.plan[layer][1])
    return coder.finish() + b"".join(body)


def read_packets(
    frame: Frame, data: bytes, layers: int | None = None, may_be_cut: bool = False
) -> list[BandPackets]:
    """The blocks of all bands, in the order of `frame.all_bands`, with their data.

    layers: stop after so many. may_be_cut: take what is complete when the data end early.
    """
    groups = _groups(frame, BandPackets)
    position = 0
    try:
        for layer in range(frame.layers if layers is None else min(layers, frame.layers)):
            for group in groups:
                position = _read_packet(group, layer, data, position, may_be_cut)
    except PacketsEnd:
        if not may_be_cut:
            raise
    return [packets for group in groups for packets in group]


def _groups(frame: Frame, bands: Callable[[Band], BandPackets]) -> list[list[BandPackets]]:
    return [[bands(band) for band in group] for resolution in frame.bands for group in resolution]


def _read_packet(
    group: list[BandPackets], layer: int, data: bytes, position: int, may_be_cut: bool
) -> int:
    coder = HeaderReader(data, position)
    found = []
    if coder.bit():
        for packets in group:
            found += packets.code_header(layer, coder)
    position = coder.finish()
    for number, (block, _, length) in enumerate(found):
        if position + length > len(data):
            for missed, lost, _ in found[number:]:
                missed.passes -= lost
            raise PacketsEnd
        block.data.append(data[position : position + length])
        position += length
    return position
