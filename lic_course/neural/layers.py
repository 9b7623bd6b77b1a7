"""Layers that learned codecs are made of: bounds with useful gradients, GDN, convolutions.

Feature maps are float tensors (B, C, H, W). Source of GDN: Ballé, Laparra and Simoncelli,
"End-to-end optimized image compression", 2017.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class _LowerBound(torch.autograd.Function):
    """max(x, bound), with a gradient that lets x come back from below the bound."""

    @staticmethod
    def forward(ctx, x: Tensor, bound: Tensor) -> Tensor:
        ctx.save_for_backward(x, bound)
        return torch.maximum(x, bound)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        x, bound = ctx.saved_tensors
        # A step of descent goes along -gradient: a negative gradient raises x, and is let through.
        passes = (x >= bound) | (gradient < 0)
        return gradient * passes, None


def lower_bound(x: Tensor, bound: float) -> Tensor:
    """max(x, bound); where x is below, only gradients that would raise it pass.

    A plain clamp has no gradient there, and a scale that once falls under its bound stays forever.
    """
    return _LowerBound.apply(x, torch.as_tensor(bound, dtype=x.dtype, device=x.device))


class _Round(torch.autograd.Function):
    """Rounding whose derivative is taken to be 1."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        return torch.round(x)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return gradient


def straight_through_round(x: Tensor) -> Tensor:
    """Round x; gradients pass as if nothing had happened (Theis et al., 2017)."""
    return _Round.apply(x)


class NonNegative(nn.Module):
    """A parameter kept at or above `minimum` by storing its square root.

    The gradient then fades towards the bound, so that steps do not jump across it.
    """

    PEDESTAL = 2.0**-36

    def __init__(self, initial: Tensor, minimum: float = 0.0) -> None:
        super().__init__()
        self.root = nn.Parameter(torch.sqrt(initial + self.PEDESTAL))
        self.bound = (minimum + self.PEDESTAL) ** 0.5

    def forward(self) -> Tensor:
        """The parameter itself."""
        return lower_bound(self.root, self.bound) ** 2 - self.PEDESTAL


class GDN(nn.Module):
    """Generalized divisive normalization: each channel divided by the activity of all channels.

    exponent 2: v_i = u_i / sqrt(beta_i + sum_j gamma_ij u_j^2), as in the paper of 2017.
    exponent 1: v_i = u_i / (beta_i + sum_j gamma_ij |u_j|): cheaper, and no worse.
    With `inverse`, u is multiplied instead: one step of the fixed-point inversion, for decoders.
    """

    def __init__(self, channels: int, inverse: bool = False, exponent: int = 1) -> None:
        super().__init__()
        self.beta = NonNegative(torch.ones(channels), minimum=1e-6)
        self.gamma = NonNegative(0.1 * torch.eye(channels))
        self.inverse, self.exponent = inverse, exponent

    def forward(self, u: Tensor) -> Tensor:
        """Normalize u, (B, C, H, W), to the same shape."""
        gamma = self.gamma()[:, :, None, None].to(u.dtype)
        beta = self.beta().to(u.dtype)
        if self.exponent == 1:
            norm = F.conv2d(u.abs(), gamma, beta)
            return u * norm if self.inverse else u / norm
        norm = F.conv2d(u * u, gamma, beta)
        return u * torch.sqrt(norm) if self.inverse else u * torch.rsqrt(norm)


def conv(i: int, o: int, kernel: int = 5, stride: int = 2) -> nn.Conv2d:
    """A convolution from i to o channels that divides height and width by the stride."""
    return nn.Conv2d(i, o, kernel, stride, padding=kernel // 2)


def deconv(i: int, o: int, kernel: int = 5, stride: int = 2) -> nn.ConvTranspose2d:
    """A transposed convolution from i to o channels that multiplies height and width."""
    return nn.ConvTranspose2d(i, o, kernel, stride, padding=kernel // 2, output_padding=stride - 1)


class Residual(nn.Module):
    """x + body(x)."""

    def __init__(self, *body: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*body)

    def forward(self, x: Tensor) -> Tensor:
        """Add what the body makes of x."""
        return x + self.body(x)
