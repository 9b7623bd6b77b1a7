"""In which order the elements of a latent are coded: schedules as data.

A latent is (M, h, w). A schedule is a list of steps; a step holds three index arrays c, i, j that
broadcast together, so that `latent[c, i, j]` are the elements coded in it. All elements of a step
are independent of each other, given those of earlier steps: a decoder does them at once. The steps
of a schedule take each element exactly once.

Most steps are grids, of shape (channels, positions); where several groups of channels take turns
within a step, its elements are in a row.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Step:
    """Elements of a latent that are coded together: index arrays that broadcast."""

    c: np.ndarray
    i: np.ndarray
    j: np.ndarray

    @property
    def index(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For indexing a latent: `latent[step.index]`."""
        return self.c, self.i, self.j

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the elements."""
        return np.broadcast_shapes(self.c.shape, self.i.shape, self.j.shape)


def _positions(channels: np.ndarray, i: np.ndarray, j: np.ndarray) -> Step:
    """All `channels` at the positions (i, j): elements (channels, positions)."""
    return Step(channels[:, None], i[None, :], j[None, :])


def _by_time(time: np.ndarray, channels: np.ndarray) -> list[Step]:
    """Steps for positions with a time each, (h, w) integers, in the order of the times."""
    order = np.argsort(time, axis=None, kind="stable")
    i, j = np.unravel_index(order, time.shape)
    cuts = np.flatnonzero(np.diff(time.ravel()[order])) + 1
    parts = zip(np.split(i, cuts), np.split(j, cuts), strict=True)
    return [_positions(channels, rows, columns) for rows, columns in parts]


def _by_element(time: np.ndarray) -> list[Step]:
    """Steps of elements with a time each, (M, h, w) integers."""
    order = np.argsort(time, axis=None, kind="stable")
    cuts = np.flatnonzero(np.diff(time.ravel()[order])) + 1
    parts = zip(*(np.split(a, cuts) for a in np.unravel_index(order, time.shape)), strict=True)
    return [Step(*arrays) for arrays in parts]


def _in_turn(time: np.ndarray, M: int, groups: tuple[int, ...]) -> list[Step]:
    """The steps of `_by_time` for each group of channels, one after the other."""
    return [step for channels in split(M, groups or (M,)) for step in _by_time(time, channels)]


def _group_of(M: int, groups: tuple[int, ...]) -> np.ndarray:
    """The number of the group of each channel, (M, 1, 1)."""
    return np.repeat(np.arange(len(groups)), [len(c) for c in split(M, groups)])[:, None, None]


def raster(M: int, h: int, w: int) -> list[Step]:
    """One position after the other, line by line: h w steps."""
    return _by_time(np.arange(h * w).reshape(h, w), np.arange(M))


def wavefront(M: int, h: int, w: int, kernel: int = 5) -> list[Step]:
    """All positions with the same t = s i + j at once, s = (kernel + 1) / 2: s (h - 1) + w steps.

    A mask of kernel x kernel, causal in raster order, reaches r = (kernel - 1) / 2 columns to the
    right in the lines above: the position (i - a, j + b) has t smaller by s a - b > 0 for a >= 1
    and b <= r when s = r + 1. So it is coded before, and the codes are those of the raster order.
    """
    i, j = np.indices((h, w))
    return _by_time((kernel // 2 + 1) * i + j, np.arange(M))


def checkerboard(M: int, h: int, w: int) -> list[Step]:
    """The positions with i + j even, then the others: 2 steps (1 for a single position)."""
    i, j = np.indices((h, w))
    return _by_time((i + j) % 2, np.arange(M))


def everything(M: int, h: int, w: int) -> list[Step]:
    """All at once: one step."""
    return _by_time(np.zeros((h, w), int), np.arange(M))


def slices(M: int, h: int, w: int, groups: tuple[int, ...]) -> list[Step]:
    """Groups of channels, one after the other, everywhere at once: as many steps as groups."""
    return _in_turn(np.zeros((h, w), int), M, groups)


def slices_and_checkerboard(M: int, h: int, w: int, groups: tuple[int, ...]) -> list[Step]:
    """Each group of channels in the two steps of a checkerboard: 2 len(groups) steps."""
    i, j = np.indices((h, w))
    return _in_turn((i + j) % 2, M, groups)


def diagonals(M: int, h: int, w: int, groups: tuple[int, ...] = ()) -> list[Step]:
    """All elements with the same g + i + j at once, g the number of the group of channels.

    That makes G + h + w - 2 steps for G groups; without `groups`, each channel is one (Li et al.,
    CCN [36]).
    """
    return _by_element(_group_of(M, groups or (1,) * M) + np.add(*np.indices((h, w))))


def staggered(M: int, h: int, w: int, groups: tuple[int, ...], kernel: int = 5) -> list[Step]:
    """A wavefront for each group of channels, each close behind the one before.

    A group that sees a whole window of an earlier group needs the position (i + r, j + r) of it,
    whose turn is s r + r after that of (i, j): a delay of s r + r + 1 steps is enough, 9 for a 5x5
    window. So G groups take s (h - 1) + w + 9 (G - 1) steps, nearly as few as one.
    """
    r = kernel // 2
    s = r + 1
    i, j = np.indices((h, w))
    return _by_element((s * r + r + 1) * _group_of(M, groups) + s * i + j)


def blocks(M: int, h: int, w: int, size: int, groups: tuple[int, ...] = ()) -> list[Step]:
    """Blocks of size x size positions, those of an anti-diagonal of blocks at once.

    That makes ceil(h / size) + ceil(w / size) - 1 steps, for each group of channels.
    """
    i, j = np.indices((h, w))
    return _in_turn(i // size + j // size, M, groups)


def tiles(M: int, h: int, w: int, size: int, groups: tuple[int, ...] = ()) -> list[Step]:
    """A wavefront within each tile of size x size positions, all tiles at once.

    With s = 3 for a 5x5 mask that makes 3 (size - 1) + size steps for each group of channels,
    however large the latent is.
    """
    i, j = np.indices((h, w))
    return _in_turn(3 * (i % size) + j % size, M, groups)


def split(M: int, groups: tuple[int, ...]) -> list[np.ndarray]:
    """The channels of each group; the sizes of the groups must sum to M."""
    if sum(groups) != M or min(groups) < 1:
        raise ValueError(f"groups of {groups} channels do not make {M}")
    return np.split(np.arange(M), np.cumsum(groups)[:-1])


def times(schedule: list[Step], shape: tuple[int, int, int]) -> np.ndarray:
    """At which step each element is coded: (M, h, w) integers, -1 for those that never are."""
    time = np.full(shape, -1)
    for number, step in enumerate(schedule):
        time[step.index] = number
    return time
