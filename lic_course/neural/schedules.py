"""In which order the elements of a latent are coded: schedules as data.

A latent is (M, h, w). A schedule is a list of steps; a step holds three index arrays c, i, j that
broadcast together, so that `latent[c, i, j]` are the elements coded in it. All elements of a step
are independent of each other, given those of earlier steps: a decoder does them at once. The steps
of a schedule take each element exactly once.
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
    return [_everywhere(channels, h, w) for channels in split(M, groups)]


def slices_and_checkerboard(M: int, h: int, w: int, groups: tuple[int, ...]) -> list[Step]:
    """Each group of channels in the two steps of a checkerboard: 2 len(groups) steps."""
    i, j = np.indices((h, w))
    time = (i + j) % 2
    return [step for channels in split(M, groups) for step in _by_time(time, channels)]


def diagonals(M: int, h: int, w: int) -> list[Step]:
    """All elements with the same c + i + j at once: M + h + w - 2 steps (Li et al. [36])."""
    c, i, j = (a.ravel() for a in np.indices((M, h, w)))
    order = np.argsort(c + i + j, kind="stable")
    cuts = np.flatnonzero(np.diff((c + i + j)[order])) + 1
    parts = (np.split(a[order], cuts) for a in (c, i, j))
    return [Step(*arrays) for arrays in zip(*parts, strict=True)]


def blocks(M: int, h: int, w: int, size: int) -> list[Step]:
    """Blocks of size x size positions, those of an anti-diagonal of blocks at once."""
    i, j = np.indices((h, w))
    return _by_time(i // size + j // size, np.arange(M))


def split(M: int, groups: tuple[int, ...]) -> list[np.ndarray]:
    """The channels of each group; the sizes of the groups must sum to M."""
    if sum(groups) != M or min(groups) < 1:
        raise ValueError(f"groups of {groups} channels do not make {M}")
    return np.split(np.arange(M), np.cumsum(groups)[:-1])


def _everywhere(channels: np.ndarray, h: int, w: int) -> Step:
    i, j = (a.ravel() for a in np.indices((h, w)))
    return _positions(channels, i, j)


def times(schedule: list[Step], shape: tuple[int, int, int]) -> np.ndarray:
    """At which step each element is coded: (M, h, w) integers, -1 for those that never are."""
    time = np.full(shape, -1)
    for number, step in enumerate(schedule):
        time[step.index] = number
    return time
