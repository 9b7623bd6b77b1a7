"""Gates that look at the latent: which of its elements are kept, and which cost nothing.

Latents are (B, M, h, w). Each gate makes a mask of zeros and ones of that shape; what the decoder
must be told about the mask is part of the rate.
"""

import torch
from torch import Tensor, nn

from lic_course.neural.gates import Setting
from lic_course.neural.layers import conv


class NoGate(nn.Module):
    """No gate: the gain is 1 at every level."""

    levels = 2

    def forward(self, level: Tensor) -> Setting:
        """The setting for levels (B,)."""
        one = torch.ones(len(level), 1, 1, 1, device=level.device)
        return Setting(one, one, level)


class WinnerTakeAll(nn.Module):
    """Keeps a share of all elements, those of the largest magnitude.

    By default all elements of a batch compete, so that busy pictures and places keep more; with
    `everywhere_alike` the channels of each place compete among themselves.
    Source: Dumas, Roumy and Guillemot, 2017; they draw another share for each batch.
    """

    def __init__(self, everywhere_alike: bool = False) -> None:
        super().__init__()
        self.everywhere_alike = everywhere_alike

    def forward(self, y: Tensor, share: float) -> Tensor:
        """The mask that keeps this share of y."""
        size = y.detach().abs()
        rows = size.permute(0, 2, 3, 1) if self.everywhere_alike else size
        rows = rows.flatten(0, 2) if self.everywhere_alike else rows.reshape(1, -1)
        keep = max(1, round(share * rows.shape[1]))
        mask = torch.zeros_like(rows).scatter_(1, rows.topk(keep, dim=1, sorted=False).indices, 1.0)
        if not self.everywhere_alike:
            return mask.view(y.shape)
        B, M, h, w = y.shape
        return mask.view(B, h, w, M).permute(0, 3, 1, 2)


class _MaskOfLevels(torch.autograd.Function):
    """Channel k is kept where k < (n / L) Q(p), with Q(p) the whole part of L p."""

    @staticmethod
    def forward(ctx, p: Tensor, channels: int, levels: int) -> Tensor:
        k = torch.arange(channels, device=p.device, dtype=p.dtype).view(1, -1, 1, 1)
        ctx.save_for_backward(p, torch.ceil(k * levels / channels))
        ctx.levels = levels
        return (k < channels / levels * torch.floor(levels * p)).to(p.dtype)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        p, level_of_channel = ctx.saved_tensors
        near = (ctx.levels * p - 1 <= level_of_channel) & (level_of_channel <= ctx.levels * p + 2)
        return (gradient * near * ctx.levels).sum(dim=1, keepdim=True), None, None


class ImportanceMap(nn.Module):
    """A small network that says, place by place, how many channels are kept.

    Only channels near the border of the mask, where one step of p would switch them, send a
    gradient to the map p. Source: Li et al., 2018; their equations for the mask and its gradient.
    """

    def __init__(self, features: int, channels: int, levels: int = 16) -> None:
        super().__init__()
        self.net = nn.Sequential(
            conv(features, 32, 3, 1), nn.ReLU(), conv(32, 32, 3, 1), nn.ReLU(), conv(32, 1, 1, 1)
        )
        self.channels, self.levels = channels, levels

    def importance(self, features: Tensor) -> Tensor:
        """The map p, (B, 1, h, w), between 0 and 1."""
        return torch.sigmoid(self.net(features))

    def mask(self, p: Tensor) -> Tensor:
        """The mask of a map p, (B, channels, h, w)."""
        return _MaskOfLevels.apply(p, self.channels, self.levels)


class _Binarize(torch.autograd.Function):
    """1 where e > 1/2, else 0; gradients pass where 0 <= e <= 1."""

    @staticmethod
    def forward(ctx, e: Tensor) -> Tensor:
        ctx.save_for_backward(e)
        return (e > 0.5).to(e.dtype)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        (e,) = ctx.saved_tensors
        return gradient * ((e >= 0) & (e <= 1))


def binarize(e: Tensor) -> Tensor:
    """Bits of e: 1 where e > 1/2, else 0; gradients pass where 0 <= e <= 1 (Li et al., 2018)."""
    return _Binarize.apply(e)


class NestedDropout(nn.Module):
    """Keeps the first k channels; in training another k for each picture, from `sizes`.

    Channels are needed more, the earlier they come, and so the latent can be cut at any k.
    In the spirit of Ashok and Palani, 2018; nested dropout: Rippel, Gelbart and Adams, 2014.
    """

    def __init__(self, channels: int, sizes: tuple[int, ...]) -> None:
        super().__init__()
        self.channels, self.sizes = channels, sizes

    def forward(self, batch: int, k: Tensor | None = None) -> Tensor:
        """The mask (batch, channels, 1, 1) for k (batch,), drawn at random when None."""
        if k is None:
            k = torch.tensor(self.sizes)[torch.randint(len(self.sizes), (batch,))]
        return (torch.arange(self.channels) < k[:, None]).float()[:, :, None, None]
