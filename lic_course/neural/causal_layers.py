"""Convolutions that see only what is decoded: through masks, within tiles, from strips of blocks.

Masks are (k, k), or (channels, k, k) of 0 and 1. Latents are (B, C, h, w) of any size.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def raster_mask(kernel: int = 5) -> Tensor:
    """What comes before the center in raster order: (kernel, kernel) of 0 and 1; 12 taps for 5."""
    mask = torch.ones(kernel * kernel)
    mask[kernel * kernel // 2 :] = 0
    return mask.view(kernel, kernel)


def checkerboard_mask(kernel: int = 5) -> Tensor:
    """The fields of the other color: (kernel, kernel) of 0 and 1; 12 taps for 5."""
    i, j = torch.meshgrid(torch.arange(kernel), torch.arange(kernel), indexing="ij")
    return ((i + j) % 2 == 1).float()


def diagonal_mask(groups: tuple[int, ...], number: int, kernel: int = 5) -> Tensor:
    """What group `number` sees of all channels, (M, kernel, kernel) of 0 and 1.

    Group g' at the offset (di, dj) comes before group g where g' + di + dj < g.
    """
    mask, r = torch.zeros(sum(groups), kernel, kernel), kernel // 2
    for di in range(-r, r + 1):
        for dj in range(-r, r + 1):
            mask[: sum(groups[: max(0, number - di - dj)]), di + r, dj + r] = 1
    return mask


def white(y: Tensor) -> Tensor:
    """1 where i + j is odd, 0 elsewhere, (1, 1, h, w)."""
    i = torch.arange(y.shape[-2], device=y.device)[:, None]
    j = torch.arange(y.shape[-1], device=y.device)[None, :]
    return ((i + j) % 2).to(y.dtype)[None, None]


class MaskedConv(nn.Conv2d):
    """A convolution that sees its neighborhood through a mask, (k, k) or (channels, k, k)."""

    def __init__(self, i: int, o: int, mask: Tensor) -> None:
        super().__init__(i, o, mask.shape[-1], padding=mask.shape[-1] // 2)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve with the masked weights."""
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


class WhiteConv(MaskedConv):
    """A masked convolution for the white fields of a checkerboard; black ones get 0."""

    def forward(self, x: Tensor) -> Tensor:
        """Convolve, (B, in, h, w) to (B, out, h, w)."""
        return super().forward(x) * white(x)


class TiledConv(MaskedConv):
    """A masked convolution in each tile of size x size for itself: beyond it there are zeros."""

    def __init__(self, i: int, o: int, mask: Tensor, size: int) -> None:
        super().__init__(i, o, mask)
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Make a batch of all tiles, convolve it, and put the tiles together again."""
        (B, C, h, w), n = x.shape, self.size
        x = F.pad(x, (0, -w % n, 0, -h % n))
        rows, columns = x.shape[2] // n, x.shape[3] // n
        x = x.view(B, C, rows, n, columns, n).permute(0, 2, 4, 1, 3, 5).reshape(-1, C, n, n)
        x = super().forward(x).view(B, rows, columns, -1, n, n).permute(0, 3, 1, 4, 2, 5)
        return x.reshape(B, -1, rows * n, columns * n)[:, :, :h, :w]


class StripConv(nn.Conv2d):
    """Predicts a block of size x size from the strips along its left and its upper edge.

    Each position sees the element of the left strip in its row and that of the upper strip in its
    column, each with weights for its distance from them; the means of both strips; the corner
    between them; and where in the block it is. That makes (2 size + 3) C + size**2 inputs.
    Source: in the spirit of Wu et al., "Learned block-based hybrid image compression", 2021, whose
    prediction pools strips of the decoded neighbors too.
    """

    def __init__(self, C: int, o: int, size: int) -> None:
        super().__init__((2 * size + 3) * C + size**2, o, 1)
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Predict, (B, C, h, w) to (B, out, h, w)."""
        return super().forward(self.features(x))

    def features(self, x: Tensor) -> Tensor:
        """The inputs of each position, (B, (2 size + 3) C + size**2, h, w)."""
        (h, w), n = x.shape[2:], self.size
        i, j = torch.arange(h), torch.arange(w)
        top, left = i // n * n, j // n * n  # of the block; one more in what is padded below
        padded = F.pad(x, (1, 0, 1, 0))
        is_row = F.one_hot(i - top, n).T.to(x)[None, :, None, :, None]
        is_column = F.one_hot(j - left, n).T.to(x)[None, :, None, None, :]
        beside = padded[:, None, :, 1:, left] * is_column
        above = padded[:, None, :, top, 1:] * is_row
        corner = padded[:, :, top][:, :, :, left]
        strip = F.avg_pool2d(F.pad(padded[:, :, 1:], (0, 0, 0, -h % n)), (n, 1))
        mean_beside = strip[:, :, top // n][:, :, :, left]
        strip = F.avg_pool2d(F.pad(padded[:, :, :, 1:], (0, -w % n)), (1, n))
        mean_above = strip[:, :, :, left // n][:, :, top]
        where = (is_row[:, :, None] * is_column[:, None]).flatten(1, 3).expand(len(x), -1, -1, -1)
        slots = [beside.flatten(1, 2), above.flatten(1, 2)]
        return torch.cat([*slots, corner, mean_beside, mean_above, where], dim=1)
