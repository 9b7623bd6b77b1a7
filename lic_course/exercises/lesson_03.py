"""The exercises of lesson 03: the 5/3 transform undone, bit-planes left out, a bound kept."""

import numpy as np

from lic_course.classical.wavelet import analyze
from lic_course.exercises.core import Case, Exercise, Wrong, case


def inverse_53(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The integers, one for each in `low` and `high`, whose reversible 5/3 transform these are."""
    return _join(low, high)


def _join(low, high, order="even first", signs=(-1, 1), rounding=(2, 0), mode="reflect"):
    """The inverse transform, or one that is wrong in one thing."""
    x = np.empty(len(low) + len(high), int)
    x[0::2], x[1::2] = low, high
    steps = [(0, signs[0], rounding[0], 2), (1, signs[1], rounding[1], 1)]
    for first, sign, offset, shift in steps if order == "even first" else reversed(steps):
        p = np.pad(x, 1, mode=mode)
        x[first::2] += sign * ((p[:-2] + p[2:] + offset) >> shift)[first::2]
    return x


def _inverse_53_same_order(low, high):
    return _join(low, high, order="odd first")


def _inverse_53_signs_kept(low, high):
    return _join(low, high, signs=(1, -1))


def _inverse_53_even_sign_kept(low, high):
    return _join(low, high, signs=(1, 1))


def _inverse_53_not_rounded(low, high):
    return _join(low, high, rounding=(0, 0))


def _inverse_53_half_sample(low, high):
    return _join(low, high, mode="symmetric")


def _inverse_53_periodic(low, high):
    return _join(low, high, mode="wrap")


def _inverse_53_not_lifted(low, high):
    return _join(low, high, signs=(0, 0))


def _inverse_53_floats(low, high):
    x = np.empty(len(low) + len(high))
    x[0::2], x[1::2] = low, high
    p = np.pad(x, 1, mode="reflect")
    x[0::2] -= ((p[:-2] + p[2:] + 2) / 4)[0::2]
    p = np.pad(x, 1, mode="reflect")
    x[1::2] += ((p[:-2] + p[2:]) / 2)[1::2]
    return x


def _bands(row: np.ndarray, words: str = "") -> Case:
    return case(*analyze(np.asarray(row, int), reversible=True), words=words)


def _random_rows(rng: np.random.Generator) -> list[Case]:
    return [
        _bands(rng.integers(-128, 128, n), words=f"the halves of {n} integers")
        for n in (2, 3, 8, 17, 64)
    ]


_INVERSE_53 = Exercise(
    id="03.inverse_53",
    task="Join the two halves of a 5/3 transform to the signal, exactly.",
    minutes=15,
    points=3,
    solution=inverse_53,
    cases=(
        _bands([-27, -25, -24, -23, -32, -31, -32, -26, -19]),
        _bands([10, 20, 30, 40, 200, 200, 200, 200]),
        _bands([3, 8, -5, 7, 1]),
        _bands([5, 9]),
    ),
    hidden=_random_rows,
    wrong=(
        Wrong(_inverse_53_same_order, "undo the last step first: the even samples, then the odd."),
        Wrong(_inverse_53_signs_kept, "what forward_53 subtracted must be added, and vice versa."),
        Wrong(_inverse_53_even_sign_kept, "forward_53 added to the even samples: subtract."),
        Wrong(_inverse_53_not_rounded, "the even samples were changed by (neighbors + 2) >> 2."),
        Wrong(_inverse_53_half_sample, "the mirror is at the last sample: x[-1] = x[1]."),
        Wrong(_inverse_53_periodic, "over the ends go on as in a mirror, not from the other end."),
        Wrong(_inverse_53_not_lifted, "putting the halves together is only the beginning: lift."),
        Wrong(_inverse_53_floats, "use >>, not /: the rounding must be the same as before."),
    ),
)


def dequantize(q: np.ndarray, step: float, p: int) -> np.ndarray:
    """Coefficients from dead-zone integers `q` of which the last `p` bit-planes are not known."""
    m = np.abs(q) >> p
    return np.sign(q) * np.where(m > 0, m + 0.5, 0) * 2.0**p * step


def _dequantize_lower_end(q, step, p):
    return np.sign(q) * (np.abs(q) >> p) * 2.0**p * step


def _dequantize_zero_bin(q, step, p):
    return np.sign(q) * ((np.abs(q) >> p) + 0.5) * 2.0**p * step


def _dequantize_half_a_step(q, step, p):
    m = np.abs(q) >> p
    return np.sign(q) * np.where(m > 0, m * 2.0**p + 0.5, 0) * step


def _dequantize_shifted_sign(q, step, p):
    m = q >> p
    return np.where(m != 0, m + 0.5, 0) * 2.0**p * step


def _dequantize_sign_lost(q, step, p):
    return np.abs(dequantize(q, step, p))


def _dequantize_all_planes(q, step, p):
    return np.sign(q) * np.where(q != 0, np.abs(q) + 0.5, 0) * step


def _dequantize_not_scaled(q, step, p):
    m = np.abs(q) >> p
    return np.sign(q) * np.where(m > 0, m + 0.5, 0) * step


def _dequantize_without_step(q, step, p):
    return dequantize(q, 1.0, p)


def _random_integers(rng: np.random.Generator) -> list[Case]:
    cases = []
    for p in (0, 1, 3, 5):
        q = np.rint(rng.laplace(0, 20, (6, 6))).astype(int)
        step = float(np.round(rng.uniform(1.5, 9), 2))
        cases.append(case(q, step, p, words=f"random integers, step {step}, p = {p}"))
    return cases


_DEQUANTIZE = Exercise(
    id="03.dequantize",
    task="Give the coefficients that a decoder without the last p bit-planes reconstructs.",
    minutes=10,
    points=2,
    solution=dequantize,
    cases=(
        case(np.array([0, 1, -1, 5, -13]), 2.0, 0),
        case(np.array([0, 1, -1, 5, -13]), 2.0, 2),
        case(np.array([[100, -37], [-3, 8]]), 0.5, 3),
    ),
    hidden=_random_integers,
    wrong=(
        Wrong(
            _dequantize_lower_end, "take the middle of the interval, m + 0.5, not its lower end."
        ),
        Wrong(_dequantize_zero_bin, "where m is 0 the sign is not known yet: the answer is 0."),
        Wrong(_dequantize_half_a_step, "the interval is 2**p steps wide: its middle is m + 0.5."),
        Wrong(_dequantize_shifted_sign, ">> rounds down: shift the magnitude, not a negative q."),
        Wrong(_dequantize_sign_lost, "give the coefficients the sign of q."),
        Wrong(_dequantize_all_planes, "the last p bits of |q| are not known: shift them out."),
        Wrong(_dequantize_not_scaled, "without p planes one unit of m is 2**p steps."),
        Wrong(_dequantize_without_step, "q counts steps: multiply by the step."),
    ),
)


def near_lossless(row: np.ndarray, t: int) -> np.ndarray:
    """Errors in units of 2 t + 1 of predicting each pixel from the decoded one before it."""
    return _errors(row, t, lambda error: (error + t) // (2 * t + 1))


def _errors(row, t, quantize, start=0, from_decoded=True, width=None):
    """The quantized errors, or those of a coder that is wrong in one thing."""
    width = 2 * t + 1 if width is None else width
    symbols, before = [], start
    for pixel in np.asarray(row).tolist():
        symbols.append(quantize(pixel - before))
        before = before + symbols[-1] * width if from_decoded else pixel
    return np.array(symbols)


def _near_lossless_original(row, t):
    return _errors(row, t, lambda error: (error + t) // (2 * t + 1), from_decoded=False)


def _near_lossless_floor(row, t):
    return _errors(row, t, lambda error: error // (2 * t + 1))


def _near_lossless_truncated(row, t):
    return _errors(row, t, lambda error: int(error / (2 * t + 1)))


def _near_lossless_narrow(row, t):
    return _errors(row, t, lambda error: (error + t) // (2 * t + 1), width=max(1, 2 * t))


def _near_lossless_step_2t(row, t):
    width = max(1, 2 * t)
    return _errors(row, t, lambda error: (error + t) // width, width=width)


def _near_lossless_multiplied(row, t):
    return near_lossless(row, t) * (2 * t + 1)


def _near_lossless_from_128(row, t):
    return _errors(row, t, lambda error: (error + t) // (2 * t + 1), start=128)


def _near_lossless_decoded(row, t):
    return np.cumsum(near_lossless(row, t)) * (2 * t + 1)


def _random_pixels(rng: np.random.Generator) -> list[Case]:
    cases = []
    for t in (0, 1, 2, 7):
        row = np.clip(np.cumsum(rng.integers(-9, 10, 40)) + 120, 0, 255).astype(np.uint8)
        cases.append(case(row, t, words=f"a row of 40 pixels, t = {t}"))
    return cases


_NEAR_LOSSLESS = Exercise(
    id="03.near_lossless",
    task="Code a row of pixels so that no decoded pixel is off by more than t.",
    minutes=15,
    points=3,
    solution=near_lossless,
    cases=(
        case(np.array([50, 52, 54, 56, 58, 57]), 2),
        case(np.array([100, 90, 80, 200, 201, 203, 205]), 1),
        case(np.array([7, 7, 8, 255, 0]), 0),
        case(np.array([3, 250, 10, 13, 16, 19, 22], np.uint8), 3, words="a row of uint8, t = 3"),
    ),
    hidden=_random_pixels,
    wrong=(
        Wrong(_near_lossless_original, "the decoder does not have the original: errors add up."),
        Wrong(_near_lossless_floor, "round to the nearest: (error + t) // (2 * t + 1)."),
        Wrong(_near_lossless_truncated, "int() cuts toward 0: use (error + t) // (2 * t + 1)."),
        Wrong(_near_lossless_narrow, "the decoder adds q (2 t + 1), so your copy of it must too."),
        Wrong(_near_lossless_step_2t, "2 t + 1 values are within t of a pixel, not 2 t."),
        Wrong(_near_lossless_multiplied, "return the quotients q, not q (2 t + 1)."),
        Wrong(_near_lossless_from_128, "before the first pixel the prediction is 0."),
        Wrong(_near_lossless_decoded, "return the errors, not the pixels that the decoder gets."),
    ),
)

EXERCISES = (_INVERSE_53, _DEQUANTIZE, _NEAR_LOSSLESS)
