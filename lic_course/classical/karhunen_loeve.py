"""Principal components, the Karhunen-Loeve transform (KLT): axes fitted to the data themselves.

    mu = mean of the samples,  S = covariance = V diag(l) V^T,  l1 >= l2 >= ...
    scores P = (X - mu) V_K,   X_hat = P V_K^T + mu

Keeping K of d components leaves the error l_{K+1} + ... + l_d per sample, the least that any K
linear numbers can leave (Eckart and Young, 1936). It falls with every component that is added.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pca:
    """The mean (d,), the axes as columns of V (d, K), and the variance along each, (K,)."""

    mu: np.ndarray
    V: np.ndarray
    variances: np.ndarray

    def scores(self, X: np.ndarray) -> np.ndarray:
        """Samples (n, d) in the coordinates of the axes, (n, K)."""
        return (X - self.mu) @ self.V

    def reconstruct(self, P: np.ndarray) -> np.ndarray:
        """Samples (n, d) from their scores (n, K)."""
        return P @ self.V.T + self.mu


def fit_pca(X: np.ndarray, K: int | None = None, weights: np.ndarray | None = None) -> Pca:
    """Fit the K strongest principal components (all d when None) to samples X (n, d).

    weights: (n,) importance of each sample, for mean and covariance alike; all equal when None.
    The covariance divides by n (by the sum of the weights), not by n - 1. Axes have length 1, and
    their entry of largest magnitude is positive, because the sign is arbitrary otherwise.
    """
    X = np.asarray(X, np.float64)
    w = np.full(len(X), 1 / len(X)) if weights is None else weights / np.sum(weights)
    mu = w @ X
    centered = X - mu
    return axes_of((centered * w[:, None]).T @ centered, mu, K)


def axes_of(S: np.ndarray, mu: np.ndarray, K: int | None = None) -> Pca:
    """The K strongest axes of a covariance matrix S (d, d)."""
    variances, V = np.linalg.eigh(S)
    variances, V = variances[::-1][:K], V[:, ::-1][:, :K]
    largest = V[np.abs(V).argmax(axis=0), np.arange(V.shape[1])]
    return Pca(mu, V * np.where(largest < 0, -1.0, 1.0), np.maximum(variances, 0.0))


def coding_gain(variances: np.ndarray) -> float:
    """Arithmetic over geometric mean of the components' variances, in dB.

    At high rate, and if each component is Gaussian, this is by how much the transform lowers the
    error at equal rate. Source: Jayant and Noll, "Digital Coding of Waveforms", 1984.
    """
    variances = np.maximum(np.asarray(variances, np.float64), 1e-12)
    return float(10 * (np.log10(variances.mean()) - np.log10(variances).mean()))


def truncation_error(X: np.ndarray, V: np.ndarray, K: int) -> float:
    """Mean squared error when all samples keep the K coefficients of the largest mean square.

    X: (n, d) samples, the mean already taken off; V: (d, d), orthonormal axes in its columns. No V
    leaves less than the KLT of the same samples.
    """
    power = np.sort(((X @ V) ** 2).mean(axis=0))
    return float(power[: len(power) - K].sum() / X.shape[1])


def sparse_error(X: np.ndarray, V: np.ndarray, K: int) -> float:
    """The same when each sample keeps its own K largest coefficients, which is what codecs do.

    Here the KLT is not the best: at edges, the DCT needs fewer coefficients.
    """
    power = np.sort((X @ V) ** 2, axis=1)
    return float(power[:, : power.shape[1] - K].sum() / X.size)


@dataclass(frozen=True)
class RowPca:
    """A picture from K components of its rows, and what storing these would take."""

    image: np.ndarray  # (H, W) uint8
    K: int
    basis_bytes: int  # the axes and the mean, one byte a number
    score_bytes: int

    @property
    def nbytes(self) -> int:
        """All bytes that a decoder would need."""
        return self.basis_bytes + self.score_bytes


def row_pca(image: np.ndarray, K: int) -> RowPca:
    """The PCA of many tutorials: each row of a gray picture is a sample; keep K components.

    All numbers are rounded to 8 bits here: the mean to whole gray levels, each axis and each column
    of scores in units of 1/127 of its largest entry. This shows why it is no codec: each picture
    has its own axes, K rows of W numbers, and they weigh as much as the scores.
    """
    pca = fit_pca(image, K)
    mu, V = np.rint(pca.mu), _to_bytes(pca.V)
    scores = (image - mu) @ np.linalg.pinv(V).T
    rows = _to_bytes(scores) @ V.T + mu
    decoded = np.clip(np.rint(rows), 0, 255).astype(np.uint8)
    height, width = image.shape
    return RowPca(decoded, V.shape[1], V.size + width, height * V.shape[1])


def _to_bytes(columns: np.ndarray) -> np.ndarray:
    """Each column in whole multiples of 1/127 of its largest magnitude."""
    units = np.maximum(np.abs(columns).max(axis=0), 1e-12) / 127
    return np.rint(columns / units) * units
