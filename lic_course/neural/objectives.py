"""Distortions: how far x_hat is from x, (B,) for batches (B, 3, H, W) from 0 to 1."""

from collections.abc import Callable

import torch
from pytorch_msssim import ms_ssim
from torch import Tensor


def mse_255(x: Tensor, x_hat: Tensor) -> Tensor:
    """Mean squared error on the scale of 8-bit pixels."""
    return (x - x_hat).flatten(1).square().mean(1) * 255.0**2


def one_minus_ms_ssim(x: Tensor, x_hat: Tensor) -> Tensor:
    """1 - MS-SSIM, times 2000, which brings its lambdas near those of the squared error.

    Needs pictures of more than 160 pixels a side. Source of the measure: Wang et al., 2003.
    """
    similarity = ms_ssim(x, x_hat.clamp(0, 1), data_range=1.0, size_average=False)
    return 2000 * (1 - torch.as_tensor(similarity))


DISTORTIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": mse_255,
    "ms-ssim": one_minus_ms_ssim,
}
