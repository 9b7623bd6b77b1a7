"""Fuzzy partitions, and the F-transform and the F1-transform as matrix products.

A partition of N pixels has n nodes. Node k owns a hill A_k that falls from 1 at the node to 0 at
its neighbors, and at each pixel the hills sum to 1: a pixel belongs to two nodes, to each in part.

    direct    F = A f B^T / (a b^T)      a, b: the sums of the rows of A and B
    inverse   f^ = A^T F B

A component of F is the *mean* of the picture under a hill, weighted by the hill.
Sources: I. Perfilieva, "Fuzzy transforms: theory and applications", 2006; for the F1-transform
I. Perfilieva, M. Danková and B. Bede, "Towards a higher degree F-transform", 2011.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from lic_course.errors import LicError

SHAPES = ("triangular", "cosine")


@cache
def partition(N: int, n: int, shape: str = "triangular") -> np.ndarray:
    """The hills of n equally spaced nodes over N pixels: A (n, N) float64, read-only.

    The first node lies on the first pixel and the last node on the last pixel, so that the hills at
    both ends are halves. shape: "triangular" or "cosine". Raises `LicError` unless 2 <= n <= N.
    """
    if shape not in SHAPES:
        raise LicError(f"The hills of a fuzzy partition are {' or '.join(SHAPES)}, not {shape!r}.")
    if not 2 <= n <= N:
        raise LicError(f"A fuzzy partition of {N} pixels has from 2 to {N} nodes, not {n}.")
    # the distance of pixel j to node k in units of the node spacing h = (N - 1) / (n - 1)
    k, j = np.ogrid[:n, :N]
    distance = np.minimum(np.abs(j * (n - 1) - k * (N - 1)) / (N - 1), 1)
    A = 1 - distance if shape == "triangular" else (1 + np.cos(np.pi * distance)) / 2
    A.flags.writeable = False
    return A


def direct(f: np.ndarray, A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """The components F (..., n, m) of pictures f (..., N, M); A is (n, N) and B is (m, M)."""
    return _both_sides(A, f, B) / np.outer(A.sum(axis=1), B.sum(axis=1))


def inverse(F: np.ndarray, A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """The pictures (..., N, M) that components F (..., n, m) stand for."""
    return _both_sides(A.T, F, B.T)


def direct_1d(f: np.ndarray, A: np.ndarray) -> np.ndarray:
    """The components (..., n) of signals f (..., N)."""
    return f @ A.T / A.sum(axis=1)


def inverse_1d(F: np.ndarray, A: np.ndarray) -> np.ndarray:
    """The signals (..., N) that components F (..., n) stand for."""
    return F @ A


def _both_sides(A: np.ndarray, f: np.ndarray, B: np.ndarray) -> np.ndarray:
    """A f B^T for every f of a stack, as two large products instead of many small ones."""
    rows = f.reshape(-1, f.shape[-1]) @ B.T
    rows = rows.reshape(*f.shape[:-1], len(B)).swapaxes(-1, -2)
    columns = rows.reshape(-1, f.shape[-2]) @ A.T
    return columns.reshape(*rows.shape[:-1], len(A)).swapaxes(-1, -2)


@dataclass(frozen=True)
class F1Components:
    """A plane at each node instead of a number: three arrays (..., n, m).

    mean: the component of the F-transform; slope_y, slope_x: its slopes down and to the right, in
    gray levels per pixel.
    """

    mean: np.ndarray
    slope_y: np.ndarray
    slope_x: np.ndarray

    @property
    def count(self) -> int:
        """How many numbers have to be stored: three for each node."""
        return self.mean.size + self.slope_y.size + self.slope_x.size


def tilted(A: np.ndarray) -> np.ndarray:
    """The hills times the distance to their center of mass, (n, N).

    A half hill at the border, or one that the pixels hit unevenly, has its center of mass beside
    its node. Only the distance to the center of mass is orthogonal to the constant.
    """
    j = np.arange(A.shape[1])
    center = A @ j / A.sum(axis=1)
    return A * (j - center[:, None])


def direct_f1(f: np.ndarray, A: np.ndarray, B: np.ndarray) -> F1Components:
    """The F1-transform: under each hill, the plane of the least weighted squared error."""
    D, E = tilted(A), tilted(B)
    a, b = A.sum(axis=1), B.sum(axis=1)
    return F1Components(
        direct(f, A, B),
        _both_sides(D, f, B) / np.outer(_spread(A), b),
        _both_sides(A, f, E) / np.outer(a, _spread(B)),
    )


def _spread(A: np.ndarray) -> np.ndarray:
    """The weighted sum of squared distances under each hill; 1 under a hill of one pixel."""
    j = np.arange(A.shape[1])
    center = A @ j / A.sum(axis=1)
    spread = (A * (j - center[:, None]) ** 2).sum(axis=1)
    return np.where(spread > 0, spread, 1)


def inverse_f1(F: F1Components, A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """The pictures (..., N, M) that planes at the nodes stand for."""
    D, E = tilted(A), tilted(B)
    return inverse(F.mean, A, B) + inverse(F.slope_y, D, B) + inverse(F.slope_x, A, E)
