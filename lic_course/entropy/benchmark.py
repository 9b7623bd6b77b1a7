"""How fast every coder of this package is here: python -m lic_course.entropy.benchmark [symbols].

Two messages are coded and decoded again: numbers as a learned codec makes them, each with one of
64 Gaussian tables, and symbols that share one table. Times are medians. The ideal size is what the
model itself promises, without any coder.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import constriction
import numpy as np

from lic_course.entropy import adaptive, range_coder, rans
from lic_course.entropy.huffman import HuffmanCode
from lic_course.entropy.tables import Decoder, Encoder, FrequencyTables, quantize_probabilities
from lic_course.entropy.theory import ideal_bits

SCALES = np.exp(np.linspace(np.log(0.11), np.log(256), 64))
PLAIN_SHARE = 10  # coders in plain Python get a message so many times shorter


@dataclass(frozen=True)
class Trial:
    """A coder and a message for it; `size` tells the bytes of what `encode` returns."""

    coder: str
    message: np.ndarray
    ideal_bits: float
    encode: Callable[[], Any]
    decode: Callable[[Any], Any]
    size: Callable[[Any], int] = len


@dataclass(frozen=True)
class Speed:
    """What was measured: sizes in bytes, times in seconds (medians)."""

    coder: str
    symbols: int
    size: int
    ideal: float
    encode_seconds: float
    decode_seconds: float

    def __str__(self) -> str:
        rates = (self.symbols / t / 1e6 for t in (self.encode_seconds, self.decode_seconds))
        row = f"{self.coder:40}{self.symbols:>10}" + "".join(f"{rate:>10.2f}" for rate in rates)
        excess = 100 * (self.size / self.ideal - 1)
        return row + f"{8 * self.size / self.symbols:>10.3f}{self.size:>10}{excess:>+9.3f} %"


def measure(trial: Trial, repetitions: int = 7) -> Speed:
    """Time both directions, and check that the message comes back."""
    encode_times, decode_times = [], []
    for _ in range(repetitions):
        start = time.perf_counter()
        data = trial.encode()
        middle = time.perf_counter()
        decoded = trial.decode(data)
        decode_times.append(time.perf_counter() - middle)
        encode_times.append(middle - start)
        if not np.array_equal(decoded, trial.message):
            raise AssertionError(f"{trial.coder} does not give the message back")
    times = median(encode_times), median(decode_times)
    return Speed(trial.coder, len(trial.message), trial.size(data), trial.ideal_bits / 8, *times)


def latents(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rounded Gaussians and the indexes of their scales, mostly small ones: (count,) int32 each."""
    rng = np.random.default_rng(seed)
    indexes = np.clip(rng.normal(15, 9, count), 0, len(SCALES) - 1).astype(np.int32)
    return np.rint(rng.normal(0, SCALES[indexes])).astype(np.int32), indexes


def fast_path(values: np.ndarray, indexes: np.ndarray, tables: FrequencyTables) -> Trial:
    """The coder that the codecs of this course use."""

    def encode() -> bytes:
        encoder = Encoder(tables)
        encoder.code(values, indexes)
        return encoder.finish()

    def decode(data: bytes) -> np.ndarray:
        return Decoder(tables, data).code(None, indexes)

    bits = tables.ideal_bits(values, indexes)
    return Trial("tables (the fast path)", values, bits, encode, decode)


def gaussian_path(values: np.ndarray, indexes: np.ndarray, tables: FrequencyTables) -> Trial:
    """Constriction with a mean and a scale per symbol: floats, so not safe across machines."""
    queue, limit = constriction.stream.queue, 1023
    model = constriction.stream.model.QuantizedGaussian(-limit, limit)
    values = np.clip(values, -limit, limit)
    means, scales = np.zeros(len(values)), SCALES[indexes]

    def encode() -> np.ndarray:
        encoder = queue.RangeEncoder()
        encoder.encode(values, model, means, scales)
        return encoder.get_compressed()

    def decode(words: np.ndarray) -> np.ndarray:
        return queue.RangeDecoder(words).decode(model, means, scales)

    bits = tables.ideal_bits(values, indexes)
    name = "constriction, one Gaussian per symbol"
    return Trial(name, values, bits, encode, decode, lambda words: words.nbytes)


def rans_path(values: np.ndarray, indexes: np.ndarray, tables: FrequencyTables) -> Trial:
    """Interleaved rANS with the same tables. It has no escapes, so values outside are left out."""
    symbols = values - tables.offsets[indexes]
    inside = (symbols >= 0) & (symbols < tables.sizes[indexes])
    symbols, rows, lanes = symbols[inside], indexes[inside], max(1, len(values) // 4000)
    return Trial(
        f"interleaved rANS in NumPy, {lanes} lanes",
        symbols,
        tables.ideal_bits(values[inside], rows),
        lambda: rans.encode_interleaved(symbols, tables.cumulative, rows, lanes),
        lambda data: rans.decode_interleaved(*data, tables.cumulative, rows),
        lambda data: len(rans.to_bytes(*data)),
    )


def plain_coders(count: int) -> list[Trial]:
    """The coders of the lesson, with one model for all symbols."""
    rng = np.random.default_rng(1)
    message = np.clip(np.rint(rng.normal(8, 2, count)), 0, 16).astype(np.int64)
    f = quantize_probabilities(np.bincount(message, minlength=17) + 1).tolist()
    bits = ideal_bits(message, np.array(f))
    symbols = message.tolist()
    huffman, coder = HuffmanCode.from_frequencies(np.array(f)), rans.Rans(f, bits=16)
    return [
        Trial(
            "Huffman, NumPy and plain Python",
            message,
            bits,
            lambda: huffman.encode(message),
            lambda data: huffman.decode(data, count),
        ),
        Trial(
            "range coder in plain Python",
            message,
            bits,
            lambda: range_coder.encode(symbols, f),
            lambda data: range_coder.decode(data, count, f),
        ),
        Trial(
            "rANS in plain Python",
            message,
            bits,
            lambda: coder.encode(symbols),
            lambda data: coder.decode(*data, count),
            lambda data: len(rans.to_bytes([data[0]], data[1])),
        ),
        Trial(
            "adaptive range coder in plain Python",
            message,
            bits,
            lambda: adaptive.encode(symbols, 17),
            lambda data: adaptive.decode(data, count, 17),
        ),
    ]


def main(symbols: int = 1_000_000, repetitions: int = 7) -> list[Speed]:
    """Measure all coders and print one line for each."""
    names = "encode M/s", "decode M/s", "bit/symbol", "bytes", "over ideal"
    print(f"{'coder':40}{'symbols':>10}" + "".join(f"{name:>11}" for name in names))
    message = *latents(symbols), FrequencyTables.gaussian(SCALES)
    trials = [path(*message) for path in (fast_path, gaussian_path, rans_path)]
    trials += plain_coders(max(1, symbols // PLAIN_SHARE))
    speeds = []
    for trial in trials:
        speeds.append(measure(trial, repetitions))
        print(speeds[-1])
    return speeds


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
