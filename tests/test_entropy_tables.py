"""Integer tables and the fast coder: exact on every machine, tight, and hard to break."""

import constriction
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from lic_course.entropy import benchmark
from lic_course.entropy.bits import BitWriter
from lic_course.entropy.golomb import write_exp_golomb
from lic_course.entropy.tables import (
    LIMIT,
    Decoder,
    Encoder,
    FrequencyTables,
    bit_length,
    quantize_probabilities,
)
from lic_course.errors import BitstreamError

PROPERTY = settings(max_examples=60, deadline=None, derandomize=True)
SCALES = np.exp(np.linspace(np.log(0.11), np.log(256), 64))


@pytest.fixture(scope="module")
def gaussians() -> FrequencyTables:
    return FrequencyTables.gaussian(SCALES)


def encode(tables, values, indexes) -> bytes:
    encoder = Encoder(tables)
    assert np.array_equal(encoder.code(values, indexes), values)
    assert encoder.num_bits == 8 * len(encoder.finish())
    return encoder.finish()


def decode(tables, data, indexes) -> np.ndarray:
    decoder = Decoder(tables, data)
    values = decoder.code(None, indexes)
    decoder.finish()
    return values


@st.composite
def batches(draw):
    """Tables of any shape and precision with values inside and outside, in any order."""
    precision = draw(st.sampled_from([6, 12, 16, 24]))
    rows = draw(st.lists(st.lists(st.integers(0, 999), min_size=1, max_size=12), min_size=1))
    offsets = draw(st.lists(st.integers(-50, 50), min_size=len(rows), max_size=len(rows)))
    rows = [np.array(row) / (sum(row) + 1) for row in rows[:50]]
    tables = FrequencyTables.from_probabilities(rows, offsets[: len(rows)], precision)
    near, far = st.integers(-70, 70), st.integers(-LIMIT, LIMIT)
    values = draw(st.lists(st.one_of(near, near, near, far), max_size=60))
    indexes = draw(st.lists(st.integers(0, len(tables) - 1), min_size=len(values)))
    return tables, np.array(values, dtype=int), np.array(indexes[: len(values)], dtype=int)


def test_quantize_probabilities_known_answers():
    assert quantize_probabilities([0.5, 0.3, 0.2], 4).tolist() == [9, 4, 3]
    assert quantize_probabilities([0.999, 0.0005, 0.0005], 8).tolist() == [254, 1, 1]
    assert quantize_probabilities([1, 0, 0, 0], 4).tolist() == [13, 1, 1, 1]


@PROPERTY
@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=64), st.integers(6, 24))
def test_quantized_probabilities_are_positive_with_the_right_sum(weights, bits):
    weights[0] += 1e-3
    frequencies = quantize_probabilities(weights, bits)
    assert frequencies.min() >= 1
    assert frequencies.sum() == 1 << bits
    exact = np.array(weights) / sum(weights) * (1 << bits)
    assert np.all(frequencies <= np.maximum(1, exact + 1))


def test_quantize_probabilities_refuses():
    for p, bits in (([1] * 17, 4), ([], 4), ([0, 0], 4), ([-1, 2], 4), ([np.nan], 4)):
        with pytest.raises(ValueError):
            quantize_probabilities(p, bits)
    assert quantize_probabilities([1] * 16, 4).tolist() == [1] * 16


def test_gaussian_tables_are_gaussian(gaussians):
    assert len(gaussians) == 64
    for t in (0, 20, 40, 63):
        size, offset = gaussians.sizes[t], gaussians.offsets[t]
        assert offset == -(size // 2)
        start = gaussians.starts[t]
        f = gaussians.frequencies[start : start + size]
        assert abs(f - f[::-1]).max() <= 1
        k = np.arange(offset, offset + size)
        p = norm.cdf(k + 0.5, scale=SCALES[t]) - norm.cdf(k - 0.5, scale=SCALES[t])
        loss = np.sum(p * np.log2(p / (f / 65536)))
        assert loss < 2e-4 + 0.002 * -np.sum(p * np.log2(p))


def test_tables_survive_storage(gaussians):
    arrays = gaussians.to_arrays()
    assert arrays["frequencies"].dtype == np.uint16
    again = FrequencyTables.from_arrays(arrays)
    assert np.array_equal(again.cumulative, gaussians.cumulative)
    values, indexes = benchmark.latents(500)
    assert encode(again, values, indexes) == encode(gaussians, values, indexes)
    fine = FrequencyTables.from_probabilities([[0.25, 0.5]], [0], precision=24)
    assert fine.to_arrays()["frequencies"].dtype == np.uint32
    assert np.array_equal(FrequencyTables.from_arrays(fine.to_arrays()).cumulative, fine.cumulative)


def test_cumulative_rows(gaussians):
    cumulative = gaussians.cumulative
    assert cumulative.dtype == np.uint32
    for row, size in zip(cumulative, gaussians.sizes, strict=True):
        assert row[0] == 0
        assert np.all(np.diff(row[: size + 2].astype(int)) >= 1)
        assert np.all(row[size + 1 :] == 65536)


@pytest.mark.parametrize(
    "change",
    [
        {"frequencies": np.array([3, 13, 8])},
        {"frequencies": np.array([3, 13, 8, 9])},
        {"frequencies": np.array([0, 16, 8, 8])},
        {"frequencies": np.array([3.0, 13.0, 8.0, 8.0])},
        {"frequencies": np.array([[3, 13], [8, 8]])},
        {"sizes": np.array([1, 0])},
        {"sizes": np.array([1, 1 << 40])},
        {"sizes": np.array([2])},
        {"offsets": np.array([0])},
        {"offsets": np.array([0, 1 << 30])},
        {"precision": np.array([5])},
        {"precision": np.array([25])},
        {"precision": np.array([], dtype=int)},
        {"sizes": np.array([], dtype=int), "offsets": np.array([], dtype=int)},
    ],
)
def test_damaged_tables(change):
    good = {
        "frequencies": np.array([3, 13, 8, 8]),
        "sizes": np.array([1, 1]),
        "offsets": np.array([0, -5]),
        "precision": np.array([4]),
    }
    assert len(FrequencyTables.from_arrays(good)) == 2
    with pytest.raises(BitstreamError):
        FrequencyTables.from_arrays(good | change)
    with pytest.raises(BitstreamError):
        FrequencyTables.from_arrays({k: v for k, v in good.items() if k not in change})


@PROPERTY
@given(batches())
def test_round_trip_and_rate(batch):
    tables, values, indexes = batch
    data = encode(tables, values, indexes)
    assert np.array_equal(decode(tables, data, indexes), values)
    assert np.array_equal(
        decode(FrequencyTables.from_arrays(tables.to_arrays()), data, indexes), values
    )
    assert len(data) <= 1.005 * tables.ideal_bits(values, indexes) / 8 + 8


@PROPERTY
@given(batches(), st.binary(min_size=12, max_size=12))
def test_bytes_behind_the_payload_do_not_matter_but_are_noticed(batch, extra):
    tables, values, indexes = batch
    data = encode(tables, values, indexes)
    for length in (4, 8, 12):
        decoder = Decoder(tables, data + extra[:length])
        assert np.array_equal(decoder.code(None, indexes), values)
    with pytest.raises(BitstreamError, match="more data"):
        decoder.finish()
    with pytest.raises(BitstreamError, match="multiple"):
        Decoder(tables, data + extra[:3])


def test_real_bytes_against_the_ideal(gaussians):
    values, indexes = benchmark.latents(1_000_000)
    size, ideal = len(encode(gaussians, values, indexes)), gaussians.ideal_bits(values, indexes) / 8
    assert ideal < size < 1.0005 * ideal + 10
    sigma = SCALES[indexes]
    p = norm.cdf((values + 0.5) / sigma) - norm.cdf((values - 0.5) / sigma)
    assert size < 1.001 * np.sum(-np.log2(np.maximum(p, 1e-9))) / 8 + 100


def test_shapes_types_and_steps(gaussians):
    values, indexes = benchmark.latents(6000)
    values, indexes = values.reshape(10, 20, 30), indexes.reshape(10, 20, 30)
    encoder = Encoder(gaussians)
    for step in range(10):
        coded = encoder.code(values[step].astype(np.int16), indexes[step].astype(np.uint8))
        assert coded.shape == (20, 30)
        assert coded.dtype == np.int32
    assert encoder.code(np.zeros((0, 3), int), np.zeros((0, 3), int)).shape == (0, 3)
    assert encoder.code(np.array(7), np.array(3)).shape == ()
    decoder = Decoder(gaussians, encoder.finish())
    for step in range(10):
        assert np.array_equal(decoder.code(None, indexes[step]), values[step])
    assert decoder.code(None, np.zeros((0, 3), int)).shape == (0, 3)
    assert decoder.code(values, np.array(3)) == 7
    decoder.finish()


def test_empty_message(gaussians):
    assert Encoder(gaussians).finish() == b""
    Decoder(gaussians, b"").finish()


def test_dead_symbols_cost_almost_nothing(gaussians):
    zeros = np.zeros(1_000_000, dtype=np.int32)
    assert len(encode(gaussians, zeros, zeros)) <= 12


def test_escapes_cost_what_exp_golomb_costs():
    tables = FrequencyTables(np.array([8, 8]), np.array([1]), np.array([0]), precision=4)
    for value in (1, -1, 2, -2, 5000, -5000, LIMIT, -LIMIT):
        writer = BitWriter()
        write_exp_golomb(writer, 2 * (value - 1) if value > 0 else -2 * value - 1)
        assert tables.bits(value, 0) == 1 + len(writer)
    values = np.random.default_rng(0).integers(-5000, 5000, 4000)
    zeros = np.zeros_like(values)
    data = encode(tables, values, zeros)
    assert np.array_equal(decode(tables, data, zeros), values)
    assert 0 <= 8 * len(data) - tables.ideal_bits(values, zeros) < 100


def test_outliers_in_a_picture(gaussians):
    values, indexes = benchmark.latents(100_000)
    places = np.random.default_rng(3).choice(len(values), 200, replace=False)
    before = len(encode(gaussians, values, indexes))
    values[places] = np.where(places % 2, 5000, -5000)
    data = encode(gaussians, values, indexes)
    assert np.array_equal(decode(gaussians, data, indexes), values)
    assert len(data) - before < 200 * (16 + 2 * np.log2(10_000) + 2) / 8


def test_bit_length():
    numbers = [0, 1, 2, 3, 4, 7, 8, 2**23, 2**24 - 1, 2**24, 2**52]
    assert bit_length(numbers).tolist() == [number.bit_length() for number in numbers]


def test_misuse_is_explained(gaussians):
    encoder = Encoder(gaussians)
    for values, indexes in (
        (None, [0]),
        ([0.5], [0]),
        ([1, 2], [0]),
        ([1], [64]),
        ([1], [-1]),
        ([1], [0.0]),
        ([LIMIT + 1], [0]),
        ([-LIMIT - 1], [0]),
    ):
        with pytest.raises(ValueError):
            encoder.code(values, np.array(indexes))
    assert encoder.finish() == b""


def test_known_words():
    """Old files keep decoding: these bytes must never change."""
    tables = FrequencyTables(
        np.array([32768, 16384, 8192, 8192, 30000, 35536]), np.array([3, 1]), np.array([-1, 5])
    )
    values = np.array([-1, 5, 0, -1, 5, 1, 1, 0, 300, -70, 5, -1])
    indexes = np.array([0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0])
    data = encode(tables, values, indexes)
    assert data.hex() == "8824ae4d8e664ec3"
    assert np.array_equal(decode(tables, data, indexes), values)


def test_constriction_writes_the_words_it_always_wrote():
    stream, symbols = constriction.stream, np.array([0, 1, 0, 2, 0, 0, 3, 1, 0, 0], dtype=np.int32)
    for perfect, range_words, ans_words in (
        (True, [1282932736], [989855744, 9]),
        (False, [1282932412], [184551709, 8]),
    ):
        p = np.array([0.5, 0.25, 0.125, 0.125])
        model = stream.model.Categorical(p, perfect=perfect)
        encoder, ans = stream.queue.RangeEncoder(), stream.stack.AnsCoder()
        encoder.encode(symbols, model)
        ans.encode_reverse(symbols, model)
        assert encoder.get_compressed().tolist() == range_words
        assert ans.get_compressed().tolist() == ans_words
    encoder, family = stream.queue.RangeEncoder(), stream.model.QuantizedGaussian(-100, 100)
    means, deviations = np.array([10.3, -4.7, 20.5]), np.array([5.2, 24.2, 3.1])
    encoder.encode(np.array([12, -13, 25], dtype=np.int32), family, means, deviations)
    assert encoder.get_compressed().tolist() == [2655472005]


def exact_cumulative(frequencies: np.ndarray, precision: int) -> list[int]:
    """The 24-bit integers that `FrequencyTables.model` promises, in whole numbers only."""
    n, c, result = len(frequencies), 0, []
    for s, f in enumerate(frequencies.tolist()):
        result.append((c * (2**24 - n) >> precision) + s)
        c += f
    return [*result, 2**24]


def decode_with_integers(words: list[int], models: list[list[int]]) -> list[int]:
    """A second decoder for constriction's range coder (64-bit interval, 32-bit words)."""
    words = iter(words)
    mask, width, low = 2**64 - 1, 2**64 - 1, 0
    point = next(words, 0) << 32 | next(words, 0)
    symbols = []
    for cumulative in models:
        unit = width >> 24
        target = ((point - low) & mask) // unit
        symbol = int(np.searchsorted(cumulative, target, side="right")) - 1
        low = (low + unit * cumulative[symbol]) & mask
        width = unit * (cumulative[symbol + 1] - cumulative[symbol])
        if width < 2**32:
            low, width = low << 32 & mask, width << 32
            point = (point << 32 | next(words, 0)) & mask
        symbols.append(symbol)
    return symbols


@pytest.mark.parametrize("precision", [8, 16, 24])
def test_the_words_follow_from_the_integers_alone(precision):
    """No float decides anything: a decoder with integers only reads the same symbols."""
    rng = np.random.default_rng(precision)
    rows = [rng.dirichlet(np.full(n, a)) for n in (2, 17, 90) for a in (0.02, 0.3, 5)]
    tables = FrequencyTables.from_probabilities(rows, np.zeros(len(rows), int), precision)
    indexes = np.sort(rng.integers(0, len(rows), 3000))
    values = rng.integers(0, tables.sizes[indexes])
    words = np.frombuffer(encode(tables, values, indexes), "<u4").tolist()
    rows = np.split(tables.frequencies, tables.starts[1:])
    exact = [exact_cumulative(row, precision) for row in rows]
    assert decode_with_integers(words, [exact[i] for i in indexes]) == values.tolist()


def test_damaged_data_never_do_harm(gaussians):
    rng = np.random.default_rng(0)
    values, indexes = benchmark.latents(400)
    tables = FrequencyTables(np.array([1, 15, 8, 8]), np.array([1, 1]), np.array([0, 0]), 4)
    zeros = np.zeros(400, dtype=int)
    for good, model, rows in (
        (encode(gaussians, values, indexes), gaussians, indexes),
        (encode(tables, values * 100, zeros), tables, zeros),
    ):
        outcomes = {"values": 0, "error": 0}
        for _ in range(1500):
            data = bytearray(good)
            for place in rng.integers(0, len(data), rng.integers(1, 4)):
                data[place] = rng.integers(256)
            data = (
                bytes(data)[: rng.integers(0, len(data) + 1)] if rng.random() < 0.3 else bytes(data)
            )
            try:
                decoded = decode(model, data, rows)
                assert np.all(abs(decoded.astype(int)) <= LIMIT)
                outcomes["values"] += 1
            except BitstreamError:
                outcomes["error"] += 1
        assert outcomes["values"] > 0
        assert outcomes["error"] > 0


@PROPERTY
@given(st.binary(max_size=64))
def test_any_bytes(data):
    tables = FrequencyTables(np.array([1, 15]), np.array([1]), np.array([0]), 4)
    try:
        assert np.all(abs(decode(tables, data, np.zeros(300, int))) <= LIMIT)
    except BitstreamError:
        return


def test_benchmark_runs(capsys):
    speeds = benchmark.main(symbols=2000, repetitions=1)
    assert len(speeds) == 7
    assert all(speed.encode_seconds > 0 and speed.decode_seconds > 0 for speed in speeds)
    assert len(capsys.readouterr().out.splitlines()) == 8


def test_tables_can_change_on_the_way():
    """A model that learns: both sides go on with other tables after the same value."""
    narrow, wide = (FrequencyTables.gaussian([scale]) for scale in (0.5, 50.0))
    values, zeros = np.array([0, 1, -1, 120, -90]), np.zeros(5, int)
    encoder = Encoder(narrow)
    encoder.code(values[:3], zeros[:3])
    encoder.use(wide)
    encoder.code(values[3:], zeros[3:])
    decoder = Decoder(narrow, encoder.finish())
    first = decoder.code(None, zeros[:3])
    decoder.use(wide)
    assert np.array_equal(np.concatenate([first, decoder.code(None, zeros[3:])]), values)
