"""The exercises of lesson 11: a causal sum, the times of a wavefront, the longest chain."""

import numpy as np

from lic_course.exercises.core import Case, Exercise, Wrong, case


def causal_sum(y: np.ndarray, W: np.ndarray) -> np.ndarray:
    """For each position the sum of W times what comes before it in raster order; zeros outside."""
    return _correlate(y, W * _before(len(W)))


def _before(k, center=False):
    mask = np.zeros(k * k)
    mask[: k * k // 2 + center] = 1
    return mask.reshape(k, k)


def _correlate(y, W, mode="constant"):
    y, r = np.asarray(y, float), len(W) // 2
    padded = np.pad(y, r, mode=mode)
    windows = np.lib.stride_tricks.sliding_window_view(padded, W.shape)
    return np.einsum("hwij,ij->hw", windows, W)


def _sum_of_all(y, W):
    return _correlate(y, np.asarray(W, float))


def _sum_with_center(y, W):
    return _correlate(y, W * _before(len(W), center=True))


def _sum_of_rows_above(y, W):
    mask = np.zeros(np.shape(W))
    mask[: len(W) // 2] = 1
    return _correlate(y, W * mask)


def _sum_quarter(y, W):
    r, mask = len(W) // 2, _before(len(W))
    mask[:, r + 1 :] = 0
    return _correlate(y, W * mask)


def _sum_flipped(y, W):
    return _correlate(y, (W * _before(len(W)))[::-1, ::-1])


def _sum_edge(y, W):
    return _correlate(y, W * _before(len(W)), "edge")


def _random_sums(rng: np.random.Generator) -> list[Case]:
    return [
        case(rng.integers(-9, 10, size), rng.integers(-3, 4, (k, k)), words=f"{size}, {k}×{k}")
        for size, k in (((5, 7), 3), ((6, 4), 5), ((1, 9), 5))
    ]


_CAUSAL_SUM = Exercise(
    id="11.causal_sum",
    task="Sum what comes before each position in raster order, with weights.",
    minutes=12,
    points=3,
    solution=causal_sum,
    cases=(
        case(
            np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]]), np.array([[1, 2, 3], [4, 9, 9], [9] * 3])
        ),
        case(np.arange(12).reshape(3, 4), np.ones((3, 3))),
        case(np.arange(30).reshape(5, 6) % 7, np.arange(25).reshape(5, 5), words="5×6, a 5×5 W"),
    ),
    hidden=_random_sums,
    wrong=(
        Wrong(_sum_of_all, "a decoder does not know what comes later: use only what is before."),
        Wrong(_sum_with_center, "the center itself is not known yet: leave it out."),
        Wrong(_sum_of_rows_above, "what stands to the left in the same row is known too."),
        Wrong(_sum_quarter, "in the rows above, what stands to the right is known as well."),
        Wrong(_sum_flipped, "W[0, 0] belongs to the neighbor above and to the left: no flip."),
        Wrong(_sum_edge, "outside the latent there are zeros, not copies of the border."),
    ),
)


def front_times(h: int, w: int, k: int) -> np.ndarray:
    """The steps of a wavefront for a raster mask of k×k: (h, w) integers from 0."""
    i, j = np.indices((h, w))
    return (k // 2 + 1) * i + j


def _front_with(slope, across=1):
    def times(h, w, k):
        i, j = np.indices((h, w))
        return slope(k) * i + across * j

    return times


def _front_transposed(h, w, k):
    i, j = np.indices((h, w))
    return i + (k // 2 + 1) * j


def _front_raster(h, w, k):
    return np.arange(h * w).reshape(h, w)


def _front_from_one(h, w, k):
    return front_times(h, w, k) + 1


def _random_fronts(rng: np.random.Generator) -> list[Case]:
    sizes = rng.integers(5, 14, (4, 2))
    return [case(int(h), int(w), k) for (h, w), k in zip(sizes, (3, 5, 7, 9), strict=True)]


_FRONT_TIMES = Exercise(
    id="11.front_times",
    task="Tell the step at which a wavefront reaches each position.",
    minutes=8,
    points=2,
    solution=front_times,
    cases=(case(3, 6, 3), case(4, 6, 5), case(5, 8, 7), case(1, 4, 5)),
    hidden=_random_fronts,
    wrong=(
        Wrong(_front_with(lambda k: 1), "i + j is too soon: the mask reaches up and to the right."),
        Wrong(_front_with(lambda k: k // 2), "with slope r the corner up right has the same step."),
        Wrong(_front_with(lambda k: k), "this is valid, but slow: a smaller slope is enough."),
        Wrong(_front_transposed, "the mask is for rows: the slope belongs to i."),
        Wrong(_front_raster, "this is the raster order: many can be decoded at once."),
        Wrong(_front_from_one, "count steps from 0."),
    ),
)


def earliest(h: int, w: int, taps: list[tuple[int, int]]) -> np.ndarray:
    """The first step at which each position can be decoded: (h, w) integers from 0.

    taps: offsets (rows, columns) of what a position needs, all before it in raster order.
    """
    return _chain(h, w, taps)


def _chain(h, w, taps, combine=max, inside=True, one=1):
    times = np.zeros((h, w), int)
    for i, j in np.ndindex(h, w):
        near = [(i + a, j + b) for a, b in taps]
        if inside:
            near = [(a, b) for a, b in near if 0 <= a < h and 0 <= b < w]
            times[i, j] = one + combine(times[p] for p in near) if near else 0
        else:
            times[i, j] = one + combine(times[a % h, b % w] for a, b in near)
    return times


def _chain_min(h, w, taps):
    return _chain(h, w, taps, min)


def _chain_sum(h, w, taps):
    return _chain(h, w, taps, sum)


def _chain_wraps(h, w, taps):
    return _chain(h, w, taps, inside=False)


def _chain_no_step(h, w, taps):
    return _chain(h, w, taps, one=0)


def _chain_first_tap(h, w, taps):
    return _chain(h, w, taps[:1])


def _chain_formula(h, w, taps):
    return front_times(h, w, 5)


RASTER_3 = [(-1, -1), (-1, 0), (-1, 1), (0, -1)]
RASTER_5 = [(i, j) for i in (-2, -1, 0) for j in range(-2, 3) if (i, j) < (0, 0)]


def _random_chains(rng: np.random.Generator) -> list[Case]:
    some = [RASTER_5[k] for k in rng.choice(12, 5, replace=False)]
    return [
        case(7, 9, RASTER_5, words="7×9, 12 taps"),
        case(6, 6, some),
        case(4, 9, [(0, -2), (-1, 3)]),
        case(5, 5, [(-1, 0)]),
    ]


_EARLIEST = Exercise(
    id="11.earliest",
    task="Find the first step at which each position can be decoded, for any mask.",
    minutes=15,
    points=3,
    solution=earliest,
    cases=(
        case(3, 5, [(0, -1)]),
        case(4, 6, RASTER_3),
        case(5, 7, RASTER_5, words="5×7, the 12 taps of a 5×5 mask"),
        case(4, 4, [(-1, 0), (-2, 1)]),
    ),
    hidden=_random_chains,
    wrong=(
        Wrong(_chain_min, "a position waits for the *last* of what it needs: the maximum."),
        Wrong(_chain_sum, "two that it needs may come at once: the maximum, not the sum."),
        Wrong(_chain_wraps, "negative indexes wrap around: skip what lies outside."),
        Wrong(_chain_no_step, "a position comes at least one step after what it needs."),
        Wrong(_chain_first_tap, "look at all taps, not only at the first."),
        Wrong(_chain_formula, "3i + j belongs to one mask: find the times for any taps."),
    ),
)

EXERCISES = (_CAUSAL_SUM, _FRONT_TIMES, _EARLIEST)
