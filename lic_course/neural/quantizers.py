"""Quantizers: what stands for rounding while a network is trained.

Rounding has the derivative 0 almost everywhere, so training needs a surrogate. A quantizer is
called with y and perhaps a prediction mu, and returns two latents: the one whose likelihood is
taken as the rate, and the one that the decoder sees. In evaluation both are round(y - mu) + mu.
"""

import torch
from torch import Tensor, nn

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
