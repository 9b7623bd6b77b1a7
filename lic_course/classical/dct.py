"""The discrete cosine transform of blocks, as two matrix products.

F = C f C^T        f = C^T F C        C C^T = I
"""

from functools import cache

import numpy as np


@cache
def dct_matrix(N: int = 8) -> np.ndarray:
    """The orthonormal DCT-II matrix C, (N, N) float64, read-only: row u is a cosine of frequency u.

    C[u, x] = a(u) cos((2x + 1) u pi / 2N), with a(0) = sqrt(1/N) and a(u) = sqrt(2/N) otherwise.
    Source: Ahmed, Natarajan and Rao, "Discrete cosine transform", 1974; ITU-T T.81, A.3.3.
    """
    u, x = np.ogrid[:N, :N]
    C = np.sqrt(2 / N) * np.cos((2 * x + 1) * u * np.pi / (2 * N))
    C[0] = np.sqrt(1 / N)
    C.flags.writeable = False
    return C


def dct2(blocks: np.ndarray) -> np.ndarray:
    """Transform blocks (..., N, N) to coefficients (..., N, N): vertical frequency u, then v."""
    return _both_sides(dct_matrix(blocks.shape[-1]), blocks)


def idct2(coefficients: np.ndarray) -> np.ndarray:
    """Transform coefficients (..., N, N) back to samples: the exact inverse of `dct2`."""
    return _both_sides(dct_matrix(coefficients.shape[-1]).T, coefficients)


def _both_sides(M: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """M @ block @ M.T for every block, as two large products instead of many small ones."""
    for _ in range(2):
        rows = blocks.reshape(-1, blocks.shape[-1]) @ M.T
        blocks = rows.reshape(blocks.shape).swapaxes(-1, -2)
    return blocks
