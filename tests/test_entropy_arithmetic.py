"""Range coder, adaptive models and rANS: known answers, round trips, rates, damage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lic_course.entropy import adaptive, range_coder, rans
from lic_course.entropy.tables import quantize_probabilities
from lic_course.entropy.theory import entropy, ideal_bits
from lic_course.errors import BitstreamError

PROPERTY = settings(max_examples=60, deadline=None, derandomize=True)
SHORT = [0, 1, 0, 2, 0, 0, 3, 1, 0, 0]
LONG = [(i * i + i // 3) % 4 for i in range(64)]
QUARTERS = [32768, 16384, 8192, 8192]
TWELVE_BITS = [2048, 1024, 512, 512]

WEIGHTS = st.lists(st.one_of(st.integers(1, 9), st.integers(1, 60_000)), min_size=1, max_size=20)


@st.composite
def messages(draw):
    """Frequencies (from flat to extremely skewed) and symbols, including long runs."""
    weights = draw(WEIGHTS)
    symbols = st.integers(0, len(weights) - 1)
    runs = draw(st.lists(st.tuples(symbols, st.integers(1, 60)), max_size=15))
    return weights, [symbol for symbol, times in runs for _ in range(times)]


def test_range_coder_known_answers():
    plain = range_coder.encode(SHORT, QUARTERS, trim=False)
    assert plain.hex() == "4c7684000000"
    assert plain.rstrip(b"\0").hex() == "4c7684"
    assert ideal_bits(SHORT, QUARTERS) == 16
    plain = range_coder.encode(LONG, QUARTERS, trim=False)
    assert plain.hex() == "4d6bfc9991cf266473c9991cf266473c9936800000"
    short = range_coder.encode(LONG, QUARTERS)
    assert short.hex() == "4d6bfc9991cf266473c9991cf266473c9937"
    assert ideal_bits(LONG, QUARTERS) == 137
    assert range_coder.decode(plain, 64, QUARTERS, trimmed=False) == LONG
    assert range_coder.decode(short, 64, QUARTERS) == LONG


def test_range_coder_carries():
    message = [1] * 20_000 + [2] * 3 + [1] * 1000 + [0] * 3 + [2, 2, 1, 0]
    frequencies = [1, 65534, 1]
    data = range_coder.encode(message, frequencies, trim=False)
    assert len(data) == 22
    assert ideal_bits(message, frequencies) / 8 == pytest.approx(18.1, abs=0.05)
    assert range_coder.decode(data, len(message), frequencies, trimmed=False) == message


def test_range_coder_carries_through_full_bytes():
    encoder = range_coder.RangeEncoder()
    encoder.narrow(0x7FFFFFFF, 2)  # writes 7F FF FF
    encoder.narrow(1 << 24, 1 << 24)  # the upper half: the sum runs over, to 80 00 00
    data = encoder.finish(trim=False)
    assert data.hex() == "80000000000000"[: 2 * len(data)]
    decoder = range_coder.RangeDecoder(data, trimmed=False)
    decoder.narrow(0x7FFFFFFF, 2)
    assert decoder.code == 1 << 24


@PROPERTY
@given(messages(), st.booleans(), st.binary(max_size=9))
def test_range_coder_round_trip_and_exact_consumption(message, trim, extra):
    weights, symbols = message
    frequencies = quantize_probabilities(weights).tolist()
    data = range_coder.encode(symbols, frequencies, trim)
    assert range_coder.decode(data, len(symbols), frequencies, trimmed=trim) == symbols
    ideal = ideal_bits(symbols, frequencies) / 8
    assert len(data) <= 1.001 * ideal + 4
    if not trim:
        cumulative = range_coder.cumulate(frequencies)
        decoder = range_coder.RangeDecoder(data + extra, trimmed=False)
        assert [decoder.decode(cumulative) for _ in symbols] == symbols
        assert decoder.position == len(data)


@pytest.mark.parametrize("total", [3, 1000, 65535])
def test_range_coder_with_any_total(total):
    cumulative = [0, 1, total]
    symbols = np.random.default_rng(total).integers(0, 2, 500).tolist()
    encoder = range_coder.RangeEncoder()
    for symbol in symbols:
        encoder.encode(symbol, cumulative)
    decoder = range_coder.RangeDecoder(encoder.finish())
    assert [decoder.decode(cumulative) for _ in symbols] == symbols


def test_range_coder_overhead():
    frequencies = quantize_probabilities([0.9, 0.05, 0.03, 0.02]).tolist()
    message = np.random.default_rng(0).choice(4, 20_000, p=[0.9, 0.05, 0.03, 0.02])
    data = range_coder.encode(message, frequencies)
    assert 0 <= 8 * len(data) / ideal_bits(message, frequencies) - 1 < 0.003


def test_range_coder_refuses_bad_models():
    encoder = range_coder.RangeEncoder()
    for symbol, cumulative in ((0, [0, 0, 4]), (-1, [0, 2, 4]), (0, [0, 1, 65537])):
        with pytest.raises(ValueError, match="frequencies"):
            encoder.encode(symbol, cumulative)
    assert range_coder.RangeEncoder().finish() == b""
    assert range_coder.decode(b"", 0, [1, 1]) == []


def test_range_decoder_notices_missing_bytes_and_impossible_data():
    data = range_coder.encode(LONG, QUARTERS, trim=False)
    with pytest.raises(BitstreamError, match="too early"):
        range_coder.decode(data[:-1], 64, QUARTERS, trimmed=False)
    with pytest.raises(BitstreamError, match="no symbol"):
        range_coder.decode(b"\xff\xff\xff\xff", 1, QUARTERS)


@PROPERTY
@given(st.binary(max_size=60), WEIGHTS)
def test_range_decoders_survive_any_bytes(data, weights):
    frequencies = quantize_probabilities(weights).tolist()
    for attempt in (
        lambda: range_coder.decode(data, 200, frequencies),
        lambda: range_coder.decode(data, 200, frequencies, trimmed=False),
        lambda: adaptive.decode(data, 200, len(weights)),
        lambda: adaptive.decode_bits(data, 200),
    ):
        try:
            assert len(attempt()) == 200
        except BitstreamError:
            continue


def test_adaptive_model_known_answer():
    data = adaptive.encode(LONG, 4)
    assert data.hex() == "3b84bf5adc858c1e0d1f211b5ef055ca8585"
    assert adaptive.decode(data, 64, 4) == LONG
    model, bits = adaptive.AdaptiveModel(4), 0.0
    for symbol in LONG:
        bits += model.bits(symbol)
        model.update(symbol)
    assert model.counts == [705, 353, 673, 321]
    assert bits == pytest.approx(140.44, abs=5e-3)


@PROPERTY
@given(messages())
def test_adaptive_round_trip(message):
    weights, symbols = message
    size = len(weights)
    assert adaptive.decode(adaptive.encode(symbols, size), len(symbols), size) == symbols
    bits = [symbol % 2 for symbol in symbols]
    assert adaptive.decode_bits(adaptive.encode_bits(bits), len(bits)) == bits


def test_adaptive_models_halve_and_learn():
    message = np.random.default_rng(0).choice(3, 5000, p=[0.9, 0.07, 0.03]).tolist()
    rate = 8 * len(adaptive.encode(message, 3)) / len(message)
    assert rate < 1.05 * entropy(np.bincount(message))
    model = adaptive.AdaptiveModel(2)
    for _ in range(1000):
        model.update(0)
    assert sum(model.counts) <= 8192
    assert model.counts[1] == 1
    with pytest.raises(ValueError):
        adaptive.AdaptiveModel(10_000)


def test_adaptive_bit_known_answer():
    bits = [int(bit) for bit in "0000100000010000"]
    data = adaptive.encode_bits(bits, trim=False)
    assert data.hex() == "0ae19ea8e3"
    assert adaptive.decode_bits(data, 16, trimmed=False) == bits
    model = adaptive.AdaptiveBit()
    for bit in bits:
        model.update(bit)
    assert model.zero == 1327


def test_adaptive_bit_rate():
    bits = (np.random.default_rng(0).random(100_000) < 0.05).astype(int).tolist()
    excess = 8 * len(adaptive.encode_bits(bits)) / (len(bits) * entropy([0.05, 0.95])) - 1
    assert 0.02 < excess < 0.05


def test_krichevsky_trofimov_known_answer():
    bits = [int(bit) for bit in "0001000100000000"]
    assert adaptive.kt_bits(bits) == pytest.approx(11.064, abs=5e-4)
    assert adaptive.kt_bits([]) == 0


def test_rans_known_answers():
    coder = rans.Rans(TWELVE_BITS)
    assert coder.encode(SHORT) == (0x10049, [0xD800])
    state, words = coder.encode(LONG)
    assert state == 0x021CB0EF
    assert words == [0xBC00, 0x94B0, 0x7CFB, 0x0E2F, 0xB9CB, 0xBD6F, 0xB0B0, 0x7DDC]
    data = rans.to_bytes([state], words)
    assert 8 * len(data) == 160
    states, words = rans.from_bytes(data)
    assert coder.decode(states[0], words, 64) == LONG


def test_interleaved_rans_known_answer():
    cumulative = np.array([range_coder.cumulate(TWELVE_BITS)])
    states, words = rans.encode_interleaved(np.array(LONG), cumulative, lanes=4, bits=12)
    assert states.tolist() == [0x871C701C, 0x000108E3, 0x0010F47A, 0x0040FCBD]
    assert words.tolist() == [0x8D1C, 0xF47A, 0x7C57, 0x7000, 0x7000, 0xF400, 0xAE00]
    zeros = np.zeros(64, dtype=int)
    assert rans.decode_interleaved(states, words, cumulative, zeros, bits=12).tolist() == LONG


def test_rans_pop_undoes_push():
    coder = rans.Rans(TWELVE_BITS)
    for state in (2**16, 99_999, 2**20 - 1):
        for symbol in range(4):
            assert coder.pop(coder.push(state, symbol)) == (symbol, state)


@PROPERTY
@given(messages(), st.integers(5, 16))
def test_rans_round_trip_and_rate(message, bits):
    weights, symbols = message
    frequencies = quantize_probabilities(weights, bits).tolist()
    coder = rans.Rans(frequencies, bits)
    state, words = coder.encode(symbols)
    assert coder.decode(state, words, len(symbols)) == symbols
    assert 32 + 16 * len(words) <= 1.02 * ideal_bits(symbols, frequencies) + 40
    with pytest.raises(BitstreamError):
        coder.decode(state, [*words, 1], len(symbols))
    if words:
        with pytest.raises(BitstreamError):
            coder.decode(state, words[1:], len(symbols))


@PROPERTY
@given(messages(), st.integers(1, 9))
def test_one_lane_or_many_decode_the_same(message, lanes):
    weights, symbols = message
    frequencies = quantize_probabilities(weights, 12)
    cumulative = np.array([range_coder.cumulate(frequencies)])
    states, words = rans.encode_interleaved(symbols, cumulative, lanes=lanes, bits=12)
    rows = np.zeros(len(symbols), dtype=int)
    decoded = rans.decode_interleaved(states, words, cumulative, rows, bits=12)
    assert decoded.tolist() == symbols
    if lanes == 1:
        state, own = rans.Rans(frequencies.tolist()).encode(symbols)
        assert (states[0], words.tolist()) == (state, own[::-1])


def test_interleaved_rans_with_a_table_per_symbol():
    rng = np.random.default_rng(0)
    cumulative = np.full((5, 30), 65536)
    for row, size in enumerate((2, 5, 9, 20, 29)):
        frequencies = quantize_probabilities(rng.dirichlet(np.ones(size) / 4))
        cumulative[row, : size + 1] = range_coder.cumulate(frequencies)
    rows = rng.integers(0, 5, 4003)
    symbols = np.array([np.searchsorted(cumulative[r], rng.integers(65536), "right") for r in rows])
    symbols -= 1
    states, words = rans.encode_interleaved(symbols, cumulative, rows, lanes=16)
    assert np.array_equal(rans.decode_interleaved(states, words, cumulative, rows), symbols)
    data = rans.to_bytes(states, words)
    frequencies = cumulative[rows, symbols + 1] - cumulative[rows, symbols]
    ideal = np.sum(16 - np.log2(frequencies))
    assert ideal < 8 * len(data) < 1.002 * ideal + 32 * 16
    for damaged in (words[:-1], np.append(words, words[:1]), words[::-1]):
        with pytest.raises(BitstreamError):
            rans.decode_interleaved(states, damaged, cumulative, rows)


def test_rans_refuses_bad_models_and_bytes():
    with pytest.raises(ValueError, match="sum"):
        rans.Rans([1, 2, 3])
    with pytest.raises(ValueError, match="zero"):
        rans.Rans([4096, 0]).encode([1])
    with pytest.raises(ValueError, match="zero"):
        rans.encode_interleaved([1], np.array([[0, 65536, 65536]]))
    for data in (b"", b"abc", b"abcde"):
        with pytest.raises(BitstreamError):
            rans.from_bytes(data)
    assert rans.Rans([4096]).decode(2**16, [], 5) == [0] * 5
