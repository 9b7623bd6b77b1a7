"""Gates: where, and how many, bits go."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass
class Setting:
    """What a gate tells the others: gain and inverse gain (B, M, 1, 1), level from 0 to 1 (B,).

    All three are known to the decoder.
    """

    gain: Tensor
    inverse: Tensor
    level: Tensor


class Gain(nn.Module):
    """Every channel of y times a gain before it is rounded, divided by another afterwards.

    One network serves all rates: the gains of `levels` rates are learned, and rates between two
    levels take the geometric mean of their gains, weighted. A level is a number from 0 to
    levels - 1. lmbda(level) runs from lmbda_min to lmbda_max, evenly in logarithms.
    Source: Cui et al., "Asymmetric gained deep image compression", 2021.
    """

    def __init__(
        self, M: int, levels: int = 8, lmbda_min: float = 0.001, lmbda_max: float = 0.064
    ) -> None:
        super().__init__()
        self.levels, self.lmbda_min, self.lmbda_max = levels, lmbda_min, lmbda_max
        # A step of the quantizer ought to be proportional to 1 / sqrt(lmbda): start there.
        start = 0.5 * torch.log(self.lmbda(torch.arange(levels)) / self.lmbda(levels / 2))
        self.log_gain = nn.Parameter(start[:, None].repeat(1, M))
        self.log_inverse = nn.Parameter(-start[:, None].repeat(1, M))

    def lmbda(self, level: Tensor | float) -> Tensor:
        """The Lagrange multiplier of a level: bits per pixel for 1 of squared 8-bit error."""
        ratio = torch.as_tensor(level, dtype=torch.float32) / (self.levels - 1)
        return self.lmbda_min * (self.lmbda_max / self.lmbda_min) ** ratio

    def forward(self, level: Tensor) -> Setting:
        """The setting for levels (B,)."""
        low = level.floor().clamp(0, self.levels - 2).long()
        share = (level - low)[:, None]
        gain, inverse = (
            torch.exp((1 - share) * logs[low] + share * logs[low + 1])[:, :, None, None]
            for logs in (self.log_gain, self.log_inverse)
        )
        return Setting(gain, inverse, level / (self.levels - 1))
