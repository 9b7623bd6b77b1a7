"""Context models, as they are trained: what is already decoded helps to predict what comes next.

All of them refine a mean-scale hyperprior. It gives each element of y a mean mu_z and a scale from
z alone, and y is rounded around mu_z, so that an encoder knows all of y_hat at once. The context
then moves the Gaussian that y_hat is coded with; it starts by moving nothing.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from lic_course.neural import schedules
from lic_course.neural.gates import Setting
from lic_course.neural.layers import lower_bound
from lic_course.neural.neighborhoods import KINDS, Neighborhood
from lic_course.neural.priors import (
    INDEX_UNIT,
    LEVEL_MAX,
    SCALES,
    MeanScaleHyperprior,
    Rated,
    bits_of,
    gaussian_likelihood,
    index_shift,
    scale_of,
)
from lic_course.neural.quantizers import Quantizer

SEEN_MAX = 127.0  # the context sees y_hat clipped to this range


class ContextModel(MeanScaleHyperprior):
    """A hyperprior refined by what is decoded: earlier groups of channels, and neighbors.

    groups: sizes of the groups of channels, coded one after the other; each sees all earlier groups
    in a 5x5 window (Minnen and Singh, 2020; uneven groups: He et al., 2022; two halves: Guo et al.,
    2021). kind, what an element sees of its own group, one of neighborhoods.KINDS: "raster", the 12
    positions before in a 5x5 window (Minnen, Ballé and Toderici, 2018); "checkerboard", nothing for
    black fields and 12 black neighbors for white ones (He et al., 2021); "none"; "diagonal", what
    of any group has a smaller g + i + j (Li et al., 2020); "tiles-8", as raster within tiles;
    "blocks-4", strips along blocks (Wu et al., 2021). width: channels of the convolutions on what
    is seen; hidden: widths of the 1x1 layers after them.
    """

    def __init__(
        self,
        N: int,
        M: int,
        kind: str = "raster",
        groups: tuple[int, ...] = (),
        width: int = 128,
        hidden: tuple[int, ...] = (192,),
    ) -> None:
        super().__init__(N, M)
        self.kind, self.groups = kind, tuple(groups) or (M,)
        self.parts = context_parts(N, M, kind, groups, width, hidden)

    def features(self, z_hat: Tensor, setting: Setting) -> tuple[Tensor, Tensor, Tensor]:
        """From z_hat: features (B, N, h, w), means, and indexes of scales, (B, M, h, w) each."""
        plane = (LEVEL_MAX * setting.level).view(-1, 1, 1, 1).expand_as(z_hat[:, :1])
        trunk = self.h_s[:-1](torch.cat([z_hat, plane], dim=1))
        mu, index = self.h_s[-1](trunk).float().chunk(2, dim=1)
        return trunk, mu, INDEX_UNIT * index + index_shift(setting.gain)

    def refined(self, y_hat: Tensor, trunk: Tensor) -> tuple[Tensor, Tensor]:
        """How the context moves means and indexes, (B, M, h, w) each, float32."""
        return refined(self.parts, y_hat, trunk)

    def forward(self, y: Tensor, quantizer: Quantizer, setting: Setting) -> Rated:
        """Rate latents y, (B, M, h, w), with h and w multiples of 4."""
        z = self.hyper_latent(y)
        z_rate, z_hat = quantizer(z)
        trunk, mu_z, index_z = self.features(z_hat, setting)
        y_rate, y_hat = quantizer(y, mu_z)
        mean, index = self.refined(y_hat, trunk)
        sigma = scale_of(lower_bound(index_z + index, 0.0).clamp(max=SCALES - 1))
        bits_y = bits_of(gaussian_likelihood(y_rate.float() - mu_z - mean, sigma))
        return Rated(y_hat, {"y": bits_y, "z": bits_of(self.z_prior.likelihood(z_rate.float()))})


def context_parts(
    N: int,
    M: int,
    kind: str = "raster",
    groups: tuple[int, ...] = (),
    width: int = 128,
    hidden: tuple[int, ...] = (192,),
) -> nn.ModuleList:
    """One part for each group of channels; arguments as of ContextModel."""
    groups = tuple(groups) or (M,)
    schedules.split(M, groups)  # says so when they do not make M
    near = KINDS[kind].neighborhoods(groups)
    return nn.ModuleList(GroupContext(N, neighborhood, width, hidden) for neighborhood in near)


def refined(parts: nn.ModuleList, y_hat: Tensor, trunk: Tensor) -> tuple[Tensor, Tensor]:
    """How `parts` move means and indexes, (B, M, h, w) each, float32.

    y_hat: (B, M, h, w); trunk: (B, N, h, w), the features that the hyperprior predicts from.
    """
    seen = y_hat.clamp(-SEEN_MAX, SEEN_MAX)
    moved = [part(seen, trunk).float().chunk(2, dim=1) for part in parts]
    means, indexes = (torch.cat(both, dim=1) for both in zip(*moved, strict=True))
    return means, INDEX_UNIT * indexes


class GroupContext(nn.Module):
    """The context of one group of channels; it starts by moving nothing.

    N: channels of the features that are known everywhere. near: what it sees of what is decoded.
    """

    def __init__(self, N: int, near: Neighborhood, width: int, hidden: tuple[int, ...]) -> None:
        super().__init__()
        self.near, self.size = near, near.size
        self.earlier = nn.Conv2d(near.earlier, width, 5, padding=2) if near.earlier else None
        self.own = near.layer(width)
        sizes = [N + width * self.has_context, *hidden]
        pairs = zip(sizes, hidden, strict=False)
        layers = [layer for i, o in pairs for layer in (nn.Conv2d(i, o, 1), nn.ReLU())]
        self.refine = nn.Sequential(*layers, nn.Conv2d(sizes[-1], 2 * self.size, 1))
        nn.init.zeros_(self.refine[-1].weight)
        nn.init.zeros_(self.refine[-1].bias)

    @property
    def has_context(self) -> bool:
        """False for the first of several groups that does not look at itself."""
        return self.earlier is not None or self.own is not None

    def context(self, seen: Tensor) -> Tensor:
        """What the convolutions make of y_hat, (B, M, h, w): (B, width, h, w), before the ReLU."""
        total = torch.zeros((), device=seen.device)
        if self.earlier is not None:
            total = total + self.earlier(seen[:, : self.near.earlier])
        if self.own is not None:
            total = total + self.own(self.near.visible(seen))
        return total

    def forward(self, seen: Tensor, trunk: Tensor) -> Tensor:
        """Moves of means and of scales, (B, 2 size, h, w)."""
        if self.has_context:
            trunk = torch.cat([trunk, torch.relu(self.context(seen))], dim=1)
        return self.refine(trunk)


def dependence(
    function: Callable[[Tensor], tuple[Tensor, ...]], y_hat: Tensor, place: tuple[int, int, int]
) -> Tensor:
    """Which elements the outputs at one place depend on, by gradient: (M, h, w) of True and False.

    function: from y_hat, (1, M, h, w), to outputs of that size. place: channel, row, column.
    """
    y_hat = y_hat.clone().requires_grad_(True)
    sum(output[(0, *place)] for output in function(y_hat)).backward()
    return y_hat.grad[0].abs() > 0
