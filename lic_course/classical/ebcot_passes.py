"""EBCOT tier 1: the three coding passes of each bit-plane, for all code-blocks at once.

Every pass yields the symbols for the MQ coder in the order of the scan, and by how much the squared
error falls when a decoder gets them. Source: ITU-T T.800, Annex D; D. Taubman, "High performance
scalable image compression with EBCOT", 2000.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lic_course.classical.ebcot_contexts import (
    NORTH,
    REFINE,
    REFINE_FIRST,
    RUN,
    SIGN_CODING,
    STRIPE,
    UNIFORM,
    ZERO_CODING,
)
from lic_course.classical.ebcot_stack import Stack

_NORMAL, _SILENT, _RUN_GOES_ON, _RUN_ENDS = range(4)  # what the clean-up pass does with a place


@dataclass(frozen=True)
class Pass:
    """One coding pass over the first blocks of a stack."""

    symbols: list[bytes]  # for each block, 2 * context + decision
    drops: np.ndarray  # for each block, the fall of the squared error in step²

    def of_block(self, number: int) -> tuple[bytes, float]:
        """Symbols and fall of the error of one block."""
        return self.symbols[number], float(self.drops[number])


def coding_passes(
    stack: Stack, planes: np.ndarray, exact: bool = False
) -> Iterator[tuple[int, tuple[Pass, Pass, Pass]]]:
    """Each bit-plane from the highest to plane 0, with its three passes.

    The passes are significance propagation, magnitude refinement and clean-up, for all blocks that
    have the plane. planes: number of bit-planes of each block, falling. exact: a decoder restores
    fully decoded coefficients exactly (5/3), it does not put them into the middle of their step.
    """
    for plane in reversed(range(int(planes[0]))):
        blocks = int(np.count_nonzero(planes > plane))
        coder = _PlaneCoder(stack, plane, blocks, 0 if exact and plane == 0 else 0.5)
        yield plane, coder.passes()


class _PlaneCoder:
    """The passes of one bit-plane; they change the significance and the refinement of the stack."""

    def __init__(self, stack: Stack, plane: int, blocks: int, center: float) -> None:
        self.stack, self.plane, self.blocks = stack, plane, blocks
        self.center = center * 2**plane  # where in its interval a decoder puts a coefficient
        magnitude = stack.active(stack.magnitude, blocks)
        self.bits = ((magnitude >> plane) & 1).astype(np.uint8)
        self.negative = stack.active(stack.negative, blocks)
        self.significant = stack.active(stack.significant, blocks)
        self.refined = stack.active(stack.refined, blocks)

    def passes(self) -> tuple[Pass, Pass, Pass]:
        significant = self.significant.copy()
        coded = self.stack.propagate(significant, self.bits)
        first = self._significance(significant, coded)
        second = self._refinement(significant)
        third = self._cleanup(coded)
        return first, second, third

    def _significance(self, before: np.ndarray, coded: np.ndarray) -> Pass:
        self.significant |= coded & self.bits
        around = self.stack.neighborhood(before, self.significant)
        places = self.stack.in_scan_order(coded)
        bits = self.bits.take(places)
        symbols = _Symbols(1 + bits)
        symbols.put(0, self._zero_coding(places, around, bits))
        new = bits == 1
        symbols.put(1, self._signs(places[new], around), new)
        return self._pass(places, symbols, places[new], None)

    def _refinement(self, before: np.ndarray) -> Pass:
        places = self.stack.in_scan_order(before)
        contexts = np.full(len(places), REFINE, np.uint8)
        first = self.refined.take(places) == 0
        contexts[first] = REFINE_FIRST + self.stack.has_neighbor(self.significant, places[first])
        self.refined |= before
        symbols = _Symbols(np.ones(len(places), np.uint8))
        symbols.put(0, 2 * contexts + self.bits.take(places))
        return self._pass(places, symbols, None, places)

    def _cleanup(self, visited: np.ndarray) -> Pass:
        before = self.significant.copy()
        coded = self.stack.active(self.stack.valid, self.blocks) & (before ^ 1) & (visited ^ 1)
        self.significant |= coded & self.bits
        around = self.stack.neighborhood(before, self.significant)
        action = self._runs(coded, around)
        places = self.stack.in_scan_order(coded & (action != _SILENT))
        bits, action = self.bits.take(places), action.take(places)
        new = bits == 1
        ends = action == _RUN_ENDS
        symbols = _Symbols(1 + bits + 2 * ends)
        symbols.put(0, self._zero_coding(places, around, bits))
        symbols.put(0, 2 * RUN, action == _RUN_GOES_ON)
        symbols.put(0, 2 * RUN + 1, ends)
        row = self.stack.row_of(places[ends])
        symbols.put(1, 2 * UNIFORM + (row >> 1), ends)
        symbols.put(2, 2 * UNIFORM + (row & 1), ends)
        symbols.put(-1, self._signs(places[new], around), new)
        return self._pass(places, symbols, places[new], None)

    def _runs(self, coded: np.ndarray, around: np.ndarray) -> np.ndarray:
        """What to do with each place, given the columns of a stripe that are coded as a run.

        Such a column has nothing significant in it or around it when the pass comes to it.
        """
        coded, bits, around = (self._columns(array) for array in (coded, self.bits, around))
        others = (around[:, :, 1] | around[:, :, 2] | around[:, :, 3]) & (0xFF ^ NORTH)
        is_run = coded.all(axis=2) & ((around[:, :, 0] | others) == 0)
        first = np.argmax(bits, axis=2)
        is_empty = ~bits.any(axis=2)
        first[is_empty] = STRIPE
        result = np.zeros(len(self.bits), np.uint8)
        columns = self._columns(result)
        for row in range(STRIPE):
            columns[:, :, row][is_run & (row < first)] = _SILENT
            columns[:, :, row][is_run & (row == first)] = _RUN_ENDS
        columns[:, :, 0][is_run & is_empty] = _RUN_GOES_ON
        return result

    def _columns(self, array: np.ndarray) -> np.ndarray:
        """A view (blocks, stripes, 4, columns + 2) of the inner rows of a flat array."""
        grid = self.stack.grid(array)[:, 1:-1]
        return grid.reshape(len(grid), -1, STRIPE, grid.shape[2])

    def _zero_coding(self, places: np.ndarray, around: np.ndarray, bits: np.ndarray) -> np.ndarray:
        orientation = self.stack.orientations[self.stack.block_of(places)]
        return 2 * ZERO_CODING[orientation, around.take(places)] + bits

    def _signs(self, places: np.ndarray, around: np.ndarray) -> np.ndarray:
        cross = around.take(places) >> 4
        for bit, direction in enumerate((-self.stack.shape[1], self.stack.shape[1], -1, 1)):
            cross |= self.negative.take(places + direction) << bit + 4
        return SIGN_CODING[cross] ^ self.negative.take(places)

    def _pass(
        self,
        places: np.ndarray,
        symbols: "_Symbols",
        new: np.ndarray | None,
        refined: np.ndarray | None,
    ) -> Pass:
        drops = np.zeros(self.blocks)
        if new is not None:
            value, center = self.stack.value.take(new), 2.0**self.plane + self.center
            drop = center * (2 * value - center)
        else:
            new = refined
            value = self.stack.value.take(new)
            magnitude = self.stack.magnitude.take(new)
            low = (magnitude >> self.plane << self.plane).astype(np.float64)
            old = (magnitude >> self.plane + 1 << self.plane + 1) + 2.0**self.plane
            new_center = low + self.center
            drop = (new_center - old) * (2 * value - old - new_center)
        drops += np.bincount(self.stack.block_of(new), drop, minlength=self.blocks)
        parts = symbols.split(self.stack.block_of(places), self.blocks)
        return Pass(parts, drops)


class _Symbols:
    """Symbols in the order of the scan, of which each place has none, one or several."""

    def __init__(self, counts: np.ndarray) -> None:
        self._ends = np.cumsum(counts, dtype=np.int64)
        self._starts = self._ends - counts
        self._symbols = np.empty(self._ends[-1] if len(counts) else 0, np.uint8)

    def put(self, number: int, symbols: np.ndarray | int, where: np.ndarray | None = None) -> None:
        """Set symbol `number` of each place, or of some; -1 is its last one."""
        at = self._ends if number < 0 else self._starts
        self._symbols[(at if where is None else at[where]) + number] = symbols

    def split(self, blocks: np.ndarray, count: int) -> list[bytes]:
        """The symbols of each of `count` blocks, given the block of each place."""
        first = np.searchsorted(blocks, np.arange(count + 1))
        bounds = np.append(self._starts, len(self._symbols))[first]
        data = self._symbols.tobytes()
        return [data[a:b] for a, b in pairwise(bounds)]
