"""Priors of latents that are already rounded, for fitting on a frozen transform (bake_off.py).

Each is a module with `bits(y_hat)`: from integers (B, M, h, w), as float, to the bits of each
picture, (B,), side information included. Each starts from sigma, (M,), the scales of the channels.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lic_course.neural.layers import conv, deconv, lower_bound
from lic_course.neural.priors import (
    INDEX_UNIT,
    SCALE_MIN,
    SCALE_STEP,
    SCALES,
    LogisticMixture,
    bits_of,
    gaussian_likelihood,
    laplace_likelihood,
    scale_of,
)
from lic_course.neural.quantizers import Mixed

LAPLACE_BITS = 16  # of side information for each channel of each picture


class FactorizedPrior(nn.Module):
    """One density per channel, the same for all pictures (Ballé et al., 2017)."""

    def __init__(self, sigma: Tensor) -> None:
        super().__init__()
        self.density = LogisticMixture(len(sigma), spread=1.0)
        with torch.no_grad():
            self.density.means.mul_(sigma[:, None])
            self.density.log_scales.add_(torch.log(sigma)[:, None])

    def bits(self, y_hat: Tensor) -> Tensor:
        """Bits of each picture, (B,)."""
        return bits_of(self.density.likelihood(y_hat))


class LaplacePerPicture(nn.Module):
    """One Laplace distribution per channel and picture; its median and scale are sent, 8 bits each.

    Nothing is learned: the scale is the mean distance to the median, rounded to 8 steps an octave.
    Source: in the spirit of Alves de Oliveira et al., 2021.
    """

    def __init__(self, sigma: Tensor | None = None) -> None:
        super().__init__()

    def bits(self, y_hat: Tensor) -> Tensor:
        """Bits of each picture, (B,), of which 16 M are side information."""
        plane = y_hat.flatten(2)
        median = plane.median(dim=2, keepdim=True).values.clamp(-128, 127)
        distance = (plane - median).abs().mean(dim=2, keepdim=True).clamp(min=2.0**-6)
        scale = 2 ** (torch.round(8 * torch.log2(distance)) / 8)
        return bits_of(laplace_likelihood(plane - median, scale)) + LAPLACE_BITS * plane.shape[1]


def asymmetric_likelihood(v: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """The probability within 1/2 of v of a Gaussian with the scale `left` below 0, `right` above.

    Source: Cui et al., "Asymmetric gained deep image compression", 2021.
    """
    near = torch.where(v < 0, left, right)  # mirrored, so that v lies in the lower tail
    far = torch.where(v < 0, right, left)
    v = -v.abs()

    def cdf(t: Tensor) -> Tensor:
        below = near * torch.erfc(-t / near * 2**-0.5)
        above = near + far * torch.erf(t / far * 2**-0.5)
        return torch.where(t < 0, below, above) / (near + far)

    return cdf(v + 0.5) - cdf(v - 0.5)


@dataclass(frozen=True)
class Head:
    """What side information tells of each element: `means` numbers, then `scales` numbers."""

    means: int
    scales: int
    likelihood: Callable[..., Tensor]  # of y, the means and the scales

    @property
    def size(self) -> int:
        """Numbers for each element."""
        return self.means + self.scales

    def start(self, sigma: Tensor) -> Tensor:
        """Biases that tell the scales sigma, (M,), whatever the side information says."""
        index = torch.log(sigma.clamp(SCALE_MIN) / SCALE_MIN) / SCALE_STEP / INDEX_UNIT
        return torch.cat([torch.zeros_like(sigma)] * self.means + [index] * self.scales)

    def probability(self, y: Tensor, output: Tensor, unit: Tensor | float = 1.0) -> Tensor:
        """The likelihoods of y, (B, M, h, w), from the outputs (B, size M, h, w) of a network.

        unit: what 1 in the output means for a mean, such as the scale of its channel.
        """
        numbers = output.chunk(self.size, dim=1)
        scales = [
            scale_of(lower_bound(INDEX_UNIT * number, 0.0).clamp(max=SCALES - 1))
            for number in numbers[self.means :]
        ]
        return self.likelihood(y, *(unit * mean for mean in numbers[: self.means]), *scales)


HEADS = {
    "scale": Head(0, 1, gaussian_likelihood),
    "mean-scale": Head(1, 1, lambda y, mu, sigma: gaussian_likelihood(y - mu, sigma)),
    "laplace": Head(1, 1, lambda y, mu, sigma: laplace_likelihood(y - mu, sigma * 2**-0.5)),
    "asymmetric": Head(1, 2, lambda y, mu, *sides: asymmetric_likelihood(y - mu, *sides)),
}


def _begin(networks: list[nn.Sequential], bias: Tensor) -> None:
    """Let activations keep their size from layer to layer, and the last layer begin at biases.

    With PyTorch's own start they shrink in each layer, z is rounded to 0 everywhere, and it takes
    thousands of steps until it says something.
    """
    with torch.no_grad():
        for layer in (m for network in networks for m in network if hasattr(m, "weight")):
            transposed = isinstance(layer, nn.ConvTranspose2d)
            inputs = layer.weight[:, 0].numel() / 4 if transposed else layer.weight[0].numel()
            layer.weight.normal_(std=(2 / inputs) ** 0.5)
            layer.bias.zero_()
        layer.weight.mul_(0.1)
        layer.bias.copy_(bias)
        networks[0][-1].weight.mul_(4)  # z several steps wide, so that rounding leaves a signal


class WarmUp:
    """Counts calls in training: the weight of the side information's rate grows from 0 to 1.

    At full weight from the first step, z learns to say nothing (which is cheap) before h_s has
    learned to listen, and stays silent: what variational autoencoders call posterior collapse.
    """

    def __init__(self, calls: int = 60) -> None:
        self.calls, self.done = calls, 0

    def weight(self, training: bool) -> float:
        """The weight for this call; 1 in evaluation."""
        self.done += training
        return min(1.0, self.done / self.calls) if training else 1.0


class HyperpriorOnRounded(nn.Module):
    """A hyper-latent z at a quarter of y's resolution tells what the head needs.

    Each channel has a center of its own, so that "scale" needs no side information for it; there
    h_a sees |y|, because signs say nothing about scales.
    attention makes a module for the features of h_s, at half of y's resolution, from their number.
    z is rounded too: in training its rate is that of z plus noise, and h_s sees round(z).
    Source: Ballé et al., 2018; with means, Minnen et al., 2018; with Laplace, Zhou et al., 2018.
    """

    def __init__(
        self,
        sigma: Tensor,
        head: str = "mean-scale",
        N: int = 32,
        attention: Callable[[int], nn.Module] | None = None,
    ) -> None:
        super().__init__()
        M, self.head = len(sigma), HEADS[head]
        self.h_a = nn.Sequential(
            conv(M, N, 3, 1), nn.LeakyReLU(0.2), conv(N, N), nn.LeakyReLU(0.2), conv(N, N)
        )  # fmt: skip
        self.h_s = nn.Sequential(
            deconv(N, N),
            nn.LeakyReLU(0.2),
            deconv(N, N),
            nn.LeakyReLU(0.2),
            conv(N, self.head.size * M, 3, 1),
        )
        self.z_prior, self.quantizer, self.warm_up = LogisticMixture(N), Mixed(), WarmUp()
        _begin([self.h_a, self.h_s], self.head.start(sigma))
        self.register_buffer("unit", sigma[:, None, None])
        self.center = nn.Parameter(torch.zeros(M, 1, 1))
        if attention is not None:
            self.h_s.insert(2, attention(N))

    def bits(self, y_hat: Tensor) -> Tensor:
        """Bits of each picture, (B,): those of z and those of y."""
        y = y_hat - self.center
        seen = torch.asinh(y) if self.head.means else torch.asinh(y.abs())
        for_rate, z_hat = self.quantizer(self.h_a(seen))
        bits_of_z = bits_of(self.z_prior.likelihood(for_rate))
        weight = self.warm_up.weight(self.training)
        bits_of_y = bits_of(self.head.probability(y, self.h_s(z_hat), self.unit))
        return weight * bits_of_z + bits_of_y


class _Scale(nn.Module):
    """One step to half the resolution and back: its latent, and a prediction of what is finer."""

    def __init__(self, channels: int, width: int, latent: int, outputs: int, near: int) -> None:
        super().__init__()
        self.down = nn.Sequential(
            conv(channels, width, 3, 1), nn.PixelUnshuffle(2), conv(4 * width, width, 1, 1),
            nn.LeakyReLU(0.2), conv(width, latent, 1, 1),
        )  # fmt: skip
        self.up = nn.Sequential(
            conv(latent, 4 * width, 1, 1), nn.LeakyReLU(0.2), nn.PixelShuffle(2),
            conv(width, width, near, 1), nn.LeakyReLU(0.2), conv(width, outputs, 1, 1),
        )  # fmt: skip


class CoarseToFine(nn.Module):
    """Two hyper-latents: z1, at a quarter of y's resolution, predicts z2 at a half, and z2 y.

    near: each prediction sees near x near positions of the features decoded before it. No element
    waits for another of its own level, so that every level decodes in parallel.
    Source: in the spirit of Hu et al., 2020 and 2021.
    """

    def __init__(self, sigma: Tensor, width: int = 32, near: int = 5) -> None:
        super().__init__()
        M, self.head = len(sigma), HEADS["mean-scale"]
        self.fine = _Scale(M, width, width, 2 * M, near)
        self.coarse = _Scale(width, width, width // 2, 2 * width, near)
        self.z_prior, self.quantizer, self.warm_up = LogisticMixture(width // 2), Mixed(), WarmUp()
        _begin([self.fine.down, self.fine.up], self.head.start(sigma))
        self.register_buffer("unit", sigma[:, None, None])
        _begin([self.coarse.down, self.coarse.up], self.head.start(torch.full((width,), 2.0)))

    def bits(self, y_hat: Tensor) -> Tensor:
        """Bits of each picture, (B,): those of z1, z2 and y."""
        rate2, z2 = self.quantizer(self.fine.down(torch.asinh(y_hat)))
        rate1, z1 = self.quantizer(self.coarse.down(z2))
        bits_1 = bits_of(self.z_prior.likelihood(rate1))
        bits_2 = bits_of(self.head.probability(rate2, self.coarse.up(z1)))
        weight = self.warm_up.weight(self.training)
        return weight * (bits_1 + bits_2) + bits_of(
            self.head.probability(y_hat, self.fine.up(z2), self.unit)
        )
