"""A filter against the seams between blocks that were coded for themselves.

Source: in the spirit of Wu et al., "Learned block-based hybrid image compression", 2021, whose
boundary-aware post-processing also weighs errors near boundaries more.
"""

import torch
from torch import Tensor, nn

from lic_course.neural.layers import conv

NEAR = 8  # pixels to either side of a boundary that the net may change


class BoundaryNet(nn.Module):
    """x_hat plus four convolutions of it, near boundaries only; starts as the identity."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        last = conv(width, 3, 3, 1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        middle = [m for _ in range(2) for m in (conv(width, width, 3, 1), nn.LeakyReLU(0.2))]
        self.body = nn.Sequential(conv(5, width, 5, 1), nn.LeakyReLU(0.2), *middle, last)

    def forward(self, x_hat: Tensor, plane: Tensor) -> Tensor:
        """Filter pictures (B, 3, H, W) from 0 to 1; plane: (B, 2, H, W) of `near_boundaries`."""
        change = 0.1 * self.body(torch.cat([5 * (x_hat - 0.5), plane], dim=1))
        return x_hat + change * (plane.amax(dim=1, keepdim=True) > 0)


def near_boundaries(H: int, W: int, size: int) -> Tensor:
    """How near horizontal and vertical boundaries between blocks are: (1, 2, H, W).

    1 for the two pixels that meet there, falling to 0 over NEAR pixels.
    """
    rows, columns = (_nearness(n, size) for n in (H, W))
    return torch.stack([rows[:, None].expand(H, W), columns[None, :].expand(H, W)])[None]


def _nearness(n: int, size: int) -> Tensor:
    if n <= size:
        return torch.zeros(n)
    boundaries = torch.arange(size, n, size) - 0.5
    distance = (torch.arange(n)[:, None] - boundaries).abs().amin(dim=1) - 0.5
    return (1 - distance / NEAR).clamp(min=0.0)
