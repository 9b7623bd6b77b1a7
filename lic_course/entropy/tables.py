"""Integer probability tables, and the fast coder through which the codecs of this course write.

A codec has a few dozen tables; each number to code comes with the *index* of the table that is its
model. The tables are made once, stored with the weights of the codec, and never computed again: a
decoder that rebuilds them from floats may get other integers, and one of them ruins all the rest.

`Encoder.code(values, indexes)` and `Decoder.code(None, indexes)` both return the values, so that
one function serves both directions, and the two cannot drift apart:

    def walk(coder, planes):                     # planes = [None, None, ...] when decoding
        done = []
        for plane in planes:
            indexes = predict(done)              # from what both sides know by now
            done.append(coder.code(plane, indexes))
        return done
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import constriction
import numpy as np
from scipy.special import erfcinv, ndtr

from lic_course.entropy.golomb import fold, unfold
from lic_course.entropy.theory import probabilities
from lic_course.errors import BitstreamError

PRECISION = 16  # bits: the frequencies of a table sum to 2**16 unless said otherwise
LIMIT = 1 << 21  # values and offsets lie within +-LIMIT, and a table has at most LIMIT values
BLOCK = 1 << 16  # values coded together: few enough to stay in the processor's cache
LONGEST = 24  # bits of the longest escaped number, which follows from LIMIT

PREFIX = constriction.stream.model.Categorical(
    np.array([*(2.0**-n for n in range(1, LONGEST)), 2.0 ** (1 - LONGEST)]), perfect=False
)
Model = constriction.stream.model.Categorical | constriction.stream.model.Uniform


def quantize_probabilities(p: np.ndarray, bits: int = PRECISION) -> np.ndarray:
    """Integer frequencies, at least 1 each, with the sum 2**bits: (n,) int64.

    p: (n,) probabilities or counts. Each is rounded down, but not below 1. What is then left over
    goes to the largest frequencies, 1 to each; what is missing is taken from the largest one.
    """
    p = probabilities(p)
    total = 1 << bits
    if not 1 <= p.size <= total:
        raise ValueError(f"{p.size} symbols cannot share a total of 2**{bits}")
    frequencies = np.maximum(1, np.floor(p * total)).astype(np.int64)
    surplus = total - int(frequencies.sum())
    if surplus > 0:
        frequencies[np.argsort(-frequencies, kind="stable")[:surplus]] += 1
    while surplus < 0:
        largest = frequencies.argmax()
        taken = min(-surplus, frequencies[largest] - 1)
        frequencies[largest] -= taken
        surplus += taken
    return frequencies


@dataclass(frozen=True, eq=False)
class FrequencyTables:
    """A batch of T integer tables: table t knows the values offsets[t] ... offsets[t]+sizes[t]-1.

    frequencies: (sum of sizes + T,) integers >= 1, table after table. The last frequency of each
    table belongs to the escape symbol, which announces a value outside the table's range. The sum
    over each table is 2**precision, with precision from 1 to 24.
    sizes, offsets: (T,) integers. Raises BitstreamError when the arrays do not fit together.
    """

    frequencies: np.ndarray
    sizes: np.ndarray
    offsets: np.ndarray
    precision: int = PRECISION

    def __post_init__(self) -> None:
        for name in ("frequencies", "sizes", "offsets"):
            array = np.asarray(getattr(self, name))
            if array.ndim != 1 or array.dtype.kind not in "iu":
                raise BitstreamError(f"The probability tables need {name} as a row of integers.")
            object.__setattr__(self, name, array.astype(np.int64))
        if message := self._damage():
            raise BitstreamError(f"The probability tables are damaged: {message}.")

    def _damage(self) -> str:
        if not 1 <= len(self.sizes) == len(self.offsets) <= 1 << 16:
            return "there must be as many offsets as sizes, from 1 to 65536"
        if np.any((self.sizes < 1) | (self.sizes > LIMIT)) or np.any(abs(self.offsets) > LIMIT):
            return "a size or an offset is out of range"
        if len(self.frequencies) != self.sizes.sum() + len(self.sizes):
            return "the number of frequencies does not match the sizes"
        if not 1 <= self.precision <= 24 or np.any(self.frequencies < 1):
            return "a frequency below 1, or a precision outside 1 to 24 bits"
        if np.any(np.add.reduceat(self.frequencies, self.starts) != 1 << self.precision):
            return f"the frequencies of each table must sum to 2**{self.precision}"
        return ""

    def __len__(self) -> int:
        """Number of tables."""
        return len(self.sizes)

    @classmethod
    def from_probabilities(
        cls, rows: Sequence[np.ndarray], offsets: Sequence[int], precision: int = PRECISION
    ) -> "FrequencyTables":
        """One table per row: rows[t][i] is the probability of the value offsets[t] + i.

        What is missing to a sum of 1 becomes the probability of the escape symbol.
        """
        rows = [np.asarray(row, dtype=np.float64) for row in rows]
        escapes = [max(0.0, 1.0 - float(row.sum())) for row in rows]
        frequencies = [
            quantize_probabilities(np.append(row, escape), precision)
            for row, escape in zip(rows, escapes, strict=True)
        ]
        sizes = np.array([len(row) for row in rows])
        return cls(np.concatenate(frequencies), sizes, np.asarray(offsets), precision)

    @classmethod
    def gaussian(
        cls, scales: Sequence[float], tail: float = 1e-6, longest: int = 1023
    ) -> "FrequencyTables":
        """Tables of rounded Gaussians of mean 0: P(k) = Phi((k + 1/2)/s) - Phi((k - 1/2)/s).

        Each reaches as far out as the probability `tail` is left, at most to +-`longest`.
        Make them once and store them: another machine may round Phi differently.
        """
        quantile = np.sqrt(2.0) * erfcinv(tail)
        rows, offsets = [], []
        for scale in scales:
            radius = int(np.clip(np.ceil(quantile * scale), 1, longest))
            k = np.abs(np.arange(-radius, radius + 1))
            rows.append(ndtr((0.5 - k) / scale) - ndtr((-0.5 - k) / scale))
            offsets.append(-radius)
        return cls.from_probabilities(rows, offsets)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Small NumPy arrays to be stored, for example as safetensors."""
        dtype = np.uint16 if self.precision <= 16 else np.uint32
        return {
            "frequencies": self.frequencies.astype(dtype),
            "sizes": self.sizes.astype(np.int32),
            "offsets": self.offsets.astype(np.int32),
            "precision": np.array([self.precision], dtype=np.int32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "FrequencyTables":
        """The inverse of `to_arrays`. Raises BitstreamError for arrays that make no tables."""
        try:
            precision = int(np.asarray(arrays["precision"]).ravel()[0])
            return cls(arrays["frequencies"], arrays["sizes"], arrays["offsets"], precision)
        except (KeyError, IndexError) as error:
            raise BitstreamError("The probability tables are incomplete.") from error

    @cached_property
    def starts(self) -> np.ndarray:
        """Where each table begins in `frequencies`, (T,)."""
        return np.cumsum(self.sizes + 1) - self.sizes - 1

    @cached_property
    def cumulative(self) -> np.ndarray:
        """All tables as rows of cumulative frequencies, (T, longest size + 2) uint32.

        Each row goes from 0 to 2**precision and is filled up with that number.
        """
        rows = np.full((len(self), self.sizes.max() + 2), 1 << self.precision, dtype=np.uint32)
        for row, start, size in zip(rows, self.starts, self.sizes, strict=True):
            row[0] = 0
            row[1 : size + 2] = np.cumsum(self.frequencies[start : start + size + 1])
        return rows

    def model(self, index: int) -> Model:
        """Constriction's model of one table, made at the first use.

        It is given floats, f / 2**precision, and yet all machines get the same: each is exact in
        float64, and so is all that constriction computes from them. It turns n frequencies with
        the cumulative sums c into 24-bit integers, floor(c * (2**24 - n) / 2**precision) + s for
        symbol s; the product has at most 48 bits, and float64 holds 53.
        """
        if self._models[index] is None:
            start = self.starts[index]
            f = self.frequencies[start : start + self.sizes[index] + 1]
            exact = f / float(1 << self.precision)
            self._models[index] = constriction.stream.model.Categorical(exact, perfect=False)
        return self._models[index]

    @cached_property
    def _models(self) -> list[Model | None]:
        return [None] * len(self)

    def bits(self, values: np.ndarray, indexes: np.ndarray) -> np.ndarray:
        """What each value costs, in bits, escapes included: float64 in the shape of `indexes`."""
        values, indexes = np.asarray(values), np.asarray(indexes)
        symbols = values.astype(np.int64) - self.offsets[indexes]
        size = self.sizes[indexes]
        outside = (symbols < 0) | (symbols >= size)
        place = self.starts[indexes] + np.where(outside, size, symbols)
        bits = self.precision - np.log2(self.frequencies[place])
        distance = np.where(symbols >= size, symbols - size, symbols)
        return bits + np.where(outside, 2 * bit_length(fold(distance) + 1) - 1, 0)

    def ideal_bits(self, values: np.ndarray, indexes: np.ndarray) -> float:
        """What all values cost together: the length that a perfect coder would reach."""
        return float(self.bits(values, indexes).sum())


def bit_length(numbers: np.ndarray) -> np.ndarray:
    """Binary digits of integers from 0 to 2**53: 0 for 0, 1 for 1, 2 for 2 and 3, 3 for 4 to 7."""
    return np.frexp(np.asarray(numbers, dtype=np.float64))[1]


class Coder:
    """Codes arrays of integers; `Encoder` and `Decoder` differ only in what a single step does."""

    def __init__(self, tables: FrequencyTables) -> None:
        self.use(tables)

    def use(self, tables: FrequencyTables) -> None:
        """Go on with other tables: for models that learn from the values coded so far."""
        self.tables = tables
        self._offsets, self._sizes = (x.astype(np.int32) for x in (tables.offsets, tables.sizes))

    def code(self, values: np.ndarray | None, indexes: np.ndarray) -> np.ndarray:
        """Code one value per entry of `indexes` and return the values, int32 of the same shape.

        values: integers of that shape, within +-2**21; a decoder does not look at them.
        indexes: integers, 0 to T-1, of any shape. Raises BitstreamError when damage is noticed.
        """
        indexes = np.asarray(indexes)
        flat, values = self._small(indexes), self._values(values, indexes.shape)
        result = np.empty(len(flat), dtype=np.int32)
        for start in range(0, len(flat), BLOCK):
            part = slice(start, start + BLOCK)
            result[part] = self._code_block(values[part], flat[part])
        return result.reshape(indexes.shape)

    def _code_block(self, values: np.ndarray, indexes: np.ndarray) -> np.ndarray:
        # Values that share a table become neighbors: one call to constriction codes them all.
        order = np.argsort(indexes, kind="stable")
        counts = np.bincount(indexes, minlength=len(self.tables))
        offset, size = np.repeat(self._offsets, counts), np.repeat(self._sizes, counts)
        distance = values[order] - offset
        inside = distance.view(np.uint32) < size.view(np.uint32)  # negative ones look huge
        symbols = self._code_tables(np.where(inside, distance, size), counts)
        escaped = np.flatnonzero(symbols == size)
        if len(escaped):
            symbols[escaped] = self._code_escapes(distance[escaped], size[escaped])
            if np.any(abs(symbols[escaped] + offset[escaped]) > LIMIT):
                raise BitstreamError("The coded values are damaged: one is too large to be real.")
        result = np.empty_like(symbols)
        result[order] = symbols + offset
        return result

    def _small(self, indexes: np.ndarray) -> np.ndarray:
        if indexes.dtype.kind not in "iu":
            raise ValueError("indexes must be integers")
        if indexes.size and not (indexes.min() >= 0 and indexes.max() < len(self.tables)):
            raise ValueError(f"indexes must lie between 0 and {len(self.tables) - 1}")
        small = np.uint8 if len(self.tables) <= 256 else np.uint16  # NumPy sorts these fastest
        return indexes.ravel().astype(small)

    def _code_tables(self, symbols: np.ndarray, counts: np.ndarray) -> np.ndarray:
        coded, end = np.empty(len(symbols), dtype=np.int32), 0
        for index in np.flatnonzero(counts).tolist():
            begin, end = end, end + int(counts[index])
            coded[begin:end] = self._step(symbols[begin:end], self.tables.model(index))
        return coded

    def _code_escapes(self, distance: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Exp-Golomb codes of how far outside the table each value lies, with the sign folded in.

        The unary prefix is a symbol with the probabilities 1/2, 1/4, 1/8, ..., which costs the
        same bits; the digits behind the leading one are uniform.
        """
        number = fold(np.where(distance >= size, distance - size, distance)) + 1
        digits = self._step(np.minimum(bit_length(number), LONGEST) - 1, PREFIX)
        rest = np.zeros(len(digits), dtype=np.int32)
        for n in np.unique(digits[digits > 0]).tolist():
            same = digits == n
            uniform = constriction.stream.model.Uniform(1 << n)
            rest[same] = self._step(number[same] - (1 << n), uniform)
        signed = unfold((1 << digits) + rest - 1)
        return np.where(signed >= 0, signed + size, signed)

    def _values(self, values: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
        raise NotImplementedError

    def _step(self, symbols: np.ndarray, model: Model) -> np.ndarray:
        raise NotImplementedError


class Encoder(Coder):
    """Writes values; `finish()` returns the bytes."""

    def __init__(self, tables: FrequencyTables) -> None:
        super().__init__(tables)
        self._encoder = constriction.stream.queue.RangeEncoder()

    @property
    def num_bits(self) -> int:
        """Length of the data if they ended here, a multiple of 32."""
        return self._encoder.num_bits()

    def finish(self) -> bytes:
        """All data: 32-bit words, least significant byte first."""
        return self._encoder.get_compressed().astype("<u4").tobytes()

    def _values(self, values: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
        values = np.asarray(values)
        if values.shape != shape or values.dtype.kind not in "iu":
            raise ValueError("an encoder needs integers, one for each index")
        if values.size and not (values.min() >= -LIMIT and values.max() <= LIMIT):
            raise ValueError(f"values must lie within +-{LIMIT}")
        return values.ravel().astype(np.int32, copy=False)

    def _step(self, symbols: np.ndarray, model: Model) -> np.ndarray:
        self._encoder.encode(symbols.astype(np.int32, copy=False), model)
        return symbols


class Decoder(Coder):
    """Reads values from the bytes of an `Encoder` with the same tables and the same indexes."""

    def __init__(self, tables: FrequencyTables, data: bytes) -> None:
        super().__init__(tables)
        if len(data) % 4:
            raise BitstreamError("The coded values are damaged: their length is no multiple of 4.")
        words = np.frombuffer(data, dtype="<u4").astype(np.uint32)
        self._decoder = constriction.stream.queue.RangeDecoder(words)

    def finish(self) -> None:
        """Check that all data were needed. Raises BitstreamError when more than 8 bytes are left.

        The decoder reads 8 bytes ahead, so that it cannot notice fewer; the file knows the length.
        """
        if not self._decoder.maybe_exhausted():
            raise BitstreamError("The coded values are damaged: there are more data than values.")

    def _values(self, values: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
        return np.zeros(int(np.prod(shape)), dtype=np.int32)  # placeholders, replaced in each step

    def _step(self, symbols: np.ndarray, model: Model) -> np.ndarray:
        try:
            return self._decoder.decode(model, len(symbols))
        except AssertionError as error:
            raise BitstreamError("The coded values are damaged: no value fits them.") from error
