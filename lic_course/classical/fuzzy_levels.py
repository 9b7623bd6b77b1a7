"""The multilevel F-transform, the fast one, and three facts about them.

Multilevel (MF-tr): transform the picture, then what the inverse misses, then what is still missed,
until the sum is good enough. Fast (FMF-tr): first find a partition with which few levels do.
Sources: F. Di Martino and S. Sessa, "Multi-level fuzzy transforms image compression", 2019;
F. Di Martino, I. Perfilieva and S. Sessa, "A fast multilevel fuzzy transform image compression
method", 2019. Where the papers leave something open, the choice here is ours.

1. All levels on one partition collapse: the transform is linear, so that the sum of the inverses is
   the inverse of the *sum* of the components. One array says it all (`collapse`).
2. The limit is least squares: level after level the sum goes to `inverse(least_squares(f))`, and no
   threshold beyond it can be reached. With R = A^T D A it is (I - (I - R)^L) f after L levels.
3. A rate that counts nodes is no rate: F1 stores three numbers a node, L levels L (`rate`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lic_course import metrics
from lic_course.classical.fuzzy_partition import direct, inverse, partition
from lic_course.images import from_blocks, pad_to_multiple, to_blocks

RATES = ((16, 3), (8, 2), (8, 3), (4, 2), (3, 2), (4, 3))  # block size and nodes, cheapest first
NUMBERS_PER_NODE = {"F": 1, "F1": 3}


def components(f: np.ndarray, A: np.ndarray, B: np.ndarray) -> Iterator[np.ndarray]:
    """The components (..., n, m) of one level after the other, all on the same partition."""
    rest = np.asarray(f, np.float64)
    while True:
        F = direct(rest, A, B)
        yield F
        rest = rest - inverse(F, A, B)


def collapse(f: np.ndarray, A: np.ndarray, B: np.ndarray, levels: int) -> np.ndarray:
    """One array of components (..., n, m) that does what `levels` levels do together."""
    return sum(F for F, _ in zip(components(f, A, B), range(levels), strict=False))


def least_squares(f: np.ndarray, A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """The components (..., n, m) whose inverse comes closest to f: the limit of all levels."""
    return inverse(f, np.linalg.pinv(A), np.linalg.pinv(B))


def rate(block: int, n: int, kind: str = "F", levels: int = 1) -> float:
    """Numbers stored for each pixel, all of them: times 8 it is bits per pixel at 8 bits each.

    kind: "F" or "F1". The papers write rho = n^2 / block^2, whatever a node stores.
    """
    return NUMBERS_PER_NODE[kind] * levels * n * n / (block * block)


def in_blocks(
    plane: np.ndarray, block: int, operation: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Apply an operation on blocks (rows, columns, block, block) to a plane of any size."""
    height, width = plane.shape
    blocks = to_blocks(pad_to_multiple(plane, block), block)
    return from_blocks(operation(blocks))[:height, :width]


@dataclass(frozen=True)
class Multilevel:
    """What the multilevel F-transform of a picture came to.

    picture: the sum of the levels, rounded and clipped, (H, W) uint8; psnr: after each level, in
    dB; rate: numbers stored for each pixel, all levels counted; reached: the threshold was.
    """

    block: int
    n: int
    picture: np.ndarray
    psnr: tuple[float, ...]
    reached: bool

    @property
    def levels(self) -> int:
        """How many levels were used."""
        return len(self.psnr)

    @property
    def rate(self) -> float:
        """Numbers stored for each pixel, the levels counted."""
        return rate(self.block, self.n, levels=self.levels)


def mf_transform(
    image: np.ndarray,
    block: int,
    n: int,
    threshold: float,
    most: int = 5,
    shape: str = "triangular",
    step: float = 1.0,
) -> Multilevel:
    """MF-tr: levels on blocks until the PSNR reaches `threshold` dB, but `most` levels at most.

    image: gray (H, W) uint8; block, n: block size and nodes along each side; step: to multiples of
    it the components are rounded.
    """
    A = partition(block, n, shape)
    rest, psnr = image.astype(np.float64), []
    while True:
        rest = rest - in_blocks(
            rest, block, lambda f: inverse(step * np.rint(direct(f, A, A) / step), A, A)
        )
        picture = np.clip(np.rint(image - rest), 0, 255).astype(np.uint8)
        psnr.append(metrics.psnr(image, picture))
        if psnr[-1] >= threshold or len(psnr) == most:
            return Multilevel(block, n, picture, tuple(psnr), psnr[-1] >= threshold)


def fmf_transform(
    image: np.ndarray,
    threshold: float,
    margin: float = 1.0,
    most: int = 5,
    rates: Sequence[tuple[int, int]] = RATES,
    shape: str = "triangular",
) -> Multilevel:
    """FMF-tr: the cheapest partition of `rates` whose first level comes within `margin` dB.

    One level is tried for each, then MF-tr runs with the one that was found (the last one if none
    was). The second level is worth about a decibel, hence the margin.
    """
    for block, n in rates:
        first = mf_transform(image, block, n, threshold, 1, shape)
        if first.psnr[0] >= threshold - margin:
            break
    return mf_transform(image, block, n, threshold, most, shape)
