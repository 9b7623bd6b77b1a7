"""The exercises of lesson 05: cosine hills, levels that collapse, and the fit of a surface."""

import numpy as np

from lic_course.exercises.core import Case, Exercise, Wrong, case


def cosine_hills(N: int, n: int) -> np.ndarray:
    """The memberships (n, N) of N pixels in n hills with cosine slopes; columns sum to 1."""
    return (1 + np.cos(np.pi * np.minimum(_distance(N, n), 1))) / 2


def _distance(N, n):
    nodes = np.linspace(0, N - 1, n)
    return np.abs(np.arange(N) - nodes[:, None]) * (n - 1) / (N - 1)


def _hills_without_end(N, n):
    return (1 + np.cos(np.pi * _distance(N, n))) / 2


def _hills_triangular(N, n):
    return np.maximum(0, 1 - _distance(N, n))


def _hills_pixels_in_rows(N, n):
    return cosine_hills(N, n).T


def _hills_half_as_wide(N, n):
    return (1 + np.cos(np.pi * np.minimum(2 * _distance(N, n), 1))) / 2


def _hills_spacing_of_n(N, n):
    nodes = np.linspace(0, N - 1, n)
    d = np.abs(np.arange(N) - nodes[:, None]) * n / N
    return (1 + np.cos(np.pi * np.minimum(d, 1))) / 2


def _hills_from_one(N, n):
    d = np.abs(np.arange(N) - np.linspace(1, N, n)[:, None]) * (n - 1) / (N - 1)
    return (1 + np.cos(np.pi * np.minimum(d, 1))) / 2


def _hills_of_height_two(N, n):
    return 2 * cosine_hills(N, n)


def _hills_of_area_one(N, n):
    A = cosine_hills(N, n)
    return A / A.sum(axis=1, keepdims=True)


def _random_partitions(rng: np.random.Generator) -> list[Case]:
    return [case(int(n + rng.integers(3, 20)), int(n)) for n in rng.integers(3, 8, 3)]


_COSINE_HILLS = Exercise(
    id="05.cosine_hills",
    task="Build a fuzzy partition whose hills have cosine slopes.",
    minutes=8,
    points=2,
    solution=cosine_hills,
    cases=(case(9, 3), case(8, 3), case(16, 5), case(12, 2)),
    hidden=_random_partitions,
    wrong=(
        Wrong(_hills_without_end, "a hill ends at the next node: no cosine rises again behind it."),
        Wrong(_hills_triangular, "these are triangles: apply (1 + cos(pi d)) / 2 to the distance."),
        Wrong(_hills_pixels_in_rows, "one row for each hill, one column for each pixel: (n, N)."),
        Wrong(_hills_half_as_wide, "a hill reaches to the next node, not half the way."),
        Wrong(_hills_spacing_of_n, "n nodes have n - 1 gaps: the spacing is (N - 1) / (n - 1)."),
        Wrong(_hills_from_one, "pixels are numbered from 0 here, and so is the first node."),
        Wrong(_hills_of_height_two, "the top of a hill is 1: halve the sum."),
        Wrong(_hills_of_area_one, "the columns sum to 1, not the rows: do not divide."),
    ),
)


def collapsed(f: np.ndarray, A: np.ndarray, levels: int) -> np.ndarray:
    """Components (n,) of a row f (N,) whose inverse is the sum of all levels on A (n, N)."""
    return np.sum(_all_levels(f, A, levels), axis=0)


def _all_levels(f, A, levels):
    rest, parts = np.asarray(f, float), []
    for _ in range(levels):
        parts.append(A @ rest / A.sum(axis=1))
        rest = rest - parts[-1] @ A
    return parts


def _collapsed_first(f, A, levels):
    return _all_levels(f, A, 1)[0]


def _collapsed_last(f, A, levels):
    return _all_levels(f, A, levels)[-1]


def _collapsed_mean(f, A, levels):
    return np.mean(_all_levels(f, A, levels), axis=0)


def _collapsed_all(f, A, levels):
    return np.array(_all_levels(f, A, levels))


def _collapsed_same_row(f, A, levels):
    return levels * _all_levels(f, A, 1)[0]


def _collapsed_smoothed(f, A, levels):
    total, row = np.zeros(len(A)), np.asarray(f, float)
    for _ in range(levels):
        F = A @ row / A.sum(axis=1)
        total, row = total + F, F @ A
    return total


def _collapsed_unsigned(f, A, levels):
    rest, total = np.asarray(f, float), np.zeros(len(A))
    for _ in range(levels):
        F = A @ rest / A.sum(axis=1)
        total, rest = total + F, np.clip(rest - F @ A, 0, 255)
    return total


def _collapsed_picture(f, A, levels):
    return collapsed(f, A, levels) @ A


def _collapsed_limit(f, A, levels):
    return np.linalg.lstsq(A.T, np.asarray(f, float), rcond=None)[0]


def _collapsed_one_more(f, A, levels):
    return collapsed(f, A, levels + 1)


def _row_case(rng: np.random.Generator, N: int, n: int, levels: int) -> Case:
    f = np.clip(np.cumsum(rng.normal(0, 25, N)) + 120, 0, 255).round()
    A = np.maximum(0, 1 - _distance(N, n))
    return case(f, A, levels, words=f"{N} pixels, {n} hills, {levels} levels")


def _random_rows(rng: np.random.Generator) -> list[Case]:
    return [_row_case(rng, *sizes) for sizes in ((8, 3, 2), (17, 5, 4), (24, 7, 3))]


_COLLAPSED = Exercise(
    id="05.collapsed",
    task="Find the one array of components that does what several levels do together.",
    minutes=12,
    points=3,
    solution=collapsed,
    cases=(
        case(
            np.array([52, 55, 61, 66, 70, 61, 64, 73]),
            np.maximum(0, 1 - _distance(8, 3)),
            2,
            words="the row 52 55 61 66 70 61 64 73, 3 hills, 2 levels",
        ),
        _row_case(np.random.default_rng(0), 8, 3, 1),
        _row_case(np.random.default_rng(1), 8, 3, 5),
        _row_case(np.random.default_rng(2), 13, 4, 3),
    ),
    hidden=_random_rows,
    wrong=(
        Wrong(_collapsed_first, "one level only: transform what is missing, too, `levels` times."),
        Wrong(_collapsed_last, "that is the last level alone: add up the components of all."),
        Wrong(_collapsed_mean, "the sum, not the mean: each level adds to the picture."),
        Wrong(_collapsed_all, "one array, please: the levels collapse to their sum."),
        Wrong(_collapsed_same_row, "each level transforms what is missing, not the row again."),
        Wrong(_collapsed_smoothed, "what goes on is rest - inverse, not the inverse."),
        Wrong(_collapsed_unsigned, "what is missing has a sign: do not clip it."),
        Wrong(_collapsed_picture, "return the components, not their inverse."),
        Wrong(_collapsed_limit, "least squares is the limit of many levels; stop after `levels`."),
        Wrong(_collapsed_one_more, "that is one level too many."),
    ),
)


def fit_surface(block: np.ndarray, s: np.ndarray) -> tuple[float, float]:
    """The numbers a and b for which a + b s comes closest to the block in least squares."""
    t = s - s.mean()
    b = np.sum(block * t) / np.sum(t * t)
    return block.mean() - b * s.mean(), b


def _surface_by_corners(block, s):
    return block[0, 0], block[-1, -1] - block[0, 0]


def _surface_by_range(block, s):
    return block.min(), block.max() - block.min()


def _surface_mean_as_a(block, s):
    return block.mean(), fit_surface(block, s)[1]


def _surface_with_mean(block, s):
    b = np.sum(block * s) / np.sum(s * s)
    return block.mean() - b * s.mean(), b


def _surface_by_deviations(block, s):
    b = block.std() / s.std()
    return block.mean() - b * s.mean(), b


def _surface_sum(block, s):
    b = np.sum(block * (s - s.mean()))
    return block.mean() - b * s.mean(), b


def _surface_swapped(block, s):
    return fit_surface(block, s)[::-1]


def _surface_inverse(block, s):
    return fit_surface(s, block)


def _surface_correlation(block, s):
    b = np.corrcoef(np.ravel(block), np.ravel(s))[0, 1]
    return block.mean() - b * s.mean(), b


def _block_case(rng: np.random.Generator, B: int, k: float) -> Case:
    u = np.linspace(-0.75, 0.75, B)
    T = rng.uniform(0.2, 0.8) * u[:, None] + rng.uniform(0.2, 0.8) * u
    s = (1 + np.tanh(k * T) / np.tanh(k * T[-1, -1])) / 2
    block = rng.uniform(30, 90) + rng.choice([-1, 1]) * 60 * s + rng.normal(60, 8, (B, B))
    return case(block.round(), s, words=f"a block of {B}×{B} pixels")


def _random_blocks(rng: np.random.Generator) -> list[Case]:
    return [_block_case(rng, *sizes) for sizes in ((4, 2), (5, 4), (8, 8))]


_FIT_SURFACE = Exercise(
    id="05.fit_surface",
    task="Fit a block by a number and a multiple of a given surface, in least squares.",
    minutes=10,
    points=2,
    solution=fit_surface,
    cases=(
        case(np.array([[10, 20], [30, 60]]), np.array([[0, 0.5], [0.5, 1]])),
        _block_case(np.random.default_rng(1), 4, 4),
        _block_case(np.random.default_rng(2), 8, 2),
    ),
    hidden=_random_blocks,
    wrong=(
        Wrong(_surface_by_corners, "two corners decide all: let every pixel count."),
        Wrong(_surface_by_range, "darkest and brightest pixel decide all: let every pixel count."),
        Wrong(_surface_mean_as_a, "a is the mean of the block minus b times the mean of s."),
        Wrong(_surface_with_mean, "subtract the mean of s before you multiply."),
        Wrong(_surface_by_deviations, "use the covariance: noise makes the deviation too large."),
        Wrong(_surface_sum, "divide by the sum of (s - mean)², the variance of s."),
        Wrong(_surface_swapped, "first a, then b."),
        Wrong(_surface_inverse, "the block is to be explained by s, not s by the block."),
        Wrong(_surface_correlation, "b has gray levels as its unit; the correlation has none."),
    ),
)

EXERCISES = (_COSINE_HILLS, _COLLAPSED, _FIT_SURFACE)
