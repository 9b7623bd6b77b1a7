"""The wavelet transform by lifting: the 5/3 and 9/7 kernels of JPEG 2000, for any size.

A lifting step adds to each odd sample a multiple of its two even neighbors, or the reverse; undoing
the steps in reverse order inverts the transform, whatever they are. At the borders the signal is
mirrored about its first and last sample. Coefficients are stored in Mallat's layout: at each
level the low-pass half (the larger one for odd sizes) comes first.

Source: ITU-T T.800, annex F; Daubechies and Sweldens, "Factoring wavelet transforms into lifting
steps", 1998.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from lic_course.errors import LicError

# The four steps of the 9/7 kernel, applied to odd, even, odd, even samples, and its scale.
STEPS_97 = -1.586134342059924, -0.052980118572961, 0.882911075530934, 0.443506852043971
SCALE_97 = 1.230174104914001
# L2 norms of the functions that one 9/7 coefficient adds to a signal: (low, high) of level 1, 2...
# An error of 1 in a coefficient of a 2-D band costs the product of its two norms, squared.
NORMS_97 = (
    (1.4021, 0.7213),
    (2.0304, 0.9835),
    (2.9012, 1.4420),
    (4.1153, 2.0738),
    (5.8245, 2.9473),
    (8.2388, 4.1736),
)


@dataclass(frozen=True)
class Band:
    """One band of a transformed plane: where it is, its level, and if it is high-pass."""

    rows: slice
    columns: slice
    level: int
    high_rows: bool  # high-pass from row to row: horizontal edges
    high_columns: bool

    @property
    def name(self) -> str:
        """LL, HL (high-pass along a row), LH or HH, with the level."""
        return "LH"[self.high_columns] + "LH"[self.high_rows] + str(self.level)


def bands(shape: tuple[int, int], levels: int) -> Iterator[Band]:
    """The bands of a plane (H, W), coarsest first: LL, then HL, LH, HH of each level."""
    for level in range(levels, 0, -1):
        outer = [halved(n, level - 1) for n in shape]
        inner = [halved(n, level) for n in shape]
        rows = slice(0, inner[0]), slice(inner[0], outer[0])
        columns = slice(0, inner[1]), slice(inner[1], outer[1])
        for high_rows, high_columns in ((0, 0), (0, 1), (1, 0), (1, 1)):
            if level == levels or high_rows or high_columns:
                yield Band(
                    rows[high_rows],
                    columns[high_columns],
                    level,
                    bool(high_rows),
                    bool(high_columns),
                )
    if levels == 0:
        yield Band(slice(0, shape[0]), slice(0, shape[1]), 0, False, False)


def halved(n: int, times: int) -> int:
    """Samples left of n after so many low-pass halvings, each of which rounds up."""
    return -(-n >> times)


def analyze(plane: np.ndarray, levels: int, kernel: str = "9/7") -> np.ndarray:
    """Transform a plane (H, W) to coefficients of the same shape, in Mallat's layout.

    kernel "9/7": float64, low-pass gain 1; "5/3": integers in, integers out (int32), reversible.
    Raises `LicError` for another kernel.
    """
    forward, _, dtype = _kernel(kernel)
    out = np.array(plane, dtype)
    for level in range(levels):
        part = out[: halved(out.shape[0], level), : halved(out.shape[1], level)]
        part[:] = forward(forward(part).T).T
    return out


def synthesize(coefficients: np.ndarray, levels: int, kernel: str = "9/7") -> np.ndarray:
    """The inverse of `analyze`: exact for "5/3", to the precision of float64 for "9/7"."""
    _, inverse, dtype = _kernel(kernel)
    out = np.array(coefficients, dtype)
    for level in reversed(range(levels)):
        part = out[: halved(out.shape[0], level), : halved(out.shape[1], level)]
        part[:] = inverse(inverse(part.T).T)
    return out


def norms(shape: tuple[int, int], levels: int) -> np.ndarray:
    """What an error of 1 in each 9/7 coefficient of a plane costs, as an L2 norm: (H, W)."""
    out = np.ones(shape)
    for band in bands(shape, levels):
        if band.level:
            pair = NORMS_97[band.level - 1]
            out[band.rows, band.columns] = pair[band.high_rows] * pair[band.high_columns]
    return out


Step = Callable[[np.ndarray], np.ndarray]


def _kernel(name: str) -> tuple[Step, Step, type]:
    if name == "5/3":
        return forward_53, inverse_53, np.int32
    if name == "9/7":
        return forward_97, inverse_97, np.float64
    raise LicError(f"The wavelet kernel is 5/3 or 9/7, not {name!r}.")


def forward_53(x: np.ndarray) -> np.ndarray:
    """One level of the 5/3 kernel down the columns of x (n, ...): low-pass half, high-pass half."""
    if len(x) == 1:
        return x.copy()
    even, odd = x[0::2].copy(), x[1::2].copy()
    odd -= _neighbors_of_odd(even, len(x)) >> 1
    even += (_neighbors_of_even(odd, len(x)) + 2) >> 2
    return np.concatenate([even, odd])


def inverse_53(y: np.ndarray) -> np.ndarray:
    """The inverse of `forward_53`."""
    if len(y) == 1:
        return y.copy()
    even, odd = _halves(y)
    even -= (_neighbors_of_even(odd, len(y)) + 2) >> 2
    odd += _neighbors_of_odd(even, len(y)) >> 1
    return _interleave(even, odd)


def forward_97(x: np.ndarray) -> np.ndarray:
    """One level of the 9/7 kernel down the columns of x (n, ...): low-pass half, high-pass half."""
    if len(x) == 1:
        return x.copy()
    even, odd = x[0::2].copy(), x[1::2].copy()
    alpha, beta, gamma, delta = STEPS_97
    odd += alpha * _neighbors_of_odd(even, len(x))
    even += beta * _neighbors_of_even(odd, len(x))
    odd += gamma * _neighbors_of_odd(even, len(x))
    even += delta * _neighbors_of_even(odd, len(x))
    return np.concatenate([even / SCALE_97, odd * SCALE_97])


def inverse_97(y: np.ndarray) -> np.ndarray:
    """The inverse of `forward_97`."""
    if len(y) == 1:
        return y.copy()
    even, odd = _halves(y)
    alpha, beta, gamma, delta = STEPS_97
    even *= SCALE_97
    odd /= SCALE_97
    even -= delta * _neighbors_of_even(odd, len(y))
    odd -= gamma * _neighbors_of_odd(even, len(y))
    even -= beta * _neighbors_of_even(odd, len(y))
    odd -= alpha * _neighbors_of_odd(even, len(y))
    return _interleave(even, odd)


def _neighbors_of_odd(even: np.ndarray, n: int) -> np.ndarray:
    """The sum of the two even neighbors of each odd sample of a signal of n samples."""
    right = even[1:] if n % 2 else np.concatenate([even[1:], even[-1:]])
    return even[: n // 2] + right


def _neighbors_of_even(odd: np.ndarray, n: int) -> np.ndarray:
    """The sum of the two odd neighbors of each even sample of a signal of n samples."""
    left = np.concatenate([odd[:1], odd])
    right = np.concatenate([odd, odd[-1:]])
    return (left + right)[: (n + 1) // 2]


def _halves(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    middle = (len(y) + 1) // 2
    return y[:middle].copy(), y[middle:].copy()


def _interleave(even: np.ndarray, odd: np.ndarray) -> np.ndarray:
    out = np.empty((len(even) + len(odd), *even.shape[1:]), even.dtype)
    out[0::2], out[1::2] = even, odd
    return out
