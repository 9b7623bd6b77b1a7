"""A filter after the decoder: it predicts x - x_hat from x_hat alone, and costs no bits.

Source: in the spirit of Zhou et al., "Variational autoencoder for low bit-rate image compression",
2018.
"""

from torch import Tensor, nn

from lic_course.neural.layers import conv


class PostFilter(nn.Module):
    """x_hat plus a small network of it, at half the resolution inside; starts as the identity."""

    def __init__(self, width: int = 32, layers: int = 3) -> None:
        super().__init__()
        inner = [conv(12, width, 3, 1), *(conv(width, width, 3, 1) for _ in range(layers))]
        for layer in inner:
            nn.init.kaiming_normal_(layer.weight, 0.2)
            nn.init.zeros_(layer.bias)
        last = conv(width, 12, 3, 1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.body = nn.Sequential(
            nn.PixelUnshuffle(2), *(m for layer in inner for m in (layer, nn.LeakyReLU(0.2))), last,
            nn.PixelShuffle(2),
        )  # fmt: skip

    def forward(self, x_hat: Tensor) -> Tensor:
        """Filter pictures (B, 3, H, W) from 0 to 1, H and W even."""
        return x_hat + self.body(x_hat - 0.5)
