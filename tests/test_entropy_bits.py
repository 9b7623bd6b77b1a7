"""Bits and bytes, Huffman codes, and the yardstick of both: entropy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lic_course.entropy import theory
from lic_course.entropy.bits import BitReader, BitWriter, pack_bits, unpack_bits
from lic_course.entropy.huffman import HuffmanCode, canonical_codes, code_lengths
from lic_course.errors import BitstreamError

PROPERTY = settings(max_examples=60, deadline=None, derandomize=True)
FIELDS = st.lists(
    st.integers(0, 32).flatmap(lambda n: st.tuples(st.integers(0, 2**n - 1), st.just(n))),
    max_size=80,
)
ABRACADABRA = np.frombuffer(b"abracadabra", np.uint8) - ord("a")


def test_writer_is_msb_first_and_fills_the_last_byte():
    writer = BitWriter()
    writer.write(0b101, 3)
    writer.write_unary(4)
    writer.write_unary(2, bit=0)
    assert str(writer) == "10111110001"
    assert len(writer) == 11
    assert writer.getvalue() == bytes([0b10111110, 0b00100000])
    assert writer.getvalue(fill=1) == bytes([0b10111110, 0b00111111])
    with pytest.raises(ValueError, match="does not fit"):
        writer.write(8, 3)
    with pytest.raises(ValueError, match="does not fit"):
        writer.write(-1, 3)


def test_reader_reads_peeks_and_stops_at_the_end():
    reader = BitReader(bytes([0b10111110, 0b00111111]))
    assert reader.peek(3) == reader.read(3) == 0b101
    assert reader.read_unary() == 4
    assert reader.read_unary(bit=0) == 2
    assert (reader.position, reader.remaining) == (11, 5)
    assert reader.peek(8) == 0b11111000
    with pytest.raises(BitstreamError):
        reader.read(6)
    with pytest.raises(BitstreamError):
        BitReader(b"\xff").read_unary()


@PROPERTY
@given(FIELDS, st.integers(0, 1))
def test_vectorized_packing_equals_the_writer(fields, fill):
    values = np.array([value for value, _ in fields], dtype=np.uint64)
    lengths = np.array([length for _, length in fields], dtype=np.int64)
    writer = BitWriter()
    for value, length in fields:
        writer.write(value, length)
    data = pack_bits(values, lengths, fill)
    assert data == writer.getvalue(fill)
    assert np.array_equal(unpack_bits(data + b"\x5a\xa5", lengths), values)
    reader = BitReader(data)
    assert [reader.read(length) for _, length in fields] == values.tolist()


def test_packing_refuses_what_does_not_fit():
    assert pack_bits([5, 6, 7], 3) == bytes([0b10111011, 0b10000000])
    for values, lengths in (([4], [2]), ([1], [33]), ([-1], [8])):
        with pytest.raises(ValueError, match="fit"):
            pack_bits(values, lengths)
    with pytest.raises(BitstreamError):
        unpack_bits(b"\x00", [4, 5])


def test_huffman_known_answer():
    code = HuffmanCode.from_frequencies(np.bincount(ABRACADABRA))
    words = {chr(97 + i): word for i, word in enumerate(code.words) if word}
    assert words == {"a": "0", "b": "100", "c": "101", "d": "110", "r": "111"}
    data = code.encode(ABRACADABRA)
    assert "".join(f"{byte:08b}" for byte in data)[:23] == "01001110101011001001110"
    assert len(data) == 3
    assert np.array_equal(code.decode(data, 11), ABRACADABRA)


@PROPERTY
@given(st.lists(st.integers(0, 2000), min_size=1, max_size=40), st.binary(max_size=9))
def test_huffman_round_trip_rate_and_exact_consumption(counts, extra):
    counts = np.array(counts)
    counts[0] += 1
    message = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    code = HuffmanCode.from_frequencies(counts)
    data = code.encode(message)
    reader = BitReader(data + extra)
    assert np.array_equal(code.read(reader, len(message)), message)
    assert reader.position == int(code.lengths[message].sum())
    assert (reader.position + 7) // 8 == len(data)
    if np.count_nonzero(counts) > 1:
        assert np.sum(0.5 ** code.lengths[counts > 0]) == 1  # a complete tree
        mean = reader.position / len(message)
        assert theory.entropy(counts) - 1e-9 <= mean < theory.entropy(counts) + 1


def test_huffman_of_one_symbol_and_of_none():
    code = HuffmanCode.from_frequencies([0, 7, 0])
    assert code.words == ["", "0", ""]
    assert code.encode([1] * 9) == bytes(2)
    assert code.decode(bytes(2), 9).tolist() == [1] * 9
    assert code.encode([]) == b""
    assert len(code.decode(b"", 0)) == 0
    assert code_lengths([0, 0]).tolist() == [0, 0]


def test_huffman_never_needs_more_than_32_bits():
    fibonacci = [1, 1]
    while len(fibonacci) < 60:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    lengths = code_lengths(fibonacci)
    assert lengths.max() <= 32
    assert np.sum(0.5**lengths) == 1
    code, message = HuffmanCode(lengths), np.arange(60)
    assert np.array_equal(code.decode(code.encode(message), 60), message)


def test_canonical_codes_follow_length_and_symbol():
    assert canonical_codes([2, 1, 3, 3]).tolist() == [0b10, 0b0, 0b110, 0b111]
    for lengths in ([1, 1, 1], [33], [-1, 2]):
        with pytest.raises(BitstreamError):
            canonical_codes(lengths)


def test_huffman_refuses_damage_and_unknown_symbols():
    code = HuffmanCode([1, 0, 2])
    with pytest.raises(BitstreamError, match="not used"):
        code.decode(b"\xff", 1)
    with pytest.raises(BitstreamError, match="too early"):
        code.decode(b"\x00", 9)
    with pytest.raises(BitstreamError, match="too early"):
        code.decode(b"\x00", 10**15)
    for symbols in ([1], [3], [-1]):
        with pytest.raises(ValueError):
            code.encode(symbols)
    with pytest.raises(ValueError):
        code_lengths([1, -1])


def test_entropy_known_answers():
    assert theory.entropy([1, 1, 1, 1]) == 2
    assert theory.entropy([0.5, 0.25, 0.125, 0.125]) == 1.75
    assert theory.entropy([9, 0]) == 0
    bound = theory.ideal_bits(ABRACADABRA, np.bincount(ABRACADABRA))
    assert bound == pytest.approx(22.444, abs=5e-4)
    assert bound == pytest.approx(11 * theory.entropy(np.bincount(ABRACADABRA)))


def test_cross_entropy_is_entropy_plus_divergence():
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6])
    divergence = np.sum(p * np.log2(p / q))
    assert theory.cross_entropy(p, q) == pytest.approx(theory.entropy(p) + divergence)
    assert theory.cross_entropy([1, 1], [1, 0]) == np.inf
    assert theory.ideal_bits([0, 1], [1, 0]) == np.inf
    for wrong in ([0, 0], [-1, 2], [np.nan, 1]):
        with pytest.raises(ValueError):
            theory.entropy(wrong)
    with pytest.raises(ValueError):
        theory.cross_entropy([1, 1], [1, 1, 1])
