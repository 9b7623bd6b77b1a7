"""Non-local means: a pixel becomes the average of all pixels whose surroundings look like its own.

The idea that repeated texture is worth more than nearness came from noise removal, and from there
into networks (non-local blocks) and context models (neural/global_context.py).
Source: Buades, Coll and Morel, "A non-local algorithm for image denoising", 2005.
"""

import numpy as np


def non_local_means(
    x: np.ndarray, h: float, patch: int = 7, search: int = 21, sigma: float = 0.0
) -> np.ndarray:
    """NL(i) = sum_j w(i, j) x(j) / sum_j w(i, j), over the pixels j in a window around i.

    w(i, j) = exp(-max(d - 2 sigma**2, 0) / h**2), where d is the mean squared difference of the
    patches around i and j. x: (H, W); patch, search: odd sizes of patches and of the window. h: how
    soon patches count as different; sigma: the noise. Returns (H, W) float64.
    """
    reach, r = search // 2, patch // 2
    x = np.asarray(x, np.float64)
    wide = np.pad(np.pad(x, r, mode="reflect"), reach)
    inside = np.pad(np.ones_like(x), reach)  # only pixels of the picture count
    weights, total = np.zeros_like(x), np.zeros_like(x)
    for di in range(reach * 2 + 1):
        for dj in range(reach * 2 + 1):
            d = np.maximum(_distance(wide, di, dj, reach, r) - 2 * sigma**2, 0)
            w = np.exp(-d / h**2) * _part(inside, di, dj, x.shape)
            weights += w
            total += w * _part(wide, di + r, dj + r, x.shape)
    return total / weights


def _part(array: np.ndarray, top: int, left: int, shape: tuple[int, ...]) -> np.ndarray:
    return array[top : top + shape[0], left : left + shape[1]]


def _distance(wide: np.ndarray, top: int, left: int, reach: int, r: int) -> np.ndarray:
    """The mean squared difference between the patch of each pixel and that of a shifted one."""
    shape = tuple(size - 2 * reach for size in wide.shape)
    square = (_part(wide, top, left, shape) - _part(wide, reach, reach, shape)) ** 2
    sums, n = np.pad(square.cumsum(0).cumsum(1), ((1, 0), (1, 0))), 2 * r + 1
    return (sums[n:, n:] - sums[:-n, n:] - sums[n:, :-n] + sums[:-n, :-n]) / n**2
