"""Transforms of the first learned codecs, beside those with GDN in `transforms`, and a rotation.

The interface is that of `transforms.Transform`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lic_course.neural.layers import Residual, conv, deconv
from lic_course.neural.transforms import Transform


class CompressiveAutoencoder(Transform):
    """Residual blocks at an eighth of the size, and sub-pixel convolutions on the way back.

    N: channels of the blocks, 128 in the paper; M: 96 there. Its padding is mirrored, ours zero.
    Source: Theis, Shi, Cunningham and Huszár, 2017, figure 2.
    """

    stride = 8

    def __init__(self, N: int = 128, M: int = 96, blocks: int = 3) -> None:
        def block() -> Residual:
            return Residual(conv(N, N, 3, 1), nn.LeakyReLU(), conv(N, N, 3, 1))

        g_a = nn.Sequential(
            conv(3, N // 2), nn.LeakyReLU(), conv(N // 2, N), nn.LeakyReLU(),
            *(block() for _ in range(blocks)), conv(N, M),
        )  # fmt: skip
        g_s = nn.Sequential(
            conv(M, 4 * N, 3, 1), nn.PixelShuffle(2), *(block() for _ in range(blocks)),
            conv(N, 2 * N, 3, 1), nn.PixelShuffle(2), nn.LeakyReLU(),
            conv(N // 2, 12, 3, 1), nn.PixelShuffle(2),
        )  # fmt: skip
        super().__init__(g_a, g_s, M)


class PReluAutoencoder(Transform):
    """Three units of two 3x3 convolutions with PReLU, the second of stride 2, and their mirror.

    In the spirit of Cheng, Sun, Takeuchi and Katto, 2018, who rotate the latent, see `Rotation`.
    """

    stride = 8

    def __init__(self, N: int = 32, M: int = 32) -> None:
        def down(i: int, o: int) -> list[nn.Module]:
            return [conv(i, N, 3, 1), nn.PReLU(N), conv(N, o, 3)]

        def up(i: int, o: int) -> list[nn.Module]:
            return [deconv(i, N, 3), nn.PReLU(N), conv(N, o, 3, 1)]

        g_a = nn.Sequential(
            *down(3, N), nn.PReLU(N), *down(N, N), nn.PReLU(N), *down(N, M)
        )  # fmt: skip
        g_s = nn.Sequential(
            *up(M, N), nn.PReLU(N), *up(N, N), nn.PReLU(N), *up(N, 3)
        )  # fmt: skip
        super().__init__(g_a, g_s, M)


class _Scales(nn.Module):
    """Features of the picture at full, half and quarter size, brought to 1/16 and added."""

    def __init__(self, N: int, M: int, scales: int) -> None:
        super().__init__()
        self.features = nn.ModuleList(
            nn.Sequential(nn.PixelUnshuffle(4), conv(48, N, 3, 1), nn.LeakyReLU(0.2))
            for _ in range(scales)
        )
        self.alignment = nn.ModuleList(
            nn.Sequential(
                *(layer for _ in range(2 - scale) for layer in (conv(N, N, 3), nn.LeakyReLU(0.2))),
                conv(N, M, 3, 1),
            )
            for scale in range(scales)
        )

    def forward(self, x: Tensor) -> Tensor:
        """The latent of a normalized picture."""
        total = 0
        for features, alignment in zip(self.features, self.alignment, strict=True):
            total = total + alignment(features(x))
            x = F.avg_pool2d(x, 2)
        return total


class MultiScale(Transform):
    """Features of several scales of the picture, aligned and added; a plain way back.

    scales: 1 to 3. In the spirit of Rippel and Bourdev, 2017, section 3.1.
    """

    def __init__(self, N: int = 32, M: int = 48, scales: int = 3) -> None:
        g_s = nn.Sequential(
            deconv(M, N, 3), nn.LeakyReLU(0.2), deconv(N, N, 3), nn.LeakyReLU(0.2),
            conv(N, 48, 3, 1), nn.PixelShuffle(4),
        )  # fmt: skip
        super().__init__(_Scales(N, M, scales), g_s, M)


class Rotation:
    """The principal axes of latents: rotated channels are uncorrelated, the strongest first.

    y: latents (B, M, h, w) to fit to. Source of its use: Cheng et al., 2018.
    """

    def __init__(self, y: Tensor) -> None:
        Y = y.detach().transpose(0, 1).flatten(1).double()
        self.mean = Y.mean(dim=1).float()
        values, vectors = torch.linalg.eigh(torch.cov(Y, correction=0).reshape(len(Y), len(Y)))
        self.variances, self.U = values.flip(0).float(), vectors.flip(1).float()

    def __call__(self, y: Tensor) -> Tensor:
        """U^T (y - mean) at each place."""
        return torch.einsum("mk,bmhw->bkhw", self.U, y - self.mean[:, None, None])

    def back(self, r: Tensor) -> Tensor:
        """The inverse of a call."""
        return torch.einsum("mk,bkhw->bmhw", self.U, r) + self.mean[:, None, None]
