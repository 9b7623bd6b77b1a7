"""Bits to blocks: decoding the Huffman codes of a scan.

Where a code begins is known only when the one before is decoded, so someone has to walk from code
to code. The walk is a short loop: it looks at the next 16 bits and asks a table how many bits and
how many coefficients to advance. What the codes mean is worked out afterwards, for many at once.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lic_course.classical.jpeg_huffman import HuffmanTable
from lic_course.classical.jpeg_symbols import EOB, ZRL
from lic_course.errors import BitstreamError

Tables = tuple[HuffmanTable, HuffmanTable]  # DC and AC

_END = 128  # the step of EOB leaves the block on purpose
_ERROR = 255  # the step of bits that no code begins with
_BATCH = 1 << 19  # codes to collect before they are worked out: bounds the memory
_GUARD = bytes(4096)  # however damaged, an MCU (10 blocks, 64 codes, 32 bits) ends inside the data


@dataclass(frozen=True)
class Blocks:
    """Decoded blocks: quantized coefficients and what they cost."""

    coefficients: np.ndarray  # (MCUs, blocks per MCU, 64) int16 in zigzag order
    bits: np.ndarray  # (MCUs, blocks per MCU)


def decode_scan(
    intervals: Sequence[bytes],
    mcus_per_interval: int,
    mcus: int,
    slots: tuple[int, ...],
    tables: Sequence[Tables],
) -> Blocks:
    """Decode the blocks of a scan; raises `BitstreamError` when the data are damaged.

    intervals: the data between restart markers, without the stuffed zeros, `mcus_per_interval` MCUs
    each; slots: the component of each block of an MCU; tables: DC and AC table of each component.
    """
    per_mcu = len(slots)
    if 8 * sum(map(len, intervals)) < 2 * mcus * per_mcu:  # a block has at least two codes
        raise BitstreamError("The JPEG data end early: they are too short for so large a picture.")
    walker = _Walker(b"".join(intervals), mcus, [tables[component] for component in slots])
    stop = 0
    for first, interval in zip(range(0, mcus, mcus_per_interval), intervals, strict=True):
        start, stop = stop, stop + 8 * len(interval)
        walker.walk(start, stop, min(mcus_per_interval, mcus - first))
    walker.work_out()
    coefficients = walker.coefficients.reshape(mcus, per_mcu, 64)
    _undo_prediction(coefficients, slots, mcus_per_interval)
    return Blocks(coefficients, walker.bits.reshape(mcus, per_mcu))


def _undo_prediction(mcus: np.ndarray, slots: tuple[int, ...], mcus_per_interval: int) -> None:
    """Sum up the DC differences of each component, from zero at the start of each interval."""
    for component in set(slots):
        where = [slot for slot, owner in enumerate(slots) if owner == component]
        sums = np.cumsum(mcus[:, where, 0].ravel(), dtype=np.int64).reshape(-1, len(where))
        before = np.concatenate([[0], sums[:-1, -1]])  # each MCU's sum of all MCUs before
        starts = np.arange(len(mcus)) // mcus_per_interval * mcus_per_interval
        dc = sums - before[starts][:, None]
        if np.abs(dc).max() > np.iinfo(np.int16).max:
            raise BitstreamError("The JPEG data are damaged: a block is far too bright or dark.")
        mcus[:, where, 0] = dc


class _Walker:
    """Walks through the data, then works out what it passed, in the order of the file."""

    def __init__(self, data: bytes, mcus: int, slot_tables: list[Tables]) -> None:
        pairs = list(dict.fromkeys(slot_tables))
        self.slots = np.array([pairs.index(pair) for pair in slot_tables])
        self.tables = _StepTables(pairs)
        self.windows = _windows(data + _GUARD)
        self.coefficients = np.zeros((mcus * len(slot_tables), 64), np.int16)
        self.bits = np.zeros(mcus * len(slot_tables), np.int64)
        self.blocks_done = 0
        self.positions = array("q")  # where each code begins, in bits
        self.firsts = array("q")  # for each block, the index of its first code in `positions`

    def walk(self, position: int, stop: int, mcus: int) -> None:
        """Walk through the bits from `position` to `stop`: `mcus` MCUs and nothing else."""
        windows = memoryview(self.windows)
        jumps = [self.tables.jumps[slot] for slot in self.slots]
        positions, firsts = self.positions, self.firsts
        for _ in range(mcus):
            for dc_advance, ac_advance, ac_step in jumps:
                firsts.append(len(positions))
                positions.append(position)
                position += dc_advance[windows[position]]
                k = 1
                while k < 64:
                    positions.append(position)
                    window = windows[position]
                    position += ac_advance[window]
                    k += ac_step[window]
            if position > stop:
                raise BitstreamError("The JPEG data end early: blocks are missing.")
            if len(positions) > _BATCH:
                self.work_out()
                positions, firsts = self.positions, self.firsts
        if stop - position >= 8:
            raise BitstreamError("The JPEG data are damaged: bytes are left after the last block.")

    def work_out(self) -> None:
        """Turn the codes passed so far into coefficients."""
        firsts, positions = np.array(self.firsts), np.array(self.positions)
        self.firsts, self.positions = array("q"), array("q")
        codes_per_block = np.diff(firsts, append=len(positions))
        table = np.repeat(2 * np.resize(self.slots, len(firsts)) + 1, codes_per_block)
        table[firsts] -= 1  # the first code of each block is from the DC table
        lookup = (table << 16) + self.windows[positions]
        step = self.tables.steps.take(lookup).astype(np.int64)
        passed = np.add.reduceat(step, firsts)
        if np.any((passed != 64) & ((passed <= _END) | (passed >= _END + 64))):
            raise BitstreamError("The JPEG data are damaged: a block has no end.")

        blocks = slice(self.blocks_done, self.blocks_done + len(firsts))
        self.blocks_done = blocks.stop
        advance = self.tables.advances.take(lookup)
        self.bits[blocks] = np.add.reduceat(advance, firsts, dtype=np.int64)
        size = self.tables.sizes.take(lookup).astype(np.int64)
        has_value = np.flatnonzero(size)
        total = np.cumsum(step)
        k = total - np.repeat(total[firsts], codes_per_block)  # 0 for DC, the index for AC
        block = np.repeat(np.arange(blocks.start, blocks.stop), codes_per_block)
        end = (positions + advance)[has_value]
        self.coefficients[block[has_value], k[has_value]] = _values(
            self.windows, end, size[has_value]
        )


def _windows(data: bytes) -> np.ndarray:
    """The 16 bits from every bit position on: (8 (len(data) - 2),) uint16."""
    octets = np.frombuffer(data, np.uint8).astype(np.uint32)
    triples = octets[:-2] << 16 | octets[1:-1] << 8 | octets[2:]
    windows = np.empty((len(triples), 8), np.uint16)
    shifts = np.arange(8, 0, -1, dtype=np.uint32)
    return np.right_shift(triples[:, None], shifts, out=windows, casting="unsafe").ravel()


def _values(windows: np.ndarray, end: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Values of `size` >= 1 bits that end before the bit positions `end`."""
    bits = windows[end - size].astype(np.int64) >> (16 - size)
    is_negative = bits >> (size - 1) == 0
    return bits - is_negative * ((1 << size) - 1)


class _StepTables:
    """Huffman tables by the next 16 bits, 65536 entries each: DC and AC of the first pair, then on.

    A symbol that baseline JPEG does not have counts as bits that no code begins with.
    """

    def __init__(self, pairs: list[Tables]) -> None:
        rows = [_by_window(table, kind) for pair in pairs for kind, table in enumerate(pair)]
        self.sizes, self.advances, self.steps = (
            np.concatenate(field) for field in zip(*rows, strict=True)
        )
        # bytes objects, because Python reads single entries of them faster than of arrays
        self.jumps = [
            (rows[i][1].tobytes(), rows[i + 1][1].tobytes(), rows[i + 1][2].tobytes())
            for i in range(0, len(rows), 2)
        ]


def _by_window(table: HuffmanTable, is_ac: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For any 16 bits: size of the value, bits and coefficients to advance, (65536,) uint8 each."""
    symbols = np.frombuffer(table.values, np.uint8)
    sizes = symbols & 15
    if is_ac:
        known = (sizes >= 1) & (sizes <= 10) | (symbols == EOB) | (symbols == ZRL)
        steps = np.where(symbols == EOB, _END, (symbols >> 4) + 1)
    else:
        known = symbols <= 11
        steps = np.ones(len(symbols))
    fields = (sizes, 0), (sizes + table.sorted_lengths, 0), (steps, _ERROR)
    return tuple(
        table.fill_windows(np.where(known, field, invalid).astype(np.uint8), invalid)
        for field, invalid in fields
    )
