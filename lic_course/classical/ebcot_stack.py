"""Code-blocks in one stack of arrays, so that NumPy works on all of them at once.

An encoder knows every coefficient beforehand. So it need not go through them one by one: which
coefficients a pass codes, and what their neighbors are at that time, follows for a whole bit-plane
of all blocks from a few shifted arrays. Only the arithmetic coder has to go step by step.
"""

from collections.abc import Sequence

import numpy as np

from lic_course.classical.ebcot_contexts import NE, NEIGHBORS, STRIPE, SW


class Stack:
    """Blocks of equal (padded) size in flat arrays, with zeros around each block.

    A flat index is a place in (block, row + 1, column + 1). All arrays have a margin on both sides,
    so that the neighbors of a place are its index plus a constant.
    """

    def __init__(self, blocks: Sequence[np.ndarray], orientations: Sequence[int]) -> None:
        """Blocks: signed coefficients (h, w) in units of their quantizer's step, float64."""
        self.count = len(blocks)
        height = max(-(-block.shape[0] // STRIPE) * STRIPE for block in blocks)
        width = max(block.shape[1] for block in blocks)
        self.shape = height + 2, width + 2
        self.block_size = self.shape[0] * self.shape[1]
        self.margin = self.shape[1] + 1
        self.orientations = np.asarray(orientations, np.intp)
        value, valid = self._new(np.float64), self._new(np.uint8)
        for place, block in enumerate(blocks):
            inside = np.s_[place, 1 : 1 + block.shape[0], 1 : 1 + block.shape[1]]
            self.grid(value)[inside] = block
            self.grid(valid)[inside] = 1
        self.value = np.abs(value)
        self.magnitude = self.value.astype(np.int32)
        self.negative = (value < 0).view(np.uint8)
        self.valid = valid
        self.significant = self._new(np.uint8)
        self.refined = self._new(np.uint8)
        self._scan = self._scan_order()

    def _new(self, dtype: type) -> np.ndarray:
        return np.zeros(self.count * self.block_size + 2 * self.margin, dtype)

    def grid(self, array: np.ndarray) -> np.ndarray:
        """A flat array without its margins as (blocks, rows + 2, columns + 2), a view."""
        return array[self.margin : -self.margin].reshape(-1, *self.shape)

    def active(self, array: np.ndarray, blocks: int) -> np.ndarray:
        """The part of a flat array that belongs to the first `blocks` blocks, with margins."""
        return array[: blocks * self.block_size + 2 * self.margin]

    def _scan_order(self) -> np.ndarray:
        """The flat indices in the order of the scan: stripes of four rows, column by column."""
        index = self.grid(np.arange(self.count * self.block_size + 2 * self.margin, dtype=np.int32))
        inside = index[:, 1:-1, 1:-1]
        count, height, width = inside.shape
        stripes = inside.reshape(count, height // STRIPE, STRIPE, width)
        return stripes.transpose(0, 1, 3, 2).ravel()

    def in_scan_order(self, chosen: np.ndarray) -> np.ndarray:
        """Flat indices of the nonzero entries of `chosen`, in the order of the scan."""
        blocks = (len(chosen) - 2 * self.margin) // self.block_size
        scan = self._scan[: len(self._scan) // self.count * blocks]
        return scan[chosen.take(scan).view(bool)]

    def block_of(self, places: np.ndarray) -> np.ndarray:
        """The number of the block of each flat index."""
        return (places - self.margin) // self.block_size

    def row_of(self, places: np.ndarray) -> np.ndarray:
        """The row within its stripe, 0 to 3, of each flat index."""
        return ((places - self.margin) // self.shape[1] % self.shape[0] - 1) % STRIPE

    def offset(self, direction: int) -> int:
        """What to add to a flat index to come to the neighbor in a direction."""
        row, column = NEIGHBORS[direction]
        return row * self.shape[1] + column

    def neighborhood(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """For each place the byte of its significant neighbors when a pass comes to it.

        before, after: significance before and after the pass, 0 or 1. Neighbors that come earlier
        in the scan are seen as after the pass: those above, those to the left, of the left column
        not the one in the next stripe, of the right column only the one in the stripe before.
        """
        north_east, south_west = before.copy(), after.copy()
        self.grid(north_east)[:, STRIPE::STRIPE] = self.grid(after)[:, STRIPE::STRIPE]
        self.grid(south_west)[:, 1::STRIPE] = self.grid(before)[:, 1::STRIPE]
        result = np.zeros_like(before)
        inside = result[self.margin : -self.margin]
        for direction in NEIGHBORS:
            offset = self.offset(direction)
            source = after if offset < 0 else before
            source = {NE: north_east, SW: south_west}.get(direction, source)
            start = self.margin + offset
            inside |= source[start : start + len(inside)] * np.uint8(direction)
        return result

    def has_neighbor(self, significant: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Whether each place has a significant neighbor, 0 or 1."""
        found = np.zeros(len(places), np.uint8)
        for direction in NEIGHBORS:
            found |= significant.take(places + self.offset(direction))
        return found

    def touched(self, significant: np.ndarray) -> np.ndarray:
        """1 at every place that has a significant neighbor or is significant itself."""
        width = self.shape[1]
        columns = significant.copy()
        columns[1:] |= significant[:-1]
        columns[:-1] |= significant[1:]
        result = columns.copy()
        result[width:] |= columns[:-width]
        result[:-width] |= columns[width:]
        return result

    def propagate(self, significant: np.ndarray, bits: np.ndarray) -> np.ndarray:
        """The places that the significance propagation pass codes, 1 or 0.

        They are the insignificant ones with a significant neighbor. What becomes significant in the
        pass itself counts for neighbors later in the scan, so the set grows until nothing is new.
        """
        open_ = self.active(self.valid, self._blocks(significant)) & (significant ^ 1)
        coded = self.touched(significant) & open_
        places = np.flatnonzero(coded & bits)
        while len(places):
            row = self.row_of(places)
            later = [places + self.offset(d) for d in NEIGHBORS if self.offset(d) > 0 and d != SW]
            later.append(places[row != 0] + self.offset(NE))
            later.append(places[row == STRIPE - 1] + self.offset(SW))
            targets = np.concatenate(later)
            targets = np.unique(targets[(open_.take(targets) > coded.take(targets))])
            coded[targets] = 1
            places = targets[bits.take(targets) == 1]
        return coded

    def _blocks(self, array: np.ndarray) -> int:
        return (len(array) - 2 * self.margin) // self.block_size
