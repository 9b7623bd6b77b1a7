"""Non-local attention: each position of a feature map looks at all others.

Source: Chen et al., "End-to-end learned image compression via non-local attention optimization and
improved context modeling", 2021; the block is from Wang et al., "Non-local neural networks", 2018.
"""

import torch
from torch import Tensor, nn

from lic_course.neural.layers import Residual, conv


def residual_block(channels: int) -> Residual:
    """X plus two 3x3 convolutions of it."""
    return Residual(conv(channels, channels, 3, 1), nn.ReLU(), conv(channels, channels, 3, 1))


class NonLocal(nn.Module):
    """x + W softmax(theta(x)^T phi(x)) g(x), with W = 0 at the start: then it is the identity.

    The softmax is over all h w positions: its matrix has (h w)^2 elements, so memory grows with
    the square of the picture, and tiles cannot give the same result as the whole.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.theta, self.phi, self.g = (conv(channels, half, 1, 1) for _ in range(3))
        self.W = conv(half, channels, 1, 1)
        nn.init.zeros_(self.W.weight)
        nn.init.zeros_(self.W.bias)

    def attention(self, x: Tensor) -> Tensor:
        """How much each position looks at each other: (B, h w, h w), rows sum to 1."""
        theta, phi = self.theta(x).flatten(2), self.phi(x).flatten(2)
        return torch.softmax(theta.transpose(1, 2) @ phi, dim=2)

    def forward(self, x: Tensor) -> Tensor:
        """From (B, C, h, w) to the same shape."""
        mixed = self.g(x).flatten(2) @ self.attention(x).transpose(1, 2)
        return x + self.W(mixed.view(len(x), -1, *x.shape[2:]))


class NonLocalAttention(nn.Module):
    """NLAM: x + trunk(x) * sigmoid(mask(x)), where the mask begins with a non-local block.

    blocks: residual blocks in trunk and mask. The trunk's last layer starts at 0, so that the
    whole module starts as the identity. local: leave the non-local block out, for comparison.
    """

    def __init__(self, channels: int, blocks: int = 1, local: bool = False) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*(residual_block(channels) for _ in range(blocks)))
        self.last = conv(channels, channels, 1, 1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)
        first = nn.Identity() if local else NonLocal(channels)
        rest = (residual_block(channels) for _ in range(blocks))
        self.mask = nn.Sequential(first, *rest, conv(channels, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """From (B, C, h, w) to the same shape."""
        return x + self.last(self.trunk(x)) * torch.sigmoid(self.mask(x))
