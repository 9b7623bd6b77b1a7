"""Quantizers: what stands for rounding while a network is trained.

Rounding has the derivative 0 almost everywhere, so training needs a surrogate. A quantizer is
called with y and perhaps a prediction mu, and returns two latents: the one whose likelihood is
taken as the rate, and the one that the decoder sees. In evaluation both are round(y - mu) + mu.
"""

import math

import torch
from torch import Tensor, nn

from lic_course.neural.gates import Setting
from lic_course.neural.layers import straight_through_round


def add_noise(y: Tensor) -> Tensor:
    """Y plus independent noise, uniform from -1/2 to 1/2: the density of round(y), smoothed."""
    return y + torch.empty_like(y).uniform_(-0.5, 0.5)


class Quantizer(nn.Module):
    """Rounds around mu in evaluation mode; subclasses say what happens in training."""

    def forward(self, y: Tensor, mu: Tensor | float = 0.0) -> tuple[Tensor, Tensor]:
        """Both latents: for the rate, and for the decoder."""
        if not self.training:
            y_hat = torch.round(y - mu) + mu
            return y_hat, y_hat
        return self.surrogate(y, mu)

    def surrogate(self, y: Tensor, mu: Tensor | float) -> tuple[Tensor, Tensor]:
        """The two latents in training."""
        raise NotImplementedError


class Noise(Quantizer):
    """Noise for both (Ballé et al., 2017)."""

    def surrogate(self, y: Tensor, mu: Tensor | float) -> tuple[Tensor, Tensor]:
        """See Quantizer."""
        noisy = add_noise(y)
        return noisy, noisy


class StraightThrough(Quantizer):
    """Rounding for both, with a derivative of 1 (Theis et al., 2017)."""

    def surrogate(self, y: Tensor, mu: Tensor | float) -> tuple[Tensor, Tensor]:
        """See Quantizer."""
        y_hat = straight_through_round(y - mu) + mu
        return y_hat, y_hat


class Mixed(Quantizer):
    """Noise for the rate, rounding for the decoder (Minnen and Singh, 2020)."""

    def surrogate(self, y: Tensor, mu: Tensor | float) -> tuple[Tensor, Tensor]:
        """See Quantizer."""
        return add_noise(y), straight_through_round(y - mu) + mu


class Universal(Quantizer):
    """Noise in training, and the very same noise in use: round(y - mu + u) - u + mu.

    The dither u comes from a seed that encoder and decoder share, so the error is independent of y
    and uniform, as it was in training. Source: Ziv, 1985; Choi, El-Khamy and Lee, 2019.
    """

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.seed = seed

    def dither(self, y: Tensor) -> Tensor:
        """Noise of the shape of y, from -1/2 to 1/2, the same at each call."""
        generator = torch.Generator().manual_seed(self.seed)
        return (torch.rand(y.shape, generator=generator) - 0.5).to(y.device, y.dtype)

    def forward(self, y: Tensor, mu: Tensor | float = 0.0) -> tuple[Tensor, Tensor]:
        """See Quantizer; in evaluation the rate is that of round(y - mu + u) given u."""
        if self.training:
            noisy = add_noise(y)
            return noisy, noisy
        u = self.dither(y)
        y_hat = torch.round(y - mu + u) - u + mu
        return y_hat, y_hat


class SoftToHard(nn.Module):
    """Vectors of z become mixtures of learned centers in training, the nearest center in use.

    hardness: how fast the share of a center falls with its squared distance; `anneal` raises it.
    The values of a tensor are taken `dim` at a time, as they lie in memory.
    Source: Agustsson et al., 2017 (there a controller raises the hardness; here it is geometric).
    """

    def __init__(self, centers: Tensor, hardness: tuple[float, float] = (1.0, 50.0)) -> None:
        super().__init__()
        self.centers = nn.Parameter(centers.clone())  # (L, dim)
        self.range, self.hardness = hardness, hardness[0]

    def anneal(self, share: float) -> None:
        """Set the hardness for a share of the training, 0 to 1."""
        low, high = self.range
        self.hardness = low * (high / low) ** share

    def distances(self, z: Tensor) -> Tensor:
        """Squared distances of all vectors of z from all centers, (n, L)."""
        vectors = z.reshape(-1, self.centers.shape[1])
        return (vectors[:, None] - self.centers).square().sum(-1)

    def soft(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The mixtures, of the shape of z, and the share of each center in them, (n, L)."""
        shares = torch.softmax(-self.hardness * self.distances(z), dim=1)
        return (shares @ self.centers).view(z.shape), shares

    def indices(self, z: Tensor) -> Tensor:
        """The number of the nearest center for each vector, (n,): what a file would hold."""
        return self.distances(z).argmin(dim=1)

    def hard(self, z: Tensor) -> Tensor:
        """The nearest centers, of the shape of z."""
        return self.centers[self.indices(z)].view(z.shape)

    def forward(self, z: Tensor) -> Tensor:
        """Soft in training, hard in evaluation."""
        return self.soft(z)[0] if self.training else self.hard(z)

    def bits(self, z: Tensor) -> Tensor:
        """Bits of all vectors: soft counts in training, coded for the histogram of hard ones."""
        indices = self.indices(z)
        counts = torch.bincount(indices, minlength=len(self.centers)) + 1.0
        price = -torch.log2(counts / counts.sum())
        return (self.soft(z)[1] @ price).sum() if self.training else price[indices].sum()


class LearnedStep(nn.Module):
    """A step for each channel, learned; `multiplier` changes the rate after the training.

    Stands where a gate stands: y is divided by its step before it is rounded, and multiplied after.
    Source: Dumas, Roumy and Guillemot, 2018.
    """

    levels = 2

    def __init__(self, M: int, step: float = 1.0) -> None:
        super().__init__()
        self.log_step = nn.Parameter(torch.full((M,), math.log(step)))
        self.multiplier = 1.0

    def forward(self, level: Tensor) -> Setting:
        """The setting for a batch; only its length matters."""
        step = (self.log_step.exp() * self.multiplier).view(1, -1, 1, 1)
        step = step.expand(len(level), -1, 1, 1)
        return Setting(1 / step, step, level)
