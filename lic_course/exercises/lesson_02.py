"""The exercises of lesson 02: the DCT for any block size, the quality scale, run lengths undone."""

import numpy as np

from lic_course.classical.jpeg_tables import LUMA_QUANTIZATION
from lic_course.exercises.core import Case, Exercise, Wrong, case

_CORNER = np.array([[52, 55, 61, 66], [63, 59, 55, 90], [62, 59, 68, 113], [63, 58, 71, 122]])


def dct2(block: np.ndarray) -> np.ndarray:
    """Coefficients (N, N) of a square block (N, N): C f C^T with the orthonormal DCT matrix C."""
    N = len(block)
    C = np.sqrt(2 / N) * _cosines(N)
    C[0] /= np.sqrt(2)
    return C @ block @ C.T


def _cosines(N, period=2):
    u, x = np.ogrid[:N, :N]
    return np.cos((2 * x + 1) * u * np.pi / (period * N))


def _dct2_first_row_too_large(block):
    C = np.sqrt(2 / len(block)) * _cosines(len(block))
    return C @ block @ C.T


def _dct2_with_survey_cosines(block):
    C = np.sqrt(2 / len(block)) * _cosines(len(block), period=1)
    C[0] /= np.sqrt(2)
    return C @ block @ C.T


def _dct2_not_scaled(block):
    C = _cosines(len(block))
    return C @ block @ C.T


def _dct2_scaled_for_8(block):
    C = _cosines(len(block)) / 2
    C[0] /= np.sqrt(2)
    return C @ block @ C.T


def _dct2_survey_c0(block):
    C = np.sqrt(2 / len(block)) * _cosines(len(block))
    C[0] /= np.sqrt(len(block))
    return C @ block @ C.T


def _dct2_one_direction(block):
    C = np.sqrt(2 / len(block)) * _cosines(len(block))
    C[0] /= np.sqrt(2)
    return C @ block


def _dct2_transposed(block):
    return dct2(np.asarray(block).T)


def _random_blocks(rng: np.random.Generator) -> list[Case]:
    return [case(rng.integers(-128, 128, (N, N)), words=f"a block of {N}×{N}") for N in (3, 8, 16)]


_DCT2 = Exercise(
    id="02.dct2",
    task="Transform a square block of any size N with the orthonormal DCT.",
    minutes=8,
    points=2,
    solution=dct2,
    cases=(
        case(np.arange(64).reshape(8, 8) % 11, words="a block of 8×8"),
        case(_CORNER, words="a block of 4×4"),
        case(np.array([[3, 1], [4, 1]]), words="the block [[3, 1], [4, 1]]"),
        case(np.array([[7]]), words="the block [[7]]"),
    ),
    hidden=_random_blocks,
    wrong=(
        Wrong(_dct2_first_row_too_large, "the row u = 0 needs one more factor 1/sqrt(2)."),
        Wrong(_dct2_with_survey_cosines, "the cosine's argument is (2x+1) u pi / (2N), not / N."),
        Wrong(_dct2_not_scaled, "scale the rows to length 1: sqrt(2/N), and sqrt(1/N) for u = 0."),
        Wrong(_dct2_scaled_for_8, "the factor 1/2 is sqrt(2/N) for N = 8 only."),
        Wrong(_dct2_survey_c0, "divide the row u = 0 by sqrt(2), not by sqrt(N)."),
        Wrong(_dct2_one_direction, "C @ block treats the columns; the rows need @ C.T as well."),
        Wrong(_dct2_transposed, "F[u, v]: u counts vertical waves. Yours is transposed."),
    ),
)


def quantize(F: np.ndarray, base: np.ndarray, quality: int) -> np.ndarray:
    """Integers (8, 8): the coefficients F divided by the steps of libjpeg's `quality`, rounded."""
    return np.rint(F / _steps(base, quality)).astype(int)


def _scale(quality):
    return 5000 // quality if quality < 50 else 200 - 2 * quality


def _steps(base, quality):
    return np.clip((base * _scale(quality) + 50) // 100, 1, 255)


def _quantize_truncated(F, base, quality):
    return np.trunc(F / _steps(base, quality)).astype(int)


def _quantize_floor(F, base, quality):
    return np.floor(F / _steps(base, quality)).astype(int)


def _quantize_percent(F, base, quality):
    return np.rint(F / np.clip(base * quality // 100, 1, 255)).astype(int)


def _quantize_linear(F, base, quality):
    steps = np.clip((base * (200 - 2 * quality) + 50) // 100, 1, 255)
    return np.rint(F / steps).astype(int)


def _quantize_not_clamped(F, base, quality):
    steps = np.maximum((base * _scale(quality) + 50) // 100, 1)
    return np.rint(F / steps).astype(int)


def _quantize_zero_steps(F, base, quality):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.rint(F / np.minimum((base * _scale(quality) + 50) // 100, 255)).astype(int)


def _quantize_without_any_clamp(F, base, quality):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.rint(F / ((base * _scale(quality) + 50) // 100)).astype(int)


def _quantize_steps_not_rounded(F, base, quality):
    return np.rint(F / np.clip(base * _scale(quality) / 100, 1, 255)).astype(int)


def _decoded(F, base, quality):
    return quantize(F, base, quality) * _steps(base, quality)


def _coefficients(rng: np.random.Generator) -> np.ndarray:
    """Laplacian coefficients of falling size, kept off the places where rounding is a tie."""
    u, v = np.ogrid[:8, :8]
    return np.round(rng.laplace(0, 400 / (1 + u + v))) + 0.3


def _quantize_case(rng: np.random.Generator, quality: int) -> Case:
    words = f"a block at quality {quality}"
    return case(_coefficients(rng), LUMA_QUANTIZATION.copy(), quality, words=words)


def _random_qualities(rng: np.random.Generator) -> list[Case]:
    return [_quantize_case(rng, int(q)) for q in (*rng.integers(2, 100, 4), 1, 100)]


_QUANTIZE = Exercise(
    id="02.quantize",
    task="Quantize a block of coefficients with the base table scaled to libjpeg's quality.",
    minutes=12,
    points=3,
    solution=quantize,
    cases=tuple(_quantize_case(np.random.default_rng(q), q) for q in (50, 90, 30, 5, 100)),
    hidden=_random_qualities,
    wrong=(
        Wrong(_quantize_truncated, "int() cuts toward 0: round to the nearest with np.rint."),
        Wrong(_quantize_floor, "// and floor round down: divide with / and then use np.rint."),
        Wrong(_quantize_percent, "q is no percentage: a higher quality needs smaller steps."),
        Wrong(_quantize_linear, "below quality 50 the scale is 5000 // q, not 200 - 2 q."),
        Wrong(_quantize_not_clamped, "a step is stored in one byte: clip the table to 1..255."),
        Wrong(_quantize_zero_steps, "at quality 100 the steps become 0: clip the table to 1..255."),
        Wrong(_quantize_without_any_clamp, "clip the table to 1..255 before you divide."),
        Wrong(_quantize_steps_not_rounded, "the steps are integers: (base * S + 50) // 100."),
        Wrong(_decoded, "the file holds the rounded quotients: do not multiply them back."),
    ),
)


def expand(pairs: list[tuple[int, int]]) -> np.ndarray:
    """The 63 AC coefficients, in zigzag order, of (run, value) pairs that end with EOB = (0, 0)."""
    ac = np.zeros(63, int)
    k = 0
    for run, value in pairs:
        if (run, value) == (0, 0):
            break
        k += run
        ac[k] = value
        k += 1
    return ac


def _expand_without_end(pairs):
    return _expand_list(pairs, zeros_of_zrl=16, stop_at_eob=False)


def _expand_short(pairs):
    return np.array(_expand_list(pairs))


def _expand_short_zrl(pairs):
    return _padded(_expand_list(pairs, zeros_of_zrl=15))


def _expand_long_zrl(pairs):
    return _padded(_expand_list(pairs, zeros_of_zrl=17))


def _expand_value_first(pairs):
    ac = []
    for run, value in pairs:
        if (run, value) == (0, 0):
            break
        ac += [value] + [0] * run
    return _padded(ac)


def _expand_any_zero_value_ends(pairs):
    ends = [i for i, (_, value) in enumerate(pairs) if value == 0]
    return _padded(_expand_list(pairs[: ends[0]] if ends else pairs))


def _expand_list(pairs, zeros_of_zrl=16, stop_at_eob=True):
    ac = []
    for run, value in pairs:
        if (run, value) == (0, 0) and stop_at_eob:
            break
        ac += [0] * zeros_of_zrl if (run, value) == (15, 0) else [0] * run + [value]
    return ac


def _padded(ac):
    return np.array((ac + [0] * 63)[:63])


def _expand_with_dc(pairs):
    return np.append(0, expand(pairs))


def _pairs(ac: np.ndarray) -> list[tuple[int, int]]:
    """The (run, value) pairs of 63 AC coefficients: what `expand` undoes."""
    pairs, run = [], 0
    for value in ac.tolist():
        if value == 0:
            run += 1
            continue
        pairs += [(15, 0)] * (run // 16) + [(run % 16, value)]
        run = 0
    return pairs + [(0, 0)] * (run > 0)


def _random_pairs(rng: np.random.Generator) -> list[Case]:
    cases = []
    for kept in (0.05, 0.1, 0.3, 0.9):
        ac = rng.integers(1, 30, 63) * rng.choice([-1, 1], 63) * (rng.random(63) < kept)
        cases.append(case(_pairs(ac), words="a random block"))
    return cases


_EXPAND = Exercise(
    id="02.expand",
    task="Turn the (run, value) pairs of a block back into its 63 AC coefficients.",
    minutes=15,
    points=3,
    solution=expand,
    cases=(
        case([(0, -3), (1, -2), (0, 0)]),
        case([(2, 5), (15, 0), (15, 0), (3, -1), (0, 0)]),
        case([(0, 0)]),
        case([(0, k) for k in range(1, 64)], words="63 pairs without an EOB"),
    ),
    hidden=_random_pairs,
    wrong=(
        Wrong(_expand_without_end, "(0, 0) is the EOB: all the rest is zero, up to 63 values."),
        Wrong(_expand_short, "a block always has 63 AC coefficients: fill up with zeros."),
        Wrong(_expand_short_zrl, "(15, 0) stands for 16 zeros: 15 of the run and its own."),
        Wrong(_expand_long_zrl, "(15, 0) stands for 16 zeros: 15 of the run and its own."),
        Wrong(_expand_value_first, "the run counts the zeros before the value, not after it."),
        Wrong(_expand_any_zero_value_ends, "only (0, 0) ends the block; (15, 0) is 16 zeros."),
        Wrong(_expand_with_dc, "the DC is not in the pairs: 63 values, not 64."),
    ),
)

EXERCISES = (_DCT2, _QUANTIZE, _EXPAND)
