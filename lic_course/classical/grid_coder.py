"""Grids of integers to bytes and back: DPCM, contexts, and tables that follow the statistics.

A codec that describes a picture by a few numbers for each place has grids of quantized numbers to
store. Each number is predicted from its neighbors, and what is left is coded with a table chosen
by how large the errors were nearby. Everything that chooses is an integer.

Numbers on a line c + 2 r = constant do not need one another: their neighbors W, N, NW and NE lie on
lines before. So a whole line is coded at once, in both directions by the same function.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from lic_course.entropy.tables import (
    PRECISION,
    Coder,
    Decoder,
    FrequencyTables,
    quantize_probabilities,
)
from lic_course.errors import BitstreamError

HALF_OCTAVES = np.arange(-14, 19)  # table t is for errors of the mean size 2**(HALF_OCTAVES[t] / 2)
MEAN_UNIT = 256  # mean sizes are compared in multiples of 1 / MEAN_UNIT
WINDOW = 400  # a context forgets half of what it saw after so many numbers
ACTIVITIES = np.array([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512])
LARGEST = 1 << 20  # no number of a grid is larger
LONGEST_UNIFORM = 8  # bits of the widest table without preference
PASSES = ((0, 0), (1, 1), (0, 1), (1, 0))  # first row and column of every second one
LARGEST_PART = 2048  # numbers coded before the statistics are brought up to date
END_MARK = 1234  # stands behind the last grid; a decoder that lost its way finds something else
END_VALUES = 4095


@cache
def tables() -> FrequencyTables:
    """All tables: geometric ones from narrow to wide, uniform ones of 2, 4, ... values, the end's.

    P(k) is proportional to r**|k|, whose mean size is 2 r / (1 - r**2). The powers of r are taken
    with integers, and the rest of the arithmetic is exact, so every machine gets the same tables.
    """
    rows, offsets = [], []
    for half_octave in HALF_OCTAVES:
        row, radius = _geometric(np.sqrt(2.0 ** int(half_octave)))
        rows.append(row)
        offsets.append(-radius)
    for bits in range(1, LONGEST_UNIFORM + 1):
        rows.append(np.ones((1 << bits) + 1))
        rows[-1][-1] = 2.0**-PRECISION  # the escape symbol is not needed
        offsets.append(0)
    rows.append(np.ones(END_VALUES + 1))
    offsets.append(0)
    frequencies = np.concatenate([quantize_probabilities(row) for row in rows])
    return FrequencyTables(frequencies, np.array([len(row) - 1 for row in rows]), np.array(offsets))


def _geometric(mean: float) -> tuple[np.ndarray, int]:
    """Integer weights of -radius ... radius and of the escape symbol, and the radius."""
    r = int(np.rint((np.sqrt(1 + mean * mean) - 1) / mean * (1 << 16)))
    powers = [1 << 32]
    while len(powers) < 600 and (len(powers) < 3 or powers[-1] > mean * (1 << 17)):
        powers.append(powers[-1] * r >> 16)
    beyond = max(1, 2 * (powers[-1] * r // ((1 << 16) - r)))
    return np.array([*powers[:0:-1], *powers, beyond], np.float64), len(powers) - 1


def uniform(bits: int) -> int:
    """The index of the table of 2**bits equally likely values, bits from 1 to 8."""
    return len(HALF_OCTAVES) + bits - 1


@dataclass
class Statistics:
    """For each context, how many errors it saw lately and the sum of their sizes.

    They start as one error of the size that the context's activity suggests.
    """

    counts: np.ndarray
    sums: np.ndarray

    @classmethod
    def fresh(cls, weight: int) -> "Statistics":
        """What encoder and decoder begin with; an activity is a sum of `weight` sizes."""
        sizes = np.concatenate([[0], ACTIVITIES]) * MEAN_UNIT // weight + MEAN_UNIT // 16
        return cls(np.full(len(sizes), 2), 2 * sizes)

    def table_of_context(self) -> np.ndarray:
        """The table whose mean size is closest to what each context saw."""
        return np.searchsorted(_bounds(), self.sums // self.counts)

    def learn(self, contexts: np.ndarray, sizes: np.ndarray) -> None:
        """Add errors of these sizes; halve a context that has seen enough."""
        size = len(self.counts)
        self.counts += np.bincount(contexts, minlength=size)
        self.sums += MEAN_UNIT * np.bincount(contexts, sizes, size).astype(np.int64)
        full = self.counts > WINDOW
        self.counts[full] >>= 1
        self.sums[full] >>= 1


@cache
def _bounds() -> np.ndarray:
    """Between the mean sizes of neighboring tables, in 1 / MEAN_UNIT, rounded."""
    return np.rint(MEAN_UNIT * 2.0 ** ((HALF_OCTAVES[:-1] + 0.5) / 2)).astype(np.int64)


def code_grid(
    coder: Coder,
    values: np.ndarray | None,
    shape: tuple[int, int],
    predict: bool = True,
    bits: np.ndarray | None = None,
) -> np.ndarray:
    """Code a grid of integers (rows, columns), or decode it when `values` is None.

    predict: code the difference to the prediction of LOCO-I (the median of W, N and W + N - NW;
    Weinberger, Seroussi and Sapiro, 2000), for numbers that resemble their neighbors. Otherwise
    the numbers themselves, for those of which only the size does. bits: where to write what each
    number costs, float64 of the grid's shape. Returns the grid, int64. Raises `BitstreamError` when
    the data are damaged.
    """
    rows, columns = shape
    stride, statistics = columns + 2, Statistics.fresh(6)
    x, sizes = (np.zeros((rows + 1) * stride, np.int64) for _ in range(2))  # with a border
    given = None if values is None else np.pad(values, ((1, 0), (1, 1))).ravel()
    for line in range(columns + 2 * (rows - 1)):
        first, last = max(0, (line - columns + 2) // 2), min(rows - 1, line // 2)
        if last < first:  # a grid of one column has nothing on every second line
            continue
        begin = (first + 1) * stride + 1 + line - 2 * first
        end = begin + (last - first) * (stride - 2) + 1
        here, west, north, north_west, north_east = (
            slice(begin - back, end - back, stride - 2)
            for back in (0, 1, stride, stride + 1, stride - 1)
        )
        activity = 2 * (sizes[west] + sizes[north]) + sizes[north_west] + sizes[north_east]
        contexts = np.searchsorted(ACTIVITIES, activity, side="right")
        prediction = median_prediction(x[west], x[north], x[north_west]) if predict else 0
        wanted = None if given is None else given[here] - prediction
        indexes = statistics.table_of_context()[contexts]
        errors = coder.code(wanted, indexes)
        if bits is not None:
            row = np.arange(first, last + 1)
            bits[row, line - 2 * row] = coder.tables.bits(errors, indexes)
        x[here], sizes[here] = errors + prediction, np.abs(errors)
        statistics.learn(contexts, sizes[here])
        _continue_border(x, sizes, stride, line, rows)
        if np.abs(x[here]).max() > LARGEST:
            raise BitstreamError("The coded grid is damaged: a number is too large to be real.")
    return x.reshape(rows + 1, stride)[1:, 1:-1].copy()


def _continue_border(x: np.ndarray, sizes: np.ndarray, stride: int, line: int, rows: int) -> None:
    """Repeat the first number of a row to the left of the next row, and the last one to the right.

    So every number has four neighbors; those above the first row are zero.
    """
    row, at_start = divmod(line, 2)
    if at_start == 0 and row + 1 < rows:
        for array in (x, sizes):
            array[(row + 2) * stride] = array[(row + 1) * stride + 1]
    row, at_end = divmod(line - (stride - 3), 2)
    if at_end == 0 and 0 <= row < rows:
        for array in (x, sizes):
            array[(row + 2) * stride - 1] = array[(row + 2) * stride - 2]


def code_residuals(
    coder: Coder,
    values: np.ndarray | None,
    shape: tuple[int, int],
    hint: np.ndarray,
    bits: np.ndarray | None = None,
) -> np.ndarray:
    """Code a grid of integers around zero, of which only the sizes resemble their neighbors.

    The grid goes in four passes: even rows and columns, odd ones, then the two mixtures. In a pass
    no number needs another one, and the later ones have neighbors on all sides. hint: integers of
    the grid's shape >= 0, what both sides expect of the sizes, times 4. Otherwise as `code_grid`.
    """
    rows, columns = shape
    x = np.zeros(shape, np.int64)
    sizes = np.zeros((rows + 2, columns + 2), np.int64)  # with a border of zeros
    for number, (top, left) in enumerate(PASSES):
        here = slice(top, None, 2), slice(left, None, 2)
        activity = (hint + around(sizes))[here]
        statistics = Statistics.fresh(4 * (number + 1))
        given = None if values is None else values[here].ravel()
        coded, indexes = _code_by_activity(coder, given, activity.ravel(), statistics)
        x[here] = coded.reshape(activity.shape)
        if bits is not None:
            bits[here] = coder.tables.bits(coded, indexes).reshape(activity.shape)
        sizes[1:-1, 1:-1][here] = np.abs(x[here])
    return x


def around(sizes: np.ndarray) -> np.ndarray:
    """Twice the sum of the four nearest sizes and once that of the four diagonal ones.

    sizes: integers (rows + 2, columns + 2), with a border; the sums are (rows, columns).
    """
    rows = sizes[:, :-2] + 2 * sizes[:, 1:-1] + sizes[:, 2:]
    return rows[:-2] + 2 * (rows[1:-1] - 2 * sizes[1:-1, 1:-1]) + rows[2:]


def _code_by_activity(
    coder: Coder, values: np.ndarray | None, activity: np.ndarray, statistics: Statistics
) -> tuple[np.ndarray, np.ndarray]:
    """Code numbers that do not need one another, in parts, and learn after each part.

    Returns the numbers and the indexes of their tables.
    """
    contexts = np.searchsorted(ACTIVITIES, activity, side="right")
    coded, indexes = np.empty(len(contexts), np.int64), np.empty(len(contexts), np.int64)
    begin = 0
    while begin < len(contexts):
        part = slice(begin, begin + min(max(64, begin), LARGEST_PART))
        begin = part.stop
        wanted = None if values is None else values[part]
        indexes[part] = statistics.table_of_context()[contexts[part]]
        coded[part] = coder.code(wanted, indexes[part])
        statistics.learn(contexts[part], np.abs(coded[part]))
    return coded, indexes


def median_prediction(west: np.ndarray, north: np.ndarray, north_west: np.ndarray) -> np.ndarray:
    """The median of W, N and W + N - NW: follows edges and slopes."""
    low, high = np.minimum(west, north), np.maximum(west, north)
    return np.clip(west + north - north_west, low, high)


def code_end(coder: Coder) -> None:
    """Write the end mark, or check it: `BitstreamError` when the decoder finds another number."""
    mark = coder.code(np.array([END_MARK]), np.array([len(tables()) - 1]))
    if mark[0] != END_MARK:
        raise BitstreamError("The coded grids are damaged: the mark at their end is missing.")


def decoder_for(data: bytes, numbers: int) -> Decoder:
    """A decoder for grids of so many numbers; `BitstreamError` when the data are too short."""
    least = PRECISION - np.log2(tables().frequencies.max())  # bits of the cheapest number
    if 8 * len(data) < numbers * least:
        raise BitstreamError("The coded grids are too short for so large a picture.")
    return Decoder(tables(), data)
