"""What a context sees of its own group of channels: one class per kind, for floats and integers.

The channels of a latent are coded in groups. A kind of neighborhood tells three things that have to
agree, and that are therefore written side by side:

    layer(width)          the convolution that is trained
    patches(seen, i, j)   the same inputs gathered at some positions, as a decoder needs them
    matrix(layer)         the weights of that convolution as one matrix for such patches

and `KINDS[name].schedule(M, h, w, groups)` is a schedule under which every input is known in time.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from lic_course.neural import schedules
from lic_course.neural.causal_layers import (
    MaskedConv,
    StripConv,
    TiledConv,
    WhiteConv,
    checkerboard_mask,
    diagonal_mask,
    raster_mask,
)
from lic_course.neural.schedules import Step

WINDOW = [(di, dj) for di in range(-2, 3) for dj in range(-2, 3)]  # 5x5, in raster order


@dataclass(frozen=True)
class Neighborhood:
    """Nothing of the own group; and the base of all others.

    groups: sizes of the groups of channels; number: which of them. seen: what is decoded of the
    latent, (h + 4, w + 4, M) integers with a margin of two zeros, a unit being 1 / `one`.
    """

    groups: tuple[int, ...]
    number: int

    @property
    def channels(self) -> slice:
        """The channels of the group."""
        return slice(sum(self.groups[: self.number]), sum(self.groups[: self.number + 1]))

    @property
    def size(self) -> int:
        """How many channels the group has."""
        return self.groups[self.number]

    @property
    def earlier(self) -> int:
        """How many channels of earlier groups are seen in a whole 5x5 window."""
        return self.channels.start

    def layer(self, width: int) -> nn.Conv2d | None:
        """The convolution on what is seen of the latent; None where nothing is."""
        return None

    def visible(self, y: Tensor) -> Tensor:
        """The channels of y, (B, M, h, w), that go into the layer."""
        return y[:, self.channels]

    def units(self, unit: Tensor) -> Tensor:
        """From what 1 means in each channel of the latent, (M,), to each input of the layer."""
        return self.visible(unit[None])[0]

    def patches(self, seen: np.ndarray, i: np.ndarray, j: np.ndarray, one: int) -> np.ndarray:
        """The inputs of the layer at positions i, j, (K,) each: (K, inputs) integers."""
        raise NotImplementedError

    def matrix(self, layer: nn.Conv2d) -> Tensor:
        """The weights of the layer for `patches`, biases included: (width, inputs)."""
        raise NotImplementedError


class Raster(Neighborhood):
    """The positions before in a 5x5 window: Minnen, Ballé and Toderici, 2018 [92]."""

    def mask(self) -> Tensor:
        """Of the convolution, (5, 5), or (M, 5, 5)."""
        return raster_mask()

    def layer(self, width: int) -> nn.Conv2d:
        """See Neighborhood."""
        return MaskedConv(self.size, width, self.mask())

    def taps(self) -> list[tuple[int, int, slice]]:
        """Rows and columns to the side, and the channels that are seen there."""
        mask = self.mask()
        return [(di, dj, self.channels) for di, dj in WINDOW if mask[di + 2, dj + 2]]

    def counts(self, i: np.ndarray, j: np.ndarray, di: int, dj: int) -> np.ndarray | None:
        """Whether the positions (i, j) look at (i + di, j + dj), (K,); None where all do."""
        return None

    def patches(self, seen: np.ndarray, i: np.ndarray, j: np.ndarray, one: int) -> np.ndarray:
        """See Neighborhood."""
        parts = []
        for di, dj, channels in [*self.taps(), (0, 0, None)]:
            if channels is None:  # the bias
                near = np.full((len(i), 1), float(one))
            else:
                near = seen[i + 2 + di, j + 2 + dj, channels]
            counts = self.counts(i, j, di, dj)
            parts.append(near if counts is None else near * counts[:, None])
        return np.concatenate(parts, axis=1)

    def matrix(self, layer: nn.Conv2d) -> Tensor:
        """See Neighborhood."""
        columns = [
            layer.weight[:, : channels.stop - channels.start, di + 2, dj + 2]
            for di, dj, channels in self.taps()
        ]
        return torch.cat([*columns, layer.bias[:, None]], dim=1)


class Checkerboard(Raster):
    """Nothing for black fields (i + j even), 12 black neighbors for white ones: He et al., 2021."""

    def mask(self) -> Tensor:
        """See Raster."""
        return checkerboard_mask()

    def layer(self, width: int) -> nn.Conv2d:
        """See Neighborhood."""
        return WhiteConv(self.size, width, self.mask())

    def counts(self, i: np.ndarray, j: np.ndarray, di: int, dj: int) -> np.ndarray:
        """See Raster."""
        return (i + j) % 2


class Diagonal(Raster):
    """All elements of a 5x5 window with a smaller g + i + j, of whichever group: CCN [36]."""

    earlier = 0  # earlier groups are among the taps

    def mask(self) -> Tensor:
        """See Raster."""
        return diagonal_mask(self.groups, self.number)

    def layer(self, width: int) -> nn.Conv2d:
        """See Neighborhood."""
        return MaskedConv(sum(self.groups), width, self.mask())

    def visible(self, y: Tensor) -> Tensor:
        """See Neighborhood."""
        return y

    def taps(self) -> list[tuple[int, int, slice]]:
        """See Raster."""
        known = self.mask().sum(dim=0).int()  # how many channels, from the first on
        near = [(di, dj, slice(0, int(known[di + 2, dj + 2]))) for di, dj in WINDOW]
        return [tap for tap in near if tap[2].stop]


@dataclass(frozen=True)
class Tiles(Raster):
    """As Raster, within a tile of side x side positions: tiles know nothing of each other."""

    side: int

    def layer(self, width: int) -> nn.Conv2d:
        """See Neighborhood."""
        return TiledConv(self.size, width, self.mask(), self.side)

    def counts(self, i: np.ndarray, j: np.ndarray, di: int, dj: int) -> np.ndarray:
        """See Raster."""
        n = self.side
        return ((i + di) // n == i // n) & ((j + dj) // n == j // n)


@dataclass(frozen=True)
class Blocks(Neighborhood):
    """Strips along the block of side x side positions: in the spirit of Wu et al., 2021 [106]."""

    side: int

    def layer(self, width: int) -> nn.Conv2d:
        """See Neighborhood."""
        return StripConv(self.size, width, self.side)

    def units(self, unit: Tensor) -> Tensor:
        """See Neighborhood."""
        own = unit[self.channels].repeat(2 * self.side + 3)
        return torch.cat([own, torch.ones(self.side**2)])

    def patches(self, seen: np.ndarray, i: np.ndarray, j: np.ndarray, one: int) -> np.ndarray:
        """See Neighborhood."""
        own, n, k = seen[:, :, self.channels], self.side, np.arange(len(i))
        top, left = i // n * n, j // n * n
        slots = np.zeros((2, len(i), n, self.size))
        slots[0, k, j - left] = own[i + 2, left + 1]
        slots[1, k, i - top] = own[top + 1, j + 2]
        last = seen.shape[0] - 2, seen.shape[1] - 2  # of the zeros below and to the right
        rows = np.minimum(top[:, None] + 2 + np.arange(n), last[0])
        columns = np.minimum(left[:, None] + 2 + np.arange(n), last[1])
        sums = own[rows, left[:, None] + 1].sum(1), own[top[:, None] + 1, columns].sum(1)
        where = np.zeros((len(i), n * n))
        where[k, (i - top) * n + j - left] = one
        beside, above = slots.reshape(2, len(i), -1)
        means = [np.floor((a + n // 2) / n) for a in sums]
        bias = np.full((len(i), 1), float(one))
        return np.concatenate([beside, above, own[top + 1, left + 1], *means, where, bias], axis=1)

    def matrix(self, layer: nn.Conv2d) -> Tensor:
        """See Neighborhood."""
        return torch.cat([layer.weight[:, :, 0, 0], layer.bias[:, None]], dim=1)


@dataclass(frozen=True)
class Kind:
    """A kind of neighborhood: what groups see, and a schedule that fits."""

    of_group: Callable[[tuple[int, ...], int], Neighborhood]
    schedule: Callable[[int, int, int, tuple[int, ...]], list[Step]]

    def neighborhoods(self, groups: tuple[int, ...]) -> list[Neighborhood]:
        """One for each group of channels."""
        return [self.of_group(groups, number) for number in range(len(groups))]


def _wavefronts(M: int, h: int, w: int, groups: tuple[int, ...]) -> list[Step]:
    """One wavefront, or one for each group of channels."""
    if len(groups) == 1:
        return schedules.wavefront(M, h, w)
    return schedules.staggered(M, h, w, groups)


def _tiles(side: int) -> Kind:
    return Kind(
        lambda groups, number: Tiles(groups, number, side),
        lambda M, h, w, groups: schedules.tiles(M, h, w, side, groups),
    )


def _blocks(side: int) -> Kind:
    return Kind(
        lambda groups, number: Blocks(groups, number, side),
        lambda M, h, w, groups: schedules.blocks(M, h, w, side, groups),
    )


KINDS = {  # files of weights store the number of a kind: add new ones at the end
    "raster": Kind(Raster, _wavefronts),
    "checkerboard": Kind(Checkerboard, schedules.slices_and_checkerboard),
    "none": Kind(Neighborhood, schedules.slices),
    "diagonal": Kind(Diagonal, schedules.diagonals),
    "tiles-4": _tiles(4),
    "tiles-8": _tiles(8),
    "blocks-2": _blocks(2),
    "blocks-4": _blocks(4),
    "blocks-8": _blocks(8),
}
