"""Coding the coefficients of all blocks of a picture, one component after the other.

A component is one coefficient of every block: a small picture of its own. Components come in
decreasing variance, so the large ones announce what follows: where a block and its neighbors had
large coefficients so far, more are to be expected. The sum of these, fading from component to
component, is the *activity*. It sorts the blocks of the next component into eight classes, and each
class gets the table that fits it best; the number of the table is sent.

Component 0, the brightness, comes last: as differences to the block on the left.

Encoder and decoder run the same function (see `lic_course.entropy.tables`), in integers only.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from lic_course.classical.laplace_tables import TABLE_OF_TABLES, best_tables, laplace_tables
from lic_course.entropy.tables import LIMIT, Coder, Decoder, Encoder
from lic_course.errors import BitstreamError

# 32nds of the blocks that lie below the borders of the classes, and the borders of the groups of
# components that are coded together; a small picture can afford fewer of both
SHARES, BORDERS = (8, 14, 19, 23, 27, 30, 31), (1, 2, 3, 5, 7, 10, 14, 19, 26, 36, 48)
SMALL, SHARES_IF_SMALL, BORDERS_IF_SMALL = 1024, (16, 26), (1, 3, 10)  # blocks
LOUDEST = 64  # what a larger coefficient adds to the activity
EARLY = 7  # the activity after so many components is what component 0 and the next plane start from


def encode_planes(planes: Sequence[np.ndarray]) -> bytes:
    """Code planes of quantized coefficients, each (rows, columns, K) integers within +-2**20."""
    coder = Encoder(laplace_tables())
    walk(coder, planes, [plane.shape for plane in planes])
    return coder.finish()


def decode_planes(
    data: bytes, shapes: Sequence[tuple[int, int, int]], bits: np.ndarray | None = None
) -> list[np.ndarray]:
    """The inverse of `encode_planes`; raises BitstreamError.

    bits: an array (rows, columns) to which the cost of each block is added, if wanted.
    """
    classes = len(_shares(shapes[0])) + 1  # each class of a component takes more than a bit
    if 8 * len(data) + 64 < classes * sum(shape[2] for shape in shapes):
        raise BitstreamError("The coefficients are cut short: there are too few data for them.")
    coder = Decoder(laplace_tables(), data)
    planes = walk(coder, [None] * len(shapes), shapes, bits)
    coder.finish()
    return planes


def walk(
    coder: Coder,
    planes: Sequence[np.ndarray | None],
    shapes: Sequence[tuple[int, int, int]],
    bits: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Code all planes, or decode them where they are None: a list of (rows, columns, K) int32.

    All planes have the same rows and columns; the first one's activity predicts that of the others.
    """
    walker = _Walker(coder, np.zeros(shapes[0][:2], np.int32), bits)
    return [walker.plane(plane, shape) for plane, shape in zip(planes, shapes, strict=True)]


class _Walker:
    """Walks from group to group of components and keeps what was learned on the way."""

    def __init__(self, coder: Coder, activity: np.ndarray, bits: np.ndarray | None) -> None:
        self.coder = coder
        self.early = activity
        self.bits = bits
        self.shares = _shares(activity.shape)
        self.tables = np.zeros(len(self.shares) + 1, np.int64)  # of each class, at the end

    def plane(self, q: np.ndarray | None, shape: tuple[int, int, int]) -> np.ndarray:
        """Code one plane (rows, columns, K), or decode it when it is None."""
        result = np.zeros(shape, np.int32)
        activity = self.early
        for group in groups(shape):
            values = self._group(None if q is None else q[..., group], activity, group)
            result[..., group] = values
            activity = fade(activity, values)
            if group.start <= EARLY:
                self.early = activity
        differences = None if q is None else to_differences(q[..., 0])[..., None]
        differences = self._group(differences, self.early, slice(0, 1))
        result[..., 0] = from_differences(differences[..., 0])
        return result

    def _group(self, q: np.ndarray | None, activity: np.ndarray, group: slice) -> np.ndarray:
        """Code some components (rows, columns, k), with tables for each of them and each class."""
        size = group.stop - group.start
        count = len(self.tables)
        classes = sort_into_classes(activity, self.shares)[..., None] + count * np.arange(size)
        values, tables = code_in_classes(self.coder, q, classes, np.tile(self.tables, size))
        self.tables = tables[-count:]
        if self.bits is not None:
            self.bits += self.coder.tables.bits(values, tables[classes]).sum(axis=-1)
        return values


def _shares(shape: tuple[int, ...]) -> tuple[int, ...]:
    return SHARES if shape[0] * shape[1] >= SMALL else SHARES_IF_SMALL


def groups(shape: tuple[int, int, int]) -> list[slice]:
    """The components from 1 to K - 1 in groups that are coded together; few in small pictures."""
    rows, columns, K = shape
    borders = BORDERS if rows * columns >= SMALL else BORDERS_IF_SMALL
    borders = [*(border for border in borders if border < K), K]
    return [slice(start, stop) for start, stop in itertools.pairwise(borders)]


def fade(activity: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The activity of each block after some more components (rows, columns, k)."""
    for k in range(values.shape[-1]):
        loudness = np.minimum(np.abs(values[..., k]), LOUDEST)
        activity = activity - (activity >> 3) + 16 * loudness
    return activity


def code_in_classes(
    coder: Coder, values: np.ndarray | None, classes: np.ndarray, tables: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Code integers of any shape, each class with the table that is best for it.

    values: None to decode; classes: of the same shape; tables: the guess for each class. What is
    sent first is by how much the numbers of the tables differ from it. Returns values and tables.
    """
    change = None if values is None else best_tables(values, classes, tables) - tables
    tables = tables + coder.code(change, np.full(len(tables), TABLE_OF_TABLES))
    if tables.min() < 0 or tables.max() >= len(coder.tables):
        raise BitstreamError("The coefficients are damaged: there is no such table.")
    return coder.code(values, tables[classes]), tables


def sort_into_classes(activity: np.ndarray, shares: Sequence[int]) -> np.ndarray:
    """The class of each block, from 0 (calm), by the activity of itself and of its neighbors."""
    padded = np.pad(activity, 1, mode="edge")
    neighbors = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    total = 4 * activity + neighbors
    ranked = np.sort(total, axis=None)
    borders = ranked[[share * len(ranked) // 32 for share in shares]]
    return np.searchsorted(borders, total, side="left")


def to_differences(plane: np.ndarray) -> np.ndarray:
    """Each entry minus the one on its left; in the first column, minus the one above."""
    result = np.diff(plane, axis=1, prepend=0)
    result[1:, 0] = np.diff(plane[:, 0])
    return result


def from_differences(differences: np.ndarray) -> np.ndarray:
    """The inverse of `to_differences`; raises BitstreamError when the sums leave +-2**21."""
    plane = differences.astype(np.int64)
    plane[:, 0] = np.cumsum(plane[:, 0])
    plane = np.cumsum(plane, axis=1)
    if np.abs(plane).max() > LIMIT:
        raise BitstreamError("The coefficients are damaged: a block is far too bright or dark.")
    return plane.astype(np.int32)
