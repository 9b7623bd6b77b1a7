"""The code length of an autoencoder: what a picture costs when nothing may be lost.

A decoder that knows the code y and the reconstruction x_hat still lacks the difference. Bits of y
plus bits of x given x_hat bound the description length of x from above; the squared error alone
bounds nothing. Source: Ollivier, "Auto-encoders: reconstruction versus compression", 2014.
"""

import torch
from torch import Tensor

from lic_course.neural.priors import gaussian_likelihood, laplace_likelihood


def residual_bits(x: Tensor, x_hat: Tensor, sigma: Tensor | float) -> Tensor:
    """Bits of whole-numbered x under Gaussians around x_hat, cut at whole numbers: shape of x."""
    sigma = torch.as_tensor(sigma, dtype=x.dtype).expand_as(x)
    return -torch.log2(gaussian_likelihood(x - x_hat, sigma).clamp(min=1e-12))


def rounded_bits(y: Tensor, b: Tensor) -> Tensor:
    """Bits of whole numbers y under Laplace distributions of parameters b around 0: shape of y."""
    return -torch.log2(laplace_likelihood(y, b).clamp(min=1e-12))


def code_length(x: Tensor, x_hat: Tensor, y_bits: Tensor, sigma: Tensor | float) -> Tensor:
    """Bits for each of the samples x, (n, d), with y_bits of shape (n, k): (n,)."""
    return y_bits.sum(dim=1) + residual_bits(x, x_hat, sigma).sum(dim=1)


def best_sigma(x: Tensor, x_hat: Tensor) -> Tensor:
    """The deviation of each of the d pixels that makes the residual of samples cheapest, (d,)."""
    return (x - x_hat).square().mean(dim=0).sqrt().clamp(min=0.1)
