"""The exercises of lesson 01: entropy, canonical Huffman codes, and the Bjontegaard delta PSNR."""

import numpy as np
from scipy.interpolate import PchipInterpolator

from lic_course import metrics
from lic_course.entropy import theory
from lic_course.entropy.bits import WORD
from lic_course.entropy.huffman import HuffmanCode, code_lengths
from lic_course.exercises.core import Case, Exercise, Wrong, case

# --- entropy ---------------------------------------------------------------------------------


def entropy(symbols: np.ndarray) -> float:
    """Bits per symbol that the values of an array need on average, in any order."""
    return theory.entropy(_counts(symbols))


def _counts(symbols) -> np.ndarray:
    return np.unique(np.asarray(symbols), return_counts=True)[1]


def _natural(symbols):
    return entropy(symbols) * np.log(2)


def _unnormalized(symbols):
    n = _counts(symbols)
    return -float(np.sum(n * np.log2(n)))


def _total(symbols):
    return entropy(symbols) * np.size(symbols)


def _of_values(symbols):
    x = np.ravel(symbols).astype(float)
    p = x[x > 0] / x.sum()
    return -float(np.sum(p * np.log2(p)))


def _forgets_zeros(symbols):
    p = np.bincount(np.ravel(symbols), minlength=256) / np.size(symbols)
    with np.errstate(all="ignore"):
        return -float(np.sum(p * np.log2(p)))


def _negative(symbols):
    return -entropy(symbols)


def _fixed_length(symbols):
    return float(np.log2(len(_counts(symbols))))


def _random_symbols(rng: np.random.Generator) -> list[Case]:
    skewed = rng.geometric(0.3, size=(40, 25)) - 1
    return [
        case(skewed, words="1000 symbols of a skewed source"),
        case(rng.integers(0, 256, 500).astype(np.uint8), words="500 random bytes"),
        case(np.array([7, 7, 7, 7])),
        case(rng.integers(-3, 4, 200), words="200 numbers from -3 to 3"),
    ]


ENTROPY = Exercise(
    id="01.entropy",
    task="Compute the entropy of the values in an array, in bits per symbol.",
    minutes=8,
    points=2,
    solution=entropy,
    cases=(
        case(np.array([0, 1, 2, 3])),
        case(np.array([3, 3, 3, 5])),
        case(np.array([[1, 1, 4], [1, 9, 1]]), words="a small picture"),
    ),
    hidden=_random_symbols,
    wrong=(
        Wrong(_natural, "these are nats, not bits: take np.log2, not np.log."),
        Wrong(_unnormalized, "divide the counts by their sum first: p must add up to 1."),
        Wrong(_total, "this is for all symbols together: bits per symbol is wanted."),
        Wrong(
            _of_values, "count how often each value occurs; the values themselves do not matter."
        ),
        Wrong(_forgets_zeros, "0 * log2(0) is nan here: keep only the counts above zero."),
        Wrong(_negative, "the sign is missing: log2 of a probability is negative."),
        Wrong(_fixed_length, "this is the length of equally long codewords; weigh by the counts."),
    ),
)

# --- canonical codes -------------------------------------------------------------------------


def canonical_words(lengths: list[int]) -> list[str]:
    """The canonical Huffman codewords, as strings of 0 and 1, that belong to codeword lengths."""
    return HuffmanCode(np.asarray(lengths)).words


def _assign(lengths, order, start=0, grow=True) -> list[str]:
    words, code, previous = [""] * len(lengths), start, 0
    for s in order:
        if grow:
            code <<= max(0, lengths[s] - previous)
        words[s] = f"{code:0{lengths[s]}b}"
        code, previous = code + 1, lengths[s]
    return words


def _by_length(lengths, sign=1):
    return sorted((s for s in range(len(lengths)) if lengths[s]), key=lambda s: sign * lengths[s])


def _unsorted(lengths):
    return _assign(lengths, [s for s in range(len(lengths)) if lengths[s]])


def _longest_first(lengths):
    return _assign(lengths, _by_length(lengths, -1), grow=False)


def _never_shifts(lengths):
    return _assign(lengths, _by_length(lengths), grow=False)


def _starts_at_one(lengths):
    return _assign(lengths, _by_length(lengths), start=1)


def _drops_zeros(lengths):
    return [f"{int(word, 2):b}" if word else "" for word in canonical_words(lengths)]


def _in_code_order(lengths):
    words = canonical_words(lengths)
    return [words[s] for s in _by_length(lengths)]


def _random_lengths(rng: np.random.Generator) -> list[Case]:
    counts = [rng.integers(0, 50, size=n) ** 2 + (np.arange(n) < 2) for n in (2, 9, 40)]
    return [case([min(WORD, int(n)) for n in code_lengths(c)]) for c in counts]


CANONICAL = Exercise(
    id="01.canonical_words",
    task="Write the codewords of a canonical Huffman code from their lengths.",
    minutes=15,
    points=3,
    solution=canonical_words,
    cases=(
        case([1, 3, 3, 3, 3]),
        case([3, 2, 2, 2, 3]),
        case([3, 0, 1, 3, 0, 3, 3]),
    ),
    hidden=_random_lengths,
    wrong=(
        Wrong(_unsorted, "go through the symbols by length, the shortest first."),
        Wrong(_longest_first, "the shortest codeword comes first, not the longest."),
        Wrong(_never_shifts, "when the length grows, append a 0: shift the code to the left."),
        Wrong(_starts_at_one, "the first codeword is all zeros: start at 0."),
        Wrong(_drops_zeros, "leading zeros count: format with the width, f'{code:0{length}b}'."),
        Wrong(_in_code_order, 'return the words by symbol, with "" for length 0.'),
    ),
)

# --- BD-PSNR ---------------------------------------------------------------------------------


def bd_psnr(anchor_rate, anchor_psnr, test_rate, test_psnr) -> float:
    """Mean PSNR gain in dB of the test curve at equal rate, over the common range of log rate."""
    return metrics.bd_psnr(anchor_rate, anchor_psnr, test_rate, test_psnr)


def _bd_rate(anchor_rate, anchor_psnr, test_rate, test_psnr):
    return metrics.bd_rate(anchor_rate, anchor_psnr, test_rate, test_psnr)


def _swapped(anchor_rate, anchor_psnr, test_rate, test_psnr):
    return -bd_psnr(anchor_rate, anchor_psnr, test_rate, test_psnr)


def _mean_gain(anchor, test, axis) -> float:
    """Mean gain of curve over curve, where `axis` turns a rate into the abscissa."""
    low = max(axis(min(anchor[0])), axis(min(test[0])))
    high = min(axis(max(anchor[0])), axis(max(test[0])))
    grid = np.linspace(low, high, 1001)
    lines = [PchipInterpolator(axis(np.asarray(rate)), psnr)(grid) for rate, psnr in (anchor, test)]
    return float(np.mean(lines[1] - lines[0]))


def _linear_rate(anchor_rate, anchor_psnr, test_rate, test_psnr):
    return _mean_gain((anchor_rate, anchor_psnr), (test_rate, test_psnr), lambda rate: 1.0 * rate)


def _mean_of_points(anchor_rate, anchor_psnr, test_rate, test_psnr):
    return float(np.mean(test_psnr) - np.mean(anchor_psnr))


def _test_range(anchor_rate, anchor_psnr, test_rate, test_psnr):
    grid = np.log10(np.geomspace(min(test_rate), max(test_rate), 1001))
    lines = [
        PchipInterpolator(np.log10(rate), psnr)(grid)
        for rate, psnr in ((anchor_rate, anchor_psnr), (test_rate, test_psnr))
    ]
    return float(np.mean(lines[1] - lines[0]))


def _not_divided(anchor_rate, anchor_psnr, test_rate, test_psnr):
    low = max(min(anchor_rate), min(test_rate))
    high = min(max(anchor_rate), max(test_rate))
    return bd_psnr(anchor_rate, anchor_psnr, test_rate, test_psnr) * float(np.log10(high / low))


_JCTVC = (  # the example that circulates with the Bjontegaard scripts: kbit/s and dB
    np.array([1358.24, 2486.44, 4593.60, 9487.76]),
    np.array([34.851, 36.845, 38.615, 40.037]),
    np.array([1356.24, 2451.52, 4469.00, 9787.80]),
    np.array([34.987, 36.970, 38.651, 40.121]),
)
_CROSSING = (  # bpp and dB: the test curve starts and ends at higher rates
    np.array([0.15, 0.3, 0.6, 1.2]),
    np.array([27.0, 30.0, 33.5, 37.0]),
    np.array([0.25, 0.5, 1.0, 2.0]),
    np.array([30.5, 32.9, 36.5, 39.0]),
)


def _random_curves(rng: np.random.Generator) -> list[Case]:
    def curve(start: float) -> tuple[np.ndarray, np.ndarray]:
        rate = start * np.cumprod(rng.uniform(1.4, 2.2, 5))
        return rate, 36 + 6 * np.log2(rate) + np.cumsum(rng.uniform(0, 0.8, 5))

    return [case(*curve(0.1), *curve(0.13), words="two random curves") for _ in range(3)]


BD_PSNR = Exercise(
    id="01.bd_psnr",
    task="Compute by how many dB a curve lies above an anchor at equal rate, on average.",
    minutes=10,
    points=3,
    solution=bd_psnr,
    cases=(
        case(*_JCTVC, words="two published curves of a video codec"),
        case(*_CROSSING, words="two curves that overlap in part"),
    ),
    hidden=_random_curves,
    wrong=(
        Wrong(_bd_rate, "this is the BD-rate: let psnr be the height and log10(rate) the axis."),
        Wrong(_swapped, "the sign is turned: test minus anchor."),
        Wrong(_linear_rate, "integrate over log10(rate), so that each doubling counts alike."),
        Wrong(_mean_of_points, "compare at equal rates: interpolate both curves on one grid."),
        Wrong(_test_range, "compare only where both curves have values: the common range."),
        Wrong(_not_divided, "this is the area between the curves: divide it by its width."),
    ),
    rtol=0,
    atol=0.004,
)

EXERCISES = (ENTROPY, BD_PSNR, CANONICAL)
