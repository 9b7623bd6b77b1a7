"""Variable rate by conditioning: convolutions that know the rate, and a random step.

Source: Choi, El-Khamy and Lee, "Variable rate deep image compression with a conditional
autoencoder", 2019.
"""

import math

import torch
from torch import Tensor, nn

from lic_course.neural.layers import GDN, conv, deconv
from lic_course.neural.priors import LogisticMixture, bits_of
from lic_course.neural.transforms import MEAN, SPREAD


class Conditional(nn.Module):
    """A convolution whose outputs are scaled and shifted by numbers learned for each rate.

    The scale of rate k is softplus(u_k), 1 at the start; the shift is v_k, 0 at the start.
    """

    def __init__(self, layer: nn.Conv2d | nn.ConvTranspose2d, rates: int) -> None:
        super().__init__()
        self.layer = layer
        self.u = nn.Parameter(torch.full((rates, layer.out_channels), math.log(math.e - 1)))
        self.v = nn.Parameter(torch.zeros(rates, layer.out_channels))

    def forward(self, x: Tensor, rate: Tensor) -> Tensor:
        """Convolve x, (B, C, H, W), each at its rate, (B,) integers."""
        scale = nn.functional.softplus(self.u)[rate][:, :, None, None]
        return self.layer(x) * scale + self.v[rate][:, :, None, None]


def universal_quantize(y: Tensor, step: float, u: float) -> Tensor:
    """Round y to the lattice of a step, shifted by u steps, 0 <= u < 1, known to the decoder.

    With a random u the error is uniform and independent of y: what noise in training stands for.
    Source: Ziv, "On universal quantization", 1985.
    """
    return step * (torch.round(y / step + u) - u)


class ConditionalAutoencoder(nn.Module):
    """Four conditional layers each way with GDN between them, and a density scaled by rate.

    Coarse rate by `rate`, fine rate by the step of the quantizer. gains: (rates,) how large the
    latent of each rate is at the start; theory wants the square root of lambda.
    """

    def __init__(self, rates: int, N: int = 24, M: int = 32, gains: Tensor | None = None) -> None:
        super().__init__()

        def chain(layers: list[nn.Module]) -> nn.ModuleList:
            return nn.ModuleList(Conditional(layer, rates) for layer in layers)

        self.g_a = chain([conv(48, N, 3, 1), conv(N, N), conv(N, M)])
        self.g_s = chain([deconv(M, N), deconv(N, N), conv(N, 48, 3, 1)])
        self.norms = nn.ModuleList(GDN(N) for _ in range(2))
        self.inverses = nn.ModuleList(GDN(N, inverse=True) for _ in range(2))
        self.density = LogisticMixture(M)
        self.log_scale = nn.Parameter(torch.zeros(rates, M))
        if gains is not None:
            self._start_at(gains)

    @torch.no_grad()
    def _start_at(self, gains: Tensor) -> None:
        """Let the latents and their densities start `gains` times as wide."""
        for layer, g in ((self.g_a[-1], gains), (self.g_s[0], 1 / gains)):
            layer.u.copy_(torch.log(torch.expm1(g))[:, None])
        self.log_scale.copy_(torch.log(gains)[:, None])

    def analysis(self, x: Tensor, rate: Tensor) -> Tensor:
        """Latents (B, M, H/16, W/16) of pictures (B, 3, H, W) from 0 to 1."""
        y = nn.functional.pixel_unshuffle((x - MEAN) / SPREAD, 4)
        for layer, norm in zip(self.g_a[:-1], self.norms, strict=True):
            y = norm(layer(y, rate))
        return self.g_a[-1](y, rate)

    def synthesis(self, y: Tensor, rate: Tensor) -> Tensor:
        """Pictures of latents."""
        for layer, norm in zip(self.g_s[:-1], self.inverses, strict=True):
            y = norm(layer(y, rate))
        return SPREAD * nn.functional.pixel_shuffle(self.g_s[-1](y, rate), 4) + MEAN

    def forward(self, x: Tensor, rate: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
        """Code pictures at rates (B,) with steps (B, 1, 1, 1): x_hat, and bits of each, (B,).

        In training noise of the step's width stands for the quantizer; in evaluation it is
        universal quantization with one random u for each picture.
        """
        y = self.analysis(x, rate)
        u = torch.rand(y.shape if self.training else (len(y), 1, 1, 1), device=y.device)
        y_hat = y + step * (u - 0.5) if self.training else universal_quantize(y, step, u)
        scale = self.log_scale.exp()[rate][:, :, None, None]
        bits = bits_of(self.density.likelihood(y_hat / scale, 0.5 * step / scale))
        return self.synthesis(y_hat, rate), bits
