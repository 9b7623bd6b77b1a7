"""A small recurrent variational autoencoder (DRAW): a picture drawn in several steps.

In each step the encoder sees what is still missing, and z_t tells the decoder a part of it. The
code length is ideal: KL(q || p) in bits for each step; there is no file.
Source: in the spirit of Gregor et al., "Towards conceptual compression", 2016.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lic_course.neural.layers import conv, deconv

LN2 = math.log(2)


class ConvLSTM(nn.Module):
    """A long short-term memory whose four gates are one 3x3 convolution."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden, self.gates = hidden, conv(inputs + hidden, 4 * hidden, 3, 1)

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """The next state (h, c) after x, all (B, hidden, h, w)."""
        h, c = state
        i, f, o, g = self.gates(torch.cat([x, h], dim=1)).chunk(4, dim=1)
        c = torch.sigmoid(f + 1) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c


def gaussian_kl(mean_q: Tensor, log_q: Tensor, mean_p: Tensor, log_p: Tensor) -> Tensor:
    """KL of two Gaussians in bits, from means and logarithms of scales: the same shape."""
    ratio = torch.exp(2 * (log_q - log_p))
    shift = ((mean_q - mean_p) * torch.exp(-log_p)) ** 2
    return (log_p - log_q + 0.5 * (ratio + shift - 1)) / LN2


@dataclass
class Drawing:
    """The picture, (B, 1, H, W), and the bits that each step told, (B, steps)."""

    canvas: Tensor
    bits: Tensor


class Draw(nn.Module):
    """`steps` steps of two ConvLSTMs at half the resolution; z_t has 4 channels at a quarter."""

    def __init__(self, steps: int = 6, hidden: int = 16, latent: int = 4) -> None:
        super().__init__()
        self.steps, self.hidden = steps, hidden
        self.look = conv(2, hidden)  # at the picture and at what is missing
        self.encoder = ConvLSTM(2 * hidden, hidden)
        self.decoder = ConvLSTM(hidden, hidden)
        self.posterior = conv(hidden, 2 * latent)
        self.prior = conv(hidden, 2 * latent)
        self.listen = deconv(latent, hidden)
        self.draw = deconv(hidden, 1)

    def forward(self, x: Tensor, told: frozenset[int] | None = None) -> Drawing:
        """Draw pictures x, (B, 1, H, W), about -1 to 1.

        told: the steps whose z is sent; for the others the decoder takes the mean of its prior.
        All are, when None, and z is drawn at random in training.
        """
        b, _, height, width = x.shape
        zeros = x.new_zeros(b, self.hidden, height // 2, width // 2)
        encoder, decoder, canvas, bits = (zeros, zeros), (zeros, zeros), torch.zeros_like(x), []
        for t in range(self.steps):
            seen = self.look(torch.cat([x, x - canvas], dim=1))
            encoder = self.encoder(torch.cat([seen, decoder[0]], dim=1), encoder)
            mean_p, log_p = self.prior(decoder[0]).chunk(2, dim=1)
            mean_q, log_q = self.posterior(encoder[0]).chunk(2, dim=1)
            is_told = told is None or t in told
            z = mean_q if is_told else mean_p
            if self.training:
                z = z + torch.exp(log_q) * torch.randn_like(z)
            kl = gaussian_kl(mean_q, log_q, mean_p, log_p).flatten(1).sum(1)
            bits.append(kl if is_told else torch.zeros_like(kl))
            decoder = self.decoder(self.listen(z), decoder)
            canvas = canvas + self.draw(decoder[0])
        return Drawing(canvas, torch.stack(bits, dim=1))
