"""Training by a Kalman filter: weights as the state of a system, pixels as its measurements.

Instead of one learning rate the filter keeps the covariance P of all weights, and so learns much
from each sample, at a cost of (number of weights)**2. In the spirit of Sento, 2016, whose paper
says little; the extended Kalman filter for networks: Singhal and Wu, 1989.
"""

import torch
from torch import Tensor


class TinyAutoencoder:
    """x_hat = W2 tanh(W1 x + b1) + b2, with all weights in one vector w."""

    def __init__(self, pixels: int = 64, codes: int = 8, seed: int = 0) -> None:
        self.shapes = [(codes, pixels), (codes,), (pixels, codes), (pixels,)]
        generator = torch.Generator().manual_seed(seed)
        sizes = [torch.Size(shape).numel() for shape in self.shapes]
        w = [torch.randn(n, generator=generator, dtype=torch.float64) for n in sizes]
        self.w = torch.cat([0.1 * w[0], 0 * w[1], 0.1 * w[2], 0 * w[3]])
        self.sizes = sizes

    def parts(self, w: Tensor) -> list[Tensor]:
        """W1, b1, W2, b2 of a vector of weights."""
        pieces = zip(w.split(self.sizes), self.shapes, strict=True)
        return [piece.view(shape) for piece, shape in pieces]

    def code(self, x: Tensor) -> Tensor:
        """The codes of samples x, (n, pixels): (n, codes) between -1 and 1."""
        W1, b1, _, _ = self.parts(self.w)
        return torch.tanh(x @ W1.T + b1)

    def __call__(self, x: Tensor, w: Tensor | None = None) -> Tensor:
        """The reconstructions of samples x, (n, pixels)."""
        W1, b1, W2, b2 = self.parts(self.w if w is None else w)
        return torch.tanh(x @ W1.T + b1) @ W2.T + b2

    def jacobian(self, x: Tensor) -> Tensor:
        """Derivatives of the reconstruction of one sample by all weights, (pixels, weights)."""
        _, _, W2, _ = self.parts(self.w)
        h = self.code(x[None])[0]
        d = W2 * (1 - h**2)  # (pixels, codes): by what goes into tanh
        by_W1 = (d[:, :, None] * x).flatten(1)
        eye = torch.eye(len(x), dtype=x.dtype)
        by_W2 = (eye[:, :, None] * h).flatten(1)
        return torch.cat([by_W1, d, by_W2, eye], dim=1)


class KalmanTrainer:
    """An extended Kalman filter over the weights of a network.

    spread: variance of the weights before training; r: of the pixels' noise; q: how far weights
    may drift between two samples.
    """

    def __init__(
        self, network: TinyAutoencoder, spread: float = 0.1, r: float = 0.1, q: float = 1e-6
    ) -> None:
        self.network, self.r, self.q = network, r, q
        self.P = spread * torch.eye(len(network.w), dtype=torch.float64)

    def learn(self, x: Tensor) -> None:
        """One sample, (pixels,)."""
        H = self.network.jacobian(x)
        HP = H @ self.P
        S = HP @ H.T + self.r * torch.eye(len(x), dtype=x.dtype)
        K = torch.linalg.solve(S, HP).T
        self.network.w = self.network.w + K @ (x - self.network(x[None])[0])
        self.P = self.P - K @ HP
        self.P.diagonal().add_(self.q)
