"""Probability models of latents, as they are trained: bits as a differentiable function.

What the files are coded with is made from these in `exact.py`. A prior's `forward(y, quantizer)`
returns the latent that the decoder will see and the bits of each picture, as tensors.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lic_course.neural.gates import Setting
from lic_course.neural.layers import conv, deconv, lower_bound
from lic_course.neural.quantizers import Quantizer

LEVEL_MAX = 127  # the level as the input of an integer network
SCALE_MIN, SCALE_MAX, SCALES = 0.11, 256.0, 64  # the table of scales, in steps of the quantizer
SCALE_STEP = math.log(SCALE_MAX / SCALE_MIN) / (SCALES - 1)
INDEX_UNIT = 8  # indexes for 1 of the network's output: nearly a factor e in the scale
LIKELIHOOD_MIN = 1e-9


def bits_of(likelihood: Tensor) -> Tensor:
    """-log2 of the likelihoods, summed for each picture: (B, ...) to (B,)."""
    return -torch.log2(lower_bound(likelihood, LIKELIHOOD_MIN)).flatten(1).sum(1)


def scale_of(index: Tensor) -> Tensor:
    """The scale of a (fractional) index into the table: 0.11 for 0, 256 for 63, evenly in logs."""
    return SCALE_MIN * torch.exp(SCALE_STEP * index)


def index_shift(gain: Tensor) -> Tensor:
    """How far a gain moves the index of the scale: a latent times g has g times the scale."""
    return torch.log(gain.float()) / SCALE_STEP


def gaussian_likelihood(v: Tensor, sigma: Tensor) -> Tensor:
    """The probability of a Gaussian of scale sigma within 1/2 of v."""
    v = v.abs()
    factor = -(2**-0.5)
    upper = torch.erfc(factor * (0.5 - v) / sigma)
    lower = torch.erfc(factor * (-0.5 - v) / sigma)
    return 0.5 * (upper - lower)


def laplace_likelihood(v: Tensor, b: Tensor) -> Tensor:
    """The probability of a Laplace distribution of parameter b within 1/2 of v."""
    v = v.abs()
    inside = 1 - 0.5 * (torch.exp((v - 0.5) / b) + torch.exp(-(v + 0.5) / b))
    outside = torch.exp(-v / b) * torch.sinh(0.5 / b)
    return torch.where(v < 0.5, inside, outside)


@dataclass
class Rated:
    """What a prior makes of latents: y_hat for the decoder, and bits per picture, (B,) each."""

    y_hat: Tensor
    bits: dict[str, Tensor]


class LogisticMixture(nn.Module):
    """A density for each channel: three logistic distributions, fitted with everything else.

    Nine numbers per channel, with a cumulative distribution in closed form: no second optimizer,
    and its tails are known, so that tables can be made at once.
    """

    def __init__(self, channels: int, components: int = 3, spread: float = 3.0) -> None:
        super().__init__()
        self.means = nn.Parameter(torch.linspace(-spread, spread, components).repeat(channels, 1))
        self.log_scales = nn.Parameter(torch.full((channels, components), math.log(spread / 2)))
        self.logits = nn.Parameter(torch.zeros(channels, components))

    @torch.no_grad()
    def start_at(self, sigma: Tensor) -> None:
        """Start with the standard deviations sigma, (C,): logistics of three widths around 0."""
        widths = torch.logspace(-1, 1, self.means.shape[1], base=3.0)
        self.means.zero_()
        self.log_scales.copy_(torch.log(0.4 * sigma.clamp(min=1e-2)[:, None] * widths))

    def cdf(self, v: Tensor) -> Tensor:
        """The cumulative distribution at v, (B, C, ...): the same shape."""
        shape = (1, -1) + (1,) * (v.dim() - 2)
        total = torch.zeros_like(v)
        weights = torch.softmax(self.logits, dim=1)
        for k in range(self.means.shape[1]):
            mean, scale = self.means[:, k].view(shape), self.log_scales[:, k].exp().view(shape)
            total = total + weights[:, k].view(shape) * torch.sigmoid((v - mean) / scale)
        return total

    def likelihood(self, v: Tensor, half: Tensor | float = 0.5) -> Tensor:
        """The probability within `half` of v, from the tail that is more exact: (B, C, ...)."""
        shape = (1, -1) + (1,) * (v.dim() - 2)
        total = torch.zeros_like(v)
        weights = torch.softmax(self.logits, dim=1)
        for k in range(self.means.shape[1]):
            mean, scale = self.means[:, k].view(shape), self.log_scales[:, k].exp().view(shape)
            distance = (
                v - mean
            ).abs()  # symmetric: work in the lower tail, where 1 - p is not lost
            near = torch.sigmoid((half - distance) / scale)
            far = torch.sigmoid((-half - distance) / scale)
            total = total + weights[:, k].view(shape) * (near - far)
        return total


class Factorized(nn.Module):
    """A prior without side information: each channel has one density, everywhere the same.

    The density belongs to the latent before the gain: y / gain.
    Source: Ballé, Laparra and Simoncelli, 2017; the densities there are piecewise linear.
    """

    def __init__(self, M: int, spread: float = 3.0) -> None:
        super().__init__()
        self.density = LogisticMixture(M, spread=spread)

    def start_at(self, sigma: Tensor) -> None:
        """Let the densities start near standard deviations of sigma, (M,)."""
        self.density.start_at(sigma)

    def forward(self, y: Tensor, quantizer: Quantizer, setting: Setting) -> Rated:
        """Rate latents y, (B, M, h, w)."""
        for_rate, y_hat = quantizer(y)
        g = setting.gain.float()
        likelihood = self.density.likelihood(for_rate.float() / g, 0.5 / g)
        return Rated(y_hat, {"y": bits_of(likelihood)})


class MeanScaleHyperprior(nn.Module):
    """A second, smaller latent z tells the mean and the scale of each element of y.

    h_s takes z and one more channel, the level of the gate from 0 to 127. It ends in 2 M channels:
    M means, and M indexes into the table of 64 scales, for a gain of 1; each gain moves them. It
    has only convolutions and ReLUs, so that `exact.py` can turn it into a network of integers.
    Source: Ballé et al., 2018, and Minnen, Ballé and Toderici, 2018.
    """

    def __init__(self, N: int = 128, M: int = 192, with_mean: bool = True) -> None:
        super().__init__()
        self.h_a = nn.Sequential(
            conv(M, N, 3, 1), nn.ReLU(), conv(N, N), nn.ReLU(), conv(N, N)
        )  # fmt: skip
        self.h_s = nn.Sequential(
            deconv(N + 1, N), nn.ReLU(), deconv(N, N), nn.ReLU(), conv(N, 2 * M, 3, 1)
        )  # fmt: skip
        self.z_prior = LogisticMixture(N)
        self.with_mean = with_mean
        self.start_at(torch.ones(M))

    @torch.no_grad()
    def start_at(self, sigma: Tensor) -> None:
        """Let the scales start near sigma, (M,), with means near 0, whatever z says."""
        last = self.h_s[-1]
        last.weight.mul_(0.1)
        last.bias.zero_()
        index = torch.log(sigma.clamp(SCALE_MIN) / SCALE_MIN) / SCALE_STEP
        last.bias[len(sigma) :] = index / INDEX_UNIT

    def hyper_latent(self, y: Tensor) -> Tensor:
        """The latent z of y; h_a sees asinh(y), nearly the logarithm of what is large."""
        return self.h_a(torch.asinh(y))

    def parameters_of(self, z_hat: Tensor, setting: Setting) -> tuple[Tensor, Tensor]:
        """Means and scales of y, (B, M, h, w) float32 each, from z_hat, (B, N, h/4, w/4)."""
        plane = (LEVEL_MAX * setting.level).view(-1, 1, 1, 1).expand_as(z_hat[:, :1])
        mu, index = self.h_s(torch.cat([z_hat, plane], dim=1)).float().chunk(2, dim=1)
        index = INDEX_UNIT * index + index_shift(setting.gain)
        index = lower_bound(index, 0.0).clamp(max=SCALES - 1)
        return mu if self.with_mean else torch.zeros_like(mu), scale_of(index)

    def forward(self, y: Tensor, quantizer: Quantizer, setting: Setting) -> Rated:
        """Rate latents y, (B, M, h, w), with h and w multiples of 4."""
        z = self.hyper_latent(y)
        z_rate, z_hat = quantizer(z)
        mu, sigma = self.parameters_of(z_hat, setting)
        y_rate, y_hat = quantizer(y, mu)
        bits_y = bits_of(gaussian_likelihood(y_rate.float() - mu, sigma))
        return Rated(y_hat, {"y": bits_y, "z": bits_of(self.z_prior.likelihood(z_rate.float()))})
