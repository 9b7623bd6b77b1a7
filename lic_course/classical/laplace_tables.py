"""Integer probability tables for quantized transform coefficients: Laplacians with a dead zone.

A coefficient of a photograph is distributed roughly like a Laplacian, p(x) ~ exp(-a |x|). Divided
by a step and rounded up only from 0.6 on (see `quantize`), it becomes an integer q with

    P(q = 0) = 1 - z,   P(|q| = k) = z (1 - rho) rho^(k-1),   rho = exp(-a),  z = rho^0.6

so that one number names the whole table. With r = rho^0.2, a multiple of 1/65536, all weights are
products of integers below 2**53, which floats hold exactly: every machine computes the same tables,
and none has to be stored.
"""

from functools import cache

import numpy as np

from lic_course.entropy.tables import FrequencyTables, quantize_probabilities

ROUNDING = 0.4  # of a step: |x| is rounded up from 0.6 on
LARGEST = 1023  # values beyond are escaped
TABLE_OF_TABLES = 22  # the table for the numbers of tables
# r in 1/65536 of each table: the mean of |q| grows from 0.002 to 2000 in equal ratios of 1.34.
RATIOS = (
    *(8257, 9107, 10044, 11078, 12218, 13475, 14861, 16389, 18072, 19926, 21966, 24205),
    *(26659, 29335, 32236, 35347, 38635, 42033, 45445, 48746, 51811, 54538, 56872, 58804),
    *(60360, 61588, 62543, 63277, 63837, 64261, 64581, 64821, 65002, 65137, 65238, 65314),
    *(65370, 65412, 65444, 65467, 65485, 65498, 65508, 65515, 65520, 65524, 65527, 65529),
)
_SHIFT, _ONE = 16, 1 << 40


def quantize(x: np.ndarray, step: float, rounding: float = ROUNDING) -> np.ndarray:
    """Integers q = sign(x) floor(|x| / step + rounding), int32, in the shape of `x`.

    rounding 0.5 is the nearest integer. Less moves the borders outward, which makes more zeros: at
    the same rate the error is smaller, because coefficients near zero are the frequent ones.
    """
    ratio = x / step
    return np.trunc(ratio + np.copysign(rounding + 1e-9, ratio)).astype(np.int32)


@cache
def laplace_tables() -> FrequencyTables:
    """The 48 tables, from narrow to wide, each for the values -n ... n and an escape."""
    rows = [_counts(r) for r in RATIOS]
    sizes = np.array([len(row) - 1 for row in rows])
    frequencies = np.concatenate([quantize_probabilities(np.array(row)) for row in rows])
    return FrequencyTables(frequencies, sizes, -(sizes // 2))


def _counts(r: int) -> list[int]:
    """Weights of the values -n ... n and of the escape: integers with a sum of nearly 2**40."""
    z = _ONE * r**3 >> 3 * _SHIFT
    side, left = [], z  # left: the weight of everything from the next value on, both signs
    while left >> (40 - _SHIFT) and len(side) < LARGEST:
        beyond = left * r**5 >> 5 * _SHIFT
        side.append((left - beyond) // 2)
        left = beyond
    return [*reversed(side), _ONE - z, *side, left]


@cache
def costs() -> np.ndarray:
    """Bits of each value from 0 to LARGEST + 1 under each table, (48, LARGEST + 2) float64."""
    tables = laplace_tables()
    values = np.arange(LARGEST + 2)
    return np.stack([tables.bits(values, np.full(len(values), t)) for t in range(len(tables))])


def best_tables(q: np.ndarray, classes: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """The cheapest table for the integers of each class, (classes,) int.

    q: integers of any shape; classes: of that shape; guess: the table that each class has without
    further notice. The change from it, coded with the table `TABLE_OF_TABLES`, counts as well.
    """
    magnitude = np.minimum(np.abs(q), LARGEST + 1)
    width = int(magnitude.max(initial=0)) + 1
    cells = (magnitude + width * classes).ravel()
    histogram = np.bincount(cells, minlength=width * len(guess)).reshape(-1, width)
    change = np.abs(np.arange(len(RATIOS)) - guess[:, None])
    bits = histogram @ costs()[:, :width].T + costs()[TABLE_OF_TABLES][change]
    return np.argmin(bits, axis=1)
