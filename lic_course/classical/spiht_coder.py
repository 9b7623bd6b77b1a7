"""SPIHT: a wavelet picture bit-plane by bit-plane, so that any prefix of the bits is a picture.

Where a coefficient is small, those at the same place in the finer bands are usually small too. So
one bit can say that a whole tree is insignificant. Three lists steer the coder and never travel:

    LIP  insignificant pixels: single coefficients that are still below the threshold
    LIS  insignificant sets: type A, all descendants of a node; type B, all but its children
    LSP  significant pixels

The walk over the lists is one function for both directions. It is vectorized: the sets that are
appended during a pass form the next generation, and the order is that of the paper.
Source: Said and Pearlman, "A new, fast, and efficient image codec based on set partitioning in
hierarchical trees", IEEE Transactions on Circuits and Systems for Video Technology 1996.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Trees:
    """The trees over coefficients (C, H, W) in Mallat's layout; a node is an index into the flat.

    H and W must be multiples of 2 ** (levels + 1), unless levels is 0. The children of the node
    (r, c) are (2r, 2c), (2r, 2c + 1), (2r + 1, 2c), (2r + 1, 2c + 1). In the coarsest band, LL,
    nodes stand in groups of 2 x 2: the first has no children, the others own the group's place in
    HL, LH and HH. Their children have the parents (r, c) in the other three quarters of LL by the
    rule above, so these serve as their sets' names.
    """

    shape: tuple[int, int, int]
    levels: int

    @property
    def offsets(self) -> np.ndarray:
        """From the first child to each of the four."""
        return np.array([0, 1, self.shape[2], self.shape[2] + 1])

    def children(self, nodes: np.ndarray) -> np.ndarray:
        """The four children of each node, (n, 4)."""
        first = nodes + nodes % (self.shape[1] * self.shape[2])
        return first[:, None] + self.offsets

    def have_grandchildren(self, nodes: np.ndarray) -> np.ndarray:
        """For each node that has children, if these have children too: (n,) bool."""
        _, height, width = self.shape
        rows, columns = np.divmod(nodes % (height * width), width)
        return (4 * rows < height) & (4 * columns < width)

    def roots(self) -> np.ndarray:
        """All nodes of LL, row by row: the first LIP."""
        count, height, width = self.shape
        nodes = np.arange(count * height * width).reshape(self.shape)
        return nodes[:, : height >> self.levels, : width >> self.levels].ravel()

    def root_sets(self) -> np.ndarray:
        """The sets of LL, in the order of the nodes that own them: the first LIS."""
        if self.levels == 0:
            return np.zeros(0, np.int64)
        count, height, width = self.shape
        rows, columns = height >> self.levels, width >> self.levels
        c, i, j = np.ogrid[:count, :rows, :columns]
        names = c * height * width + (i // 2 + i % 2 * (rows // 2)) * width
        names = names + j // 2 + j % 2 * (columns // 2)
        return names[(i % 2 + j % 2 + 0 * c) > 0]

    def below(self, planes: np.ndarray) -> np.ndarray:
        """The largest of `planes` (C, H, W) among all descendants of each node, same shape."""
        out = np.zeros_like(planes)
        height, width = planes.shape[1:]
        for _ in range(self.levels):
            part = np.maximum(planes, out)[:, :height, :width]
            pairs = np.maximum(part[:, 0::2], part[:, 1::2])
            height, width = height // 2, width // 2
            out[:, :height, :width] = np.maximum(pairs[:, :, 0::2], pairs[:, :, 1::2])
        return out

    def below_children(self, below: np.ndarray) -> np.ndarray:
        """The same among all descendants but the children, from the result of `below`."""
        out = np.zeros_like(below)
        if self.levels == 0:
            return out
        pairs = np.maximum(below[:, 0::2], below[:, 1::2])
        quads = np.maximum(pairs[:, :, 0::2], pairs[:, :, 1::2])
        out[:, : quads.shape[1], : quads.shape[2]] = quads
        return out


class Bits(Protocol):
    """What the walk asks of an encoder, which knows the answers, and of a decoder, which reads."""

    exhausted: bool  # the bits have come to their end: stop

    def pixels(self, nodes: np.ndarray, plane: int) -> np.ndarray:
        """Code which nodes become significant at a bit-plane, with their signs: (n,) bool."""

    def sets(
        self, nodes: np.ndarray, is_b: np.ndarray, plane: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Code which sets become significant, (n,) bool; and children of those of type A, (m, 4).

        is_b: (n,) bool, the type of each set.
        """

    def refine(self, nodes: np.ndarray, plane: int) -> None:
        """Code one more bit of each significant node."""


def walk(trees: Trees, bits: Bits, top: int, last: int) -> None:
    """The passes of the bit-planes `top` down to `last`, for an encoder or a decoder."""
    lip, lis = trees.roots(), trees.root_sets()
    is_b, lsp = np.zeros(len(lis), bool), np.zeros(0, np.int64)
    for plane in range(top, last - 1, -1):
        significant = bits.pixels(lip, plane)
        found, small = [lip[significant]], [lip[~significant]]
        kept = []
        while len(lis) and not bits.exhausted:  # one generation of sets
            split, of_children = bits.sets(lis, is_b, plane)
            children = trees.children(lis[split & ~is_b])
            found.append(children[of_children])
            small.append(children[~of_children])
            kept.append((lis[~split], is_b[~split]))
            lis, is_b = next_generation(trees, lis[split], is_b[split])
        if not bits.exhausted:
            bits.refine(lsp, plane)
        if bits.exhausted:
            return
        lip, lsp = np.concatenate(small), np.concatenate([lsp, *found])
        if kept:
            lis, is_b = (np.concatenate(part) for part in zip(*kept, strict=True))


def next_generation(
    trees: Trees, nodes: np.ndarray, is_b: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What significant sets leave behind: a set of type A the one of type B, B its children's A."""
    members = trees.children(nodes)
    members[~is_b, 0] = nodes[~is_b]
    stays = np.repeat(is_b[:, None], 4, axis=1)
    stays[:, 0] |= trees.have_grandchildren(nodes)
    kinds = np.repeat(~is_b[:, None], 4, axis=1)
    return members[stays], kinds[stays]


@dataclass(frozen=True)
class Pass:
    """A pass in the stream of bits: its bit-plane, "sorting" or "refinement", and where it ends."""

    plane: int
    kind: str
    end: int


class SpihtEncoder:
    """Answers the walk from the coefficients and collects the answers as bits.

    coefficients: integers (C, H, W), whose sizes obey `Trees`.
    """

    exhausted = False

    def __init__(self, coefficients: np.ndarray, levels: int) -> None:
        self.trees = Trees(coefficients.shape, levels)
        self._magnitudes = np.abs(coefficients).ravel()
        self._negative = (coefficients < 0).ravel()
        length = np.frexp(self._magnitudes.astype(np.float64))[1].astype(np.uint8)
        below = self.trees.below(length.reshape(coefficients.shape))
        self.planes = int(length.max())  # bit-planes that are not all zeros
        self._length, self._below = length, below.ravel()
        self._below_children = self.trees.below_children(below).ravel()
        self._bits: list[np.ndarray] = []
        self.passes: list[Pass] = []
        self._count = 0

    def run(self, last: int = 0) -> np.ndarray:
        """All bits down to the bit-plane `last`, (n,) uint8 of 0 and 1."""
        walk(self.trees, self, self.planes - 1, last)
        return np.concatenate([np.zeros(0, np.uint8), *self._bits])

    def pixels(self, nodes: np.ndarray, plane: int) -> np.ndarray:
        """Write a bit for each node, and a sign after each one."""
        significant = self._length[nodes] > plane
        bits = np.stack([significant, self._negative[nodes]], axis=1)
        self._put(bits[np.stack([np.ones_like(significant), significant], axis=1)])
        self._mark(plane, "sorting")
        return significant

    def sets(
        self, nodes: np.ndarray, is_b: np.ndarray, plane: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Write a bit for each set; after a one of type A, its four children with their signs."""
        split = np.where(is_b, self._below_children[nodes], self._below[nodes]) > plane
        opened = split & ~is_b
        children = self.trees.children(nodes[opened])
        significant = self._length[children] > plane
        bits = np.zeros((len(nodes), 9), bool)  # the set, then each child and its sign
        sent = np.zeros_like(bits)
        bits[:, 0], sent[:, 0] = split, True
        bits[opened, 1::2], bits[opened, 2::2] = significant, self._negative[children]
        sent[opened, 1::2], sent[opened, 2::2] = True, significant
        self._put(bits[sent])
        self._mark(plane, "sorting")
        return split, significant

    def refine(self, nodes: np.ndarray, plane: int) -> None:
        """Write the bit of this bit-plane of each node."""
        self._put((self._magnitudes[nodes] >> plane) & 1)
        self._mark(plane, "refinement")

    def _put(self, bits: np.ndarray) -> None:
        self._bits.append(bits.astype(np.uint8))
        self._count += len(bits)

    def _mark(self, plane: int, kind: str) -> None:
        if self.passes and (self.passes[-1].plane, self.passes[-1].kind) == (plane, kind):
            self.passes.pop()
        self.passes.append(Pass(plane, kind, self._count))


class SpihtDecoder:
    """Answers the walk from a prefix of the bits and builds the coefficients."""

    def __init__(self, bits: np.ndarray, shape: tuple[int, int, int], levels: int) -> None:
        self.trees = Trees(shape, levels)
        self._end, self._at = len(bits), 0
        self._bits = np.concatenate([bits, np.zeros(16, np.uint8)]).astype(np.uint8)
        self._text = self._bits.tobytes()
        size = shape[0] * shape[1] * shape[2]
        self._magnitudes = np.zeros(size, np.int32)
        self._negative = np.zeros(size, bool)
        self._known = np.zeros(size, np.uint8)  # the last bit-plane that arrived

    @property
    def exhausted(self) -> bool:
        """True when all bits have been read."""
        return self._at >= self._end

    def run(self, planes: int) -> np.ndarray:
        """The coefficients (C, H, W), float64: each in the middle of what it can be, or zero."""
        if not self.exhausted:
            walk(self.trees, self, planes - 1, 0)
        values = self._magnitudes + 0.5 * (1 << self._known.astype(np.int32))
        values[self._magnitudes == 0] = 0
        return np.where(self._negative, -values, values).reshape(self.trees.shape)

    def pixels(self, nodes: np.ndarray, plane: int) -> np.ndarray:
        """Read a bit for each node, and a sign after each one."""
        window = self._bits[self._at : min(self._at + 2 * len(nodes), self._end)]
        starts = np.flatnonzero(codeword_starts(window))[: len(nodes)]
        significant = np.zeros(len(nodes), bool)
        significant[: len(starts)] = self._take(nodes[: len(starts)], self._at + starts, plane)
        if len(starts) < len(nodes):
            self._at = self._end
        elif len(starts):
            self._at += int(starts[-1]) + 1 + int(window[starts[-1]])
        return significant

    def sets(
        self, nodes: np.ndarray, is_b: np.ndarray, plane: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Read a bit for each set; after a one of type A, its four children with their signs."""
        hits, positions = self._find_ones(is_b)
        split = np.zeros(len(nodes), bool)
        split[hits] = True
        places = positions[~is_b[hits]] + 1
        children = self.trees.children(nodes[split & ~is_b])
        significant = np.zeros(children.shape, bool)
        for child in range(4):
            places = np.minimum(places, self._end)  # behind the end: zeros
            significant[:, child] = self._take(children[:, child], places, plane)
            places = places + 1 + self._bits[places]
        return split, significant

    def _find_ones(self, is_b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which sets of a generation are significant, and where their bits are."""
        text, kinds, count = self._text, is_b.tobytes(), len(is_b)
        hits, positions = [], []
        at, done = self._at, 0
        while at < self._end:
            one = text.find(1, at, at + count - done)
            if one < 0:
                at += count - done
                break
            done += one - at
            hits.append(done)
            positions.append(one)
            at = one + 1
            if not kinds[done]:
                for _ in range(4):  # its children: one bit, or two with a sign
                    at += 1 + text[at]
            done += 1
        self._at = at
        return np.array(hits, np.int64), np.array(positions, np.int64)

    def refine(self, nodes: np.ndarray, plane: int) -> None:
        """Read the bit of this bit-plane of each node, as far as there are bits."""
        bits = self._bits[self._at : min(self._at + len(nodes), self._end)]
        refined = nodes[: len(bits)]
        self._magnitudes[refined] |= bits.astype(np.int32) << plane
        self._known[refined] = plane
        self._at += len(nodes)

    def _take(self, nodes: np.ndarray, places: np.ndarray, plane: int) -> np.ndarray:
        """Which nodes have a one at their places; the next bit is the sign, and must be there."""
        significant = (self._bits[places] == 1) & (places + 1 < self._end)
        new = nodes[significant]
        self._magnitudes[new] = 1 << plane
        self._known[new] = plane
        self._negative[new] = self._bits[places[significant] + 1] == 1
        return significant


def codeword_starts(bits: np.ndarray) -> np.ndarray:
    """Where codewords begin in a row of the codewords 0, 10 and 11: (n,) bool.

    A bit is a sign, not a beginning, exactly when an odd number of ones stands right before it.
    """
    index = np.arange(len(bits), dtype=np.int32)
    last_zero = np.maximum.accumulate(np.where(bits == 0, index, -1))
    ones_before = np.zeros(len(bits), np.int32)
    ones_before[1:] = index[:-1] - last_zero[:-1]
    return ones_before % 2 == 0
