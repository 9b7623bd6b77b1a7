"""The exercises of lesson 07: the index of a scale, a layer of integers, gains between levels."""

import numpy as np

from lic_course.exercises.core import Case, Exercise, Wrong, case

SCALES, SMALLEST, LARGEST = 64, 0.11, 256.0


def _place(sigma, steps=SCALES - 1):
    return steps * np.log(np.asarray(sigma) / SMALLEST) / np.log(LARGEST / SMALLEST)


def scale_index(sigma: np.ndarray) -> np.ndarray:
    """Indexes of the tables nearest to the scales, in logarithms, from 0 to 63."""
    return np.clip(np.rint(_place(sigma)), 0, SCALES - 1).astype(int)


def _index_floor(sigma):
    return np.clip(np.floor(_place(sigma)), 0, 63).astype(int)


def _index_ceil(sigma):
    return np.clip(np.ceil(_place(sigma)), 0, 63).astype(int)


def _index_unclipped(sigma):
    return np.rint(_place(sigma)).astype(int)


def _index_64_steps(sigma):
    return np.clip(np.rint(_place(sigma, 64)), 0, 63).astype(int)


def _index_linear(sigma):
    k = 63 * (np.asarray(sigma) - SMALLEST) / (LARGEST - SMALLEST)
    return np.clip(np.rint(k), 0, 63).astype(int)


def _index_floats(sigma):
    return np.clip(_place(sigma), 0, 63)


def _random_scales(rng: np.random.Generator) -> list[Case]:
    return [case(np.exp(rng.uniform(-3, 6, 20)), words="20 scales") for _ in range(2)]


_SCALE_INDEX = Exercise(
    id="07.scale_index",
    task="Find the index of the table whose scale is nearest, in logarithms.",
    minutes=8,
    points=2,
    solution=scale_index,
    cases=(
        case(np.array([0.11, 1.0, 256.0])),
        case(np.array([0.01, 0.12, 0.3, 2.0, 50.0, 1000.0])),
        case(np.array([[0.5, 5.0], [7.0, 70.0]])),
    ),
    hidden=_random_scales,
    wrong=(
        Wrong(_index_floor, "take the nearest table, not the one below: np.rint."),
        Wrong(_index_ceil, "take the nearest table, not the one above: np.rint."),
        Wrong(_index_unclipped, "there are only 64 tables: clip to 0 … 63."),
        Wrong(_index_64_steps, "64 tables have 63 steps between them."),
        Wrong(_index_linear, "the scales are evenly spaced in logarithms."),
        Wrong(_index_floats, "an index is an integer: round it."),
    ),
)


def _integers(*arrays):
    return [np.asarray(array, np.int64) for array in arrays]


def integer_layer(a: np.ndarray, W: np.ndarray, b: np.ndarray, m: np.ndarray) -> np.ndarray:
    """floor(((W a + b) m + 2^23) / 2^24), limited to 0 … 255."""
    return np.clip(_layer(a, W, b, m), 0, 255)


def _layer(a, W, b, m):
    a, W, b, m = _integers(a, W, b, m)
    return ((W @ a + b) * m + 2**23) >> 24


def _layer_floor(a, W, b, m):
    a, W, b, m = _integers(a, W, b, m)
    return np.clip(((W @ a + b) * m) >> 24, 0, 255)


def _layer_no_bias(a, W, b, m):
    return integer_layer(a, W, np.zeros_like(b), m)


def _layer_bias_after(a, W, b, m):
    a, W, b, m = _integers(a, W, b, m)
    return np.clip((((W @ a) * m + 2**23) >> 24) + b, 0, 255)


def _layer_int8(a, W, b, m):
    acc = (np.asarray(W).astype(np.int8) @ np.asarray(a).astype(np.int8)).astype(np.int64)
    return np.clip(((acc + b) * m + 2**23) >> 24, 0, 255)


def _layer_int32(a, W, b, m):
    a, W, b, m = (np.asarray(t).astype(np.int32) for t in (a, W, b, m))
    with np.errstate(all="ignore"):
        return np.clip(((W @ a + b) * m + np.int32(2**23)) >> np.int32(24), 0, 255)


def _random_layer(rng: np.random.Generator, n: int = 12, outputs: int = 5) -> Case:
    a = rng.integers(0, 256, n)
    W = rng.integers(-127, 128, (outputs, n))
    b = rng.integers(20_000, 60_000, outputs)
    m = rng.integers(20_000, 80_000, outputs)
    return case(a, W, b, m, words=f"{n} activations, {outputs} outputs")


def _random_layers(rng: np.random.Generator) -> list[Case]:
    return [_random_layer(rng, n, 6) for n in (4, 40)]


_INTEGER_LAYER = Exercise(
    id="07.integer_layer",
    task="Compute one layer of a network of integers: sum, multiply, shift, limit.",
    minutes=15,
    points=3,
    solution=integer_layer,
    cases=(
        case(np.array([1, 2]), np.array([[3, -1]]), np.array([4]), np.array([2**23 + 2**21])),
        case(np.array([255, 200]), np.array([[127, 127], [-127, 5]]), np.array([0, 9]),
             np.array([2**20, 2**24])),
        _random_layer(np.random.default_rng(0)),
        _random_layer(np.random.default_rng(1), 30, 8),
    ),
    hidden=_random_layers,
    wrong=(
        Wrong(_layer, "the activation is limited: np.clip(…, 0, 255)."),
        Wrong(_layer_floor, "add 2^23, half of the divisor, so that the shift rounds to nearest."),
        Wrong(_layer_no_bias, "the bias b belongs to the sum."),
        Wrong(_layer_bias_after, "add the bias before the multiplication."),
        Wrong(_layer_int8, "a sum of products of 8 bits needs more than 8: convert to int64."),
        Wrong(_layer_int32, "sum times multiplier leaves 32 bits: convert to int64 first."),
    ),
)  # fmt: skip


def gains_at(gains: np.ndarray, level: float) -> np.ndarray:
    """Gains (M,) of a level between two rows of gains (levels, M): their geometric mean."""
    low, share = _below(gains, level)
    return gains[low] ** (1 - share) * gains[low + 1] ** share


def _below(gains, level):
    low = min(int(level), len(gains) - 2)
    return low, level - low


def _gains_linear(gains, level):
    low, share = _below(gains, level)
    return (1 - share) * gains[low] + share * gains[low + 1]


def _gains_swapped(gains, level):
    low, share = _below(gains, level)
    return gains[low] ** share * gains[low + 1] ** (1 - share)


def _gains_nearest(gains, level):
    return gains[round(level)]


def _gains_floor(gains, level):
    return gains[int(level)]


def _gains_from_ends(gains, level):
    share = level / (len(gains) - 1)
    return gains[0] ** (1 - share) * gains[-1] ** share


def _gains_logarithm(gains, level):
    low, share = _below(gains, level)
    return (1 - share) * np.log(gains[low]) + share * np.log(gains[low + 1])


def _random_gains(rng: np.random.Generator) -> list[Case]:
    gains = np.exp(rng.normal(size=(6, 4))).cumsum(axis=0)
    return [case(gains, level, words=f"6 levels, at {level}") for level in (0, 2.3, 4.75, 5)]


_GAINS_AT = Exercise(
    id="07.gains_at",
    task="Interpolate gain vectors geometrically between two levels.",
    minutes=10,
    points=2,
    solution=gains_at,
    cases=(
        case(np.array([[1.0, 2.0], [4.0, 2.0], [16.0, 50.0]]), 0.5),
        case(np.array([[1.0, 2.0], [4.0, 2.0], [16.0, 50.0]]), 1.25),
        case(np.array([[1.0, 2.0], [4.0, 2.0], [16.0, 50.0]]), 2),
        case(np.array([[1.0, 3.0], [9.0, 27.0]]), 0),
    ),
    hidden=_random_gains,
    wrong=(
        Wrong(_gains_linear, "take the geometric mean: average the logarithms, not the gains."),
        Wrong(_gains_swapped, "near the lower level its own gains count most: swap the weights."),
        Wrong(_gains_nearest, "the rate must change continuously: mix two levels."),
        Wrong(_gains_floor, "the rate must change continuously: mix two levels."),
        Wrong(_gains_from_ends, "mix the two levels next to `level`, not the first and the last."),
        Wrong(_gains_logarithm, "come back from the logarithm: np.exp."),
    ),
)

EXERCISES = (_SCALE_INDEX, _INTEGER_LAYER, _GAINS_AT)
