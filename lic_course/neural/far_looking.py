"""Networks that look far: non-local means as a layer, and the U of the U-Net.

All restore gray pictures, (B, 1, H, W) from 0 to 1 with sides that are multiples of 4, work on 2x2
pixels at a time, and begin as the identity. They differ in what a pixel can learn from: a few
pixels around it, twice as many, or whatever looks alike.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lic_course.neural.layers import Residual, conv

CELL = 2  # pixels a side of one position of the maps


class NonLocal(nn.Module):
    """x plus a mean of g(x) over all positions, weighted by likeness: softmax(theta . phi).

    With theta, phi and g as they come and not learned this is non-local means on patches.
    Source: Wang, Girshick, Gupta and He, "Non-local neural networks", 2018.
    """

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.theta, self.phi, self.g = (conv(channels, inner, 1, 1) for _ in range(3))
        self.out = conv(inner, channels, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """From (B, C, h, w) to the same shape."""
        theta, phi, g = (layer(x).flatten(2) for layer in (self.theta, self.phi, self.g))
        scale = theta.shape[1] ** -0.5
        likeness = torch.softmax(scale * theta.transpose(1, 2) @ phi, dim=2)  # (B, hw, hw)
        mean = (likeness @ g.transpose(1, 2)).transpose(1, 2)
        return x + self.out(mean.reshape(x.shape[0], -1, *x.shape[2:]))


class Masked(nn.Module):
    """x plus a trunk times a mask from 0 to 1, which sees everything through a non-local layer.

    Source: in the spirit of Zhang et al., "Residual non-local attention networks for image
    restoration", 2019.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.trunk = local(channels)
        self.mask = nn.Sequential(NonLocal(channels, channels // 2), conv(channels, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """From (B, C, h, w) to the same shape."""
        return x + self.trunk(x) * torch.sigmoid(self.mask(x))


class Again(nn.Module):
    """The same layers several times over: a recurrent network in depth, with a state.

    Source: in the spirit of Liu et al., "Non-local recurrent network for image restoration", 2018.
    """

    def __init__(self, step: nn.Module, times: int = 3) -> None:
        super().__init__()
        self.step, self.times = step, times

    def forward(self, x: Tensor) -> Tensor:
        """From (B, C, h, w) to the same shape."""
        for _ in range(self.times):
            x = self.step(x)
        return x


class U(nn.Module):
    """Features at half the resolution, found, worked on, and brought back beside the finer ones.

    Source: Ronneberger, Fischer and Brox, "U-Net", 2015; here with one step down.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.down = nn.Sequential(conv(channels, channels, 3, 2), nn.ReLU())
        self.inside = Residual(*local(channels))
        self.join = conv(2 * channels, channels, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        """From (B, C, h, w) with even sides to the same shape."""
        far = F.interpolate(self.inside(self.down(x)), scale_factor=2.0)
        return F.relu(self.join(torch.cat([x, far], dim=1)))


def local(channels: int) -> nn.Sequential:
    """Two convolutions."""
    return nn.Sequential(conv(channels, channels, 3, 1), nn.ReLU(), conv(channels, channels, 3, 1))


class Restorer(nn.Module):
    """A correction of pictures by `body`, maps (B, channels, h, w) to the same shape."""

    def __init__(self, channels: int, body: nn.Module) -> None:
        super().__init__()
        pixels = CELL**2
        last = conv(channels, pixels, 3, 1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(conv(pixels, channels, 3, 1), nn.ReLU(), body, last)

    def forward(self, x: Tensor) -> Tensor:
        """From pictures (B, 1, H, W) to pictures."""
        cells = F.pixel_unshuffle(4 * (x - 0.5), CELL)
        return x + 0.1 * F.pixel_shuffle(self.layers(cells), CELL)


def restorers(width: int = 24) -> dict[str, Restorer]:
    """One network of each kind, of 33 to 39 thousand weights; the recurrent one shares its own."""

    def near() -> Residual:
        return Residual(*local(width))

    def anywhere() -> NonLocal:
        return NonLocal(width, width)

    bodies = {
        "local": [near(), near(), near()],
        "U-Net": [near(), U(width)],
        "non-local": [near(), anywhere(), near(), near()],
        "non-local, recurrent": [Again(nn.Sequential(near(), anywhere()))],
        "non-local mask": [near(), Masked(width), near()],
    }
    return {name: Restorer(width, nn.Sequential(*body)) for name, body in bodies.items()}
