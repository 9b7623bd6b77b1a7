"""A learned codec as a composition: transform, quantizer, gate and prior, trained together."""

from dataclasses import dataclass

from torch import Tensor, nn

from lic_course.neural.gates import Gain
from lic_course.neural.quantizers import Quantizer
from lic_course.neural.transforms import Transform


@dataclass
class Coded:
    """A batch after the round trip: x_hat (B, 3, H, W), and bits per pixel by latent, (B,) each."""

    x_hat: Tensor
    bpp: dict[str, Tensor]

    @property
    def rate(self) -> Tensor:
        """All bits per pixel, (B,)."""
        return sum(self.bpp.values())


class Composition(nn.Module):
    """The network of a codec in training: pictures in, pictures and their rates out."""

    def __init__(
        self, transform: Transform, quantizer: Quantizer, gate: Gain, prior: nn.Module
    ) -> None:
        super().__init__()
        self.transform, self.quantizer, self.gate, self.prior = transform, quantizer, gate, prior

    def forward(self, x: Tensor, level: Tensor) -> Coded:
        """Code pictures x, (B, 3, H, W) from 0 to 1, at the levels (B,) of the gate."""
        setting = self.gate(level)
        y = self.transform.analysis(x) * setting.gain
        rated = self.prior(y, self.quantizer, setting)
        x_hat = self.transform.synthesis(rated.y_hat * setting.inverse)
        pixels = x.shape[-2] * x.shape[-1]
        return Coded(x_hat, {name: bits / pixels for name, bits in rated.bits.items()})
