"""A filter against the seams between blocks that were coded for themselves.

Source: in the spirit of Wu et al., "Learned block-based hybrid image compression", 2021, whose
boundary-aware post-processing also weighs errors near boundaries more.
"""

import torch
from torch import Tensor, nn

from lic_course.neural.layers import conv

NEAR, EXTRA = 4, 4.0  # pixels that count as near a boundary, and how much more they weigh


class BoundaryNet(nn.Module):
    """x_hat plus four convolutions of it and of the map of boundaries; starts as the identity.

    size: of the blocks, in pixels.
    """

    def __init__(self, size: int, width: int = 24) -> None:
        super().__init__()
        self.size = size
        last = conv(width, 3, 3, 1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        middle = [m for _ in range(2) for m in (conv(width, width, 3, 1), nn.ReLU())]
        self.body = nn.Sequential(conv(4, width, 3, 1), nn.ReLU(), *middle, last)

    def forward(self, x_hat: Tensor) -> Tensor:
        """Filter pictures (B, 3, H, W) from 0 to 1 whose blocks start in the upper left corner."""
        plane = near_boundaries(*x_hat.shape[2:], self.size).expand(len(x_hat), 1, -1, -1)
        return x_hat + self.body(torch.cat([x_hat - 0.5, plane], dim=1))

    def loss(self, x_hat: Tensor, x: Tensor) -> Tensor:
        """The squared error after the filter; near a boundary it counts 1 + EXTRA times."""
        weight = 1 + EXTRA * near_boundaries(*x.shape[2:], self.size)
        return (weight * (self(x_hat) - x) ** 2).mean()


def near_boundaries(H: int, W: int, size: int) -> Tensor:
    """1 within NEAR pixels of a boundary between blocks, else 0: (1, 1, H, W)."""
    rows, columns = (_near(n, size) for n in (H, W))
    return (rows[:, None] | columns[None, :]).float()[None, None]


def _near(n: int, size: int) -> Tensor:
    k = torch.arange(n)
    after = (k >= size) & (k % size < NEAR)
    before = (k < (n - 1) // size * size) & (k % size >= size - NEAR)
    return after | before
