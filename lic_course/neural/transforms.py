"""Transforms: from a picture x to a latent y = g_a(x), and from y_hat back to x_hat = g_s(y_hat).

Pictures are float tensors (B, 3, H, W) from 0 to 1, with H and W multiples of `stride`; latents are
(B, M, H / stride, W / stride). A transform is a module with `g_a`, `g_s`, `M` and `stride`.
"""

import torch
from torch import Tensor, nn

from lic_course.neural.layers import GDN, Residual, conv, deconv

MEAN, SPREAD = 0.45, 0.25  # of the pictures; the networks see (x - MEAN) / SPREAD


class Transform(nn.Module):
    """A pair of networks g_a and g_s around the mean color."""

    stride = 16

    def __init__(self, g_a: nn.Module, g_s: nn.Module, M: int) -> None:
        super().__init__()
        self.g_a, self.g_s, self.M = g_a, g_s, M

    def analysis(self, x: Tensor) -> Tensor:
        """The latent of pictures x from 0 to 1: (B, 3, H, W) to (B, M, H / stride, W / stride)."""
        return self.g_a((x - MEAN) / SPREAD)

    def synthesis(self, y_hat: Tensor) -> Tensor:
        """The pictures of a latent, about 0 to 1, not clipped."""
        return SPREAD * self.g_s(y_hat) + MEAN


class Balle2018(Transform):
    """Four 5x5 convolutions of stride 2 with GDN between them: N channels inside, M in the latent.

    Source: Ballé, Minnen, Singh, Hwang and Johnston, 2018, figure 4.
    """

    def __init__(self, N: int = 128, M: int = 192) -> None:
        g_a = nn.Sequential(
            conv(3, N), GDN(N), conv(N, N), GDN(N), conv(N, N), GDN(N), conv(N, M)
        )  # fmt: skip
        g_s = nn.Sequential(
            deconv(M, N), GDN(N, inverse=True), deconv(N, N), GDN(N, inverse=True),
            deconv(N, N), GDN(N, inverse=True), deconv(N, 3),
        )  # fmt: skip
        super().__init__(g_a, g_s, M)


class Balle2017(Transform):
    """One stage of stride 4, then two of stride 2, with GDN between them.

    The paper's first stage is a 9x9 convolution of stride 4. Here 4x4 pixels become 48 channels
    first, and a 3x3 convolution follows: 12x12 pixels and stride 4, in a form that processors
    compute faster. Half as much memory traffic as Balle2018 at equal N.
    Source: Ballé, Laparra and Simoncelli, 2017, figure 2.
    """

    def __init__(self, N: int = 128, M: int = 192) -> None:
        g_a = nn.Sequential(
            nn.PixelUnshuffle(4), conv(48, N, 3, 1), GDN(N), conv(N, N), GDN(N), conv(N, M)
        )
        g_s = nn.Sequential(
            deconv(M, N), GDN(N, inverse=True), deconv(N, N), GDN(N, inverse=True),
            conv(N, 48, 3, 1), nn.PixelShuffle(4),
        )  # fmt: skip
        super().__init__(g_a, g_s, M)


class Pyramid(Transform):
    """A stage of stride 4 with N / 2 channels, then two of stride 2 with N and M, as in Balle2017.

    Half the channels where the maps are largest, and two residual blocks at a quarter of their
    area: for the same training time on a CPU it becomes better than Balle2018 (lesson 06).
    """

    def __init__(self, N: int = 128, M: int = 192) -> None:
        def block() -> Residual:
            return Residual(
                conv(N, N // 2, 1, 1), nn.ReLU(), conv(N // 2, N // 2, 3, 1), nn.ReLU(),
                conv(N // 2, N, 1, 1),
            )  # fmt: skip

        g_a = nn.Sequential(
            nn.PixelUnshuffle(4), conv(48, N // 2, 3, 1), GDN(N // 2), conv(N // 2, N), GDN(N),
            block(), block(), conv(N, M),
        )  # fmt: skip
        g_s = nn.Sequential(
            deconv(M, N), block(), block(), GDN(N, inverse=True), deconv(N, N // 2),
            GDN(N // 2, inverse=True), conv(N // 2, 48, 3, 1), nn.PixelShuffle(4),
        )  # fmt: skip
        super().__init__(g_a, g_s, M)


class PlusLinear(Transform):
    """A transform with a linear path beside it: y = g_a(x) + P x, and x_hat = g_s(y_hat) + Q y_hat.

    P and Q are one matrix each, applied to blocks of stride x stride pixels. `start_from_blocks`
    sets them to a Karhunen-Loève transform and the networks to nearly nothing: training then starts
    at the block PCA codec of lesson 04, and goes on from there.
    """

    def __init__(self, transform: Transform) -> None:
        super().__init__(transform.g_a, transform.g_s, transform.M)
        n, M = transform.stride, transform.M
        self.P = nn.Sequential(nn.PixelUnshuffle(n), nn.Conv2d(3 * n * n, M, 1, bias=False))
        self.Q = nn.Sequential(nn.Conv2d(M, 3 * n * n, 1, bias=False), nn.PixelShuffle(n))

    def analysis(self, x: Tensor) -> Tensor:
        """As in Transform."""
        x = (x - MEAN) / SPREAD
        return self.g_a(x).float() + self._linear(self.P, x)

    def synthesis(self, y_hat: Tensor) -> Tensor:
        """As in Transform."""
        return SPREAD * (self.g_s(y_hat).float() + self._linear(self.Q, y_hat)) + MEAN

    @staticmethod
    def _linear(path: nn.Module, a: Tensor) -> Tensor:
        """One linear path, in float32: bfloat16 is too coarse for what is as large as the mean."""
        with torch.autocast(a.device.type, enabled=False):
            return path(a.float())

    @torch.no_grad()
    def start_from_blocks(self, blocks: Tensor, unit: float = 48 / 255) -> Tensor:
        """Start as the KLT of `blocks`, (n, 3, stride, stride) from 0 to 1, at `unit` a step.

        Returns the standard deviations of y at that start, (M,).
        """
        X = blocks.flatten(1).double()
        X = X - X.mean(dim=0)
        values, vectors = torch.linalg.eigh(X.T @ X / len(X))
        rows = vectors.flip(1).T[: self.M].float()
        self.P[1].weight.copy_(rows[:, :, None, None] * SPREAD / unit)
        self.Q[0].weight.copy_(rows.T[:, :, None, None] * unit / SPREAD)
        for network in (self.g_a, self.g_s):
            last = [m for m in network if hasattr(m, "weight")][-1]
            last.weight.mul_(0.1)
            last.bias.zero_()
        return values.flip(0)[: self.M].clamp(min=0).sqrt().float() / unit
