"""The wavelet transforms of JPEG 2000 by lifting: 5/3 on integers, 9/7 on floats.

A signal is split into its even and its odd samples. Each lifting step adds to the samples of one
half a function of their two neighbors in the other half, so it is undone by subtracting the same.
Over the ends the signal goes on as in a mirror: x[-k] = x[k], x[n-1+k] = x[n-1-k].

In two dimensions the bands are kept one by one (JPEG 2000 codes each by itself), or together in
one plane by Mallat's layout (SPIHT and EZW walk between them): the low-pass half comes first.

Sources: ITU-T T.800, Annex F; Daubechies and Sweldens, "Factoring Wavelet Transforms into Lifting
Steps", 1998.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

# 9/7: alternating steps on the odd and the even samples, then the scaling
ALPHA, BETA = -1.586134342059924, -0.052980118572961
GAMMA, DELTA = 0.882911075530934, 0.443506852043971
K = 1.230174104914001

# L2 norms of the synthesis functions of one dimension, (low, high) at levels 1 to 6: how much one
# unit in a coefficient of that level changes the signal. In two dimensions the norms multiply.
NORMS_97 = (
    (1.4021, 0.7213),
    (2.0304, 0.9835),
    (2.9012, 1.4420),
    (4.1153, 2.0738),
    (5.8245, 2.9473),
    (8.2388, 4.1736),
)
NORMS_53 = (
    (1.2247, 0.8478),
    (1.6583, 0.9601),
    (2.3184, 1.2593),
    (3.2692, 1.7444),
    (4.6199, 2.4539),
    (6.5324, 3.4657),
)

Resolution = tuple[np.ndarray, ...]  # (LL,) for the coarsest one, else (HL, LH, HH)


def analyze(x: np.ndarray, reversible: bool) -> tuple[np.ndarray, np.ndarray]:
    """Split a signal, along its first axis, into its low and its high band.

    x: (n, ...), integers for the reversible 5/3 transform, floats for 9/7. Returns arrays of
    ceil(n / 2) and floor(n / 2) samples. The low band of a constant is that constant.
    """
    if len(x) == 1:
        return x.copy(), x[:0].copy()
    even, odd = x[0::2].copy(), x[1::2].copy()
    if reversible:
        odd -= _around_odd(even, len(odd)) >> 1
        even += (_around_even(odd, len(even)) + 2) >> 2
        return even, odd
    odd += ALPHA * _around_odd(even, len(odd))
    even += BETA * _around_even(odd, len(even))
    odd += GAMMA * _around_odd(even, len(odd))
    even += DELTA * _around_even(odd, len(even))
    return even / K, odd * K


def synthesize(low: np.ndarray, high: np.ndarray, reversible: bool) -> np.ndarray:
    """Join the two bands of `analyze` to the signal again: its steps backwards."""
    x = np.empty((len(low) + len(high), *low.shape[1:]), low.dtype)
    if len(x) == 1:
        x[:] = low
        return x
    even, odd = (low.copy(), high.copy()) if reversible else (low * K, high / K)
    if reversible:
        even -= (_around_even(odd, len(even)) + 2) >> 2
        odd += _around_odd(even, len(odd)) >> 1
    else:
        even -= DELTA * _around_even(odd, len(even))
        odd -= GAMMA * _around_odd(even, len(odd))
        even -= BETA * _around_even(odd, len(even))
        odd -= ALPHA * _around_odd(even, len(odd))
    x[0::2], x[1::2] = even, odd
    return x


def _around_odd(even: np.ndarray, n: int) -> np.ndarray:
    """The sum of the two even neighbors of each of the `n` odd samples."""
    total = even[:n].copy()
    total[: len(even) - 1] += even[1 : n + 1]
    if len(even) == n:  # the last odd sample is at the end: its right neighbor is mirrored
        total[-1] += even[-1]
    return total


def _around_even(odd: np.ndarray, n: int) -> np.ndarray:
    """The sum of the two odd neighbors of each of the `n` even samples."""
    total = np.empty((n, *odd.shape[1:]), odd.dtype)
    total[: len(odd)] = odd
    total[len(odd) :] = odd[-1:]
    total[1:] += odd[: n - 1]
    total[0] += odd[0]
    return total


def analyze_plane(
    plane: np.ndarray, reversible: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """One level in two dimensions: a plane (H, W) into its bands LL, HL, LH and HH.

    Columns first, then rows: the rounding of 5/3 makes the order matter. HL is high-pass along the
    rows: it shows vertical edges.
    """
    low, high = analyze(plane, reversible)
    ll, hl = (band.T for band in analyze(low.T, reversible))
    lh, hh = (band.T for band in analyze(high.T, reversible))
    return ll, hl, lh, hh


def synthesize_plane(
    ll: np.ndarray, hl: np.ndarray, lh: np.ndarray, hh: np.ndarray, reversible: bool
) -> np.ndarray:
    """The inverse of `analyze_plane`: rows first, then columns."""
    low = synthesize(ll.T, hl.T, reversible).T
    high = synthesize(lh.T, hh.T, reversible).T
    return synthesize(low, high, reversible)


def decompose(plane: np.ndarray, levels: int, reversible: bool) -> list[Resolution]:
    """The transform of a plane (H, W): `levels` + 1 resolutions, from the coarsest to the finest.

    The first is (LL,), each further one the bands (HL, LH, HH) that double the resolution.
    """
    ll, resolutions = plane, []
    for _ in range(levels):
        ll, *details = analyze_plane(ll, reversible)
        resolutions.append(tuple(details))
    return [(ll,), *reversed(resolutions)]


def compose(resolutions: list[Resolution], reversible: bool) -> np.ndarray:
    """The inverse of `decompose`; the first few resolutions alone give a smaller picture."""
    (plane,) = resolutions[0]
    for details in resolutions[1:]:
        plane = synthesize_plane(plane, *details, reversible)
    return plane


def band_shapes(height: int, width: int, levels: int) -> list[tuple[tuple[int, int], ...]]:
    """The shapes of the bands that `decompose` returns for a plane (height, width)."""
    resolutions = []
    for _ in range(levels):
        low, high = ((height + 1) // 2, (width + 1) // 2), (height // 2, width // 2)
        resolutions.append(((low[0], high[1]), (high[0], low[1]), high))
        height, width = low
    return [((height, width),), *reversed(resolutions)]


def band_norm(level: int, orientation: str, reversible: bool) -> float:
    """The L2 norm of the synthesis functions of a band, "LL", "HL", "LH" or "HH", at a level >= 1.

    Level 0 is the picture itself: 1.
    """
    if level == 0:
        return 1.0
    low, high = (NORMS_53 if reversible else NORMS_97)[level - 1]
    return {"LL": low * low, "HL": low * high, "LH": low * high, "HH": high * high}[orientation]


@dataclass(frozen=True)
class Place:
    """Where a band is in Mallat's layout."""

    orientation: str  # "LL", "HL", "LH" or "HH"
    level: int
    rows: slice
    columns: slice


def places(shape: tuple[int, int], levels: int) -> Iterator[Place]:
    """The places of the bands of a plane (H, W), coarsest first: LL, then HL, LH, HH of a level."""
    ((height, width),), *details = band_shapes(*shape, levels)
    yield Place("LL", levels, slice(0, height), slice(0, width))
    for level, (hl, lh, _) in zip(range(levels, 0, -1), details, strict=True):
        low_rows, high_rows = slice(0, hl[0]), slice(hl[0], hl[0] + lh[0])
        low_columns, high_columns = slice(0, lh[1]), slice(lh[1], lh[1] + hl[1])
        yield Place("HL", level, low_rows, high_columns)
        yield Place("LH", level, high_rows, low_columns)
        yield Place("HH", level, high_rows, high_columns)


def to_mallat(resolutions: list[Resolution]) -> np.ndarray:
    """The bands of `decompose` together in one plane (H, W)."""
    (plane,) = resolutions[0]
    for hl, lh, hh in resolutions[1:]:
        plane = np.block([[plane, hl], [lh, hh]])
    return plane


def from_mallat(plane: np.ndarray, levels: int) -> list[Resolution]:
    """The inverse of `to_mallat`: the bands as views of the plane."""
    ll, *details = (plane[place.rows, place.columns] for place in places(plane.shape, levels))
    return [(ll,), *zip(*[iter(details)] * 3, strict=True)]


def norms(shape: tuple[int, int], levels: int) -> np.ndarray:
    """What an error of 1 in each 9/7 coefficient of a plane means in the picture, (H, W)."""
    out = np.empty(shape)
    for place in places(shape, levels):
        out[place.rows, place.columns] = band_norm(place.level, place.orientation, False)
    return out
