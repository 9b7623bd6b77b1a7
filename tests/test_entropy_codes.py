"""Run lengths, LZW, and the codes for small numbers."""

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lic_course.entropy import golomb, lzw, run_length
from lic_course.entropy.bits import BitReader, BitWriter
from lic_course.errors import BitstreamError

PROPERTY = settings(max_examples=60, deadline=None, derandomize=True)
PIECES = st.lists(st.tuples(st.binary(max_size=5), st.integers(0, 200)), max_size=12)
REPETITIVE = PIECES.map(lambda pieces: b"".join(piece * times for piece, times in pieces))


def test_packbits_known_answer():
    data = bytes.fromhex("AAAAAA80002AAAAAAAAA80002A22" + "AA" * 10)
    packed = bytes.fromhex("FEAA0280002AFDAA0380002A22F7AA")
    assert run_length.encode(data) == packed == imagecodecs.packbits_encode(data)
    assert run_length.decode(packed) == data
    assert run_length.decode(b"\x80" + packed + b"\x80") == data  # 128 means nothing


@PROPERTY
@given(st.one_of(st.binary(max_size=600), REPETITIVE))
def test_packbits_round_trip_against_imagecodecs(data):
    packed = run_length.encode(data)
    assert run_length.decode(packed) == data
    if data:
        theirs = imagecodecs.packbits_encode(data)
        assert imagecodecs.packbits_decode(packed) == data
        assert run_length.decode(theirs) == data
        assert len(packed) <= len(theirs)


def test_packbits_cut_off():
    for data in (b"\x00", b"\x02ab", b"\xff", b"\x00a\x05"):
        with pytest.raises(BitstreamError):
            run_length.decode(data)


def test_lzw_known_answers():
    codes = [84, 79, 66, 69, 79, 82, 78, 79, 84, 256, 258, 260, 265, 259, 261, 263]
    assert lzw.encode_codes(b"TOBEORNOTTOBEORTOBEORNOT") == codes
    assert lzw.decode_codes(codes) == b"TOBEORNOTTOBEORTOBEORNOT"
    data, packed = bytes([7, 7, 7, 8, 8, 7, 7, 6, 6]), bytes.fromhex("8001E0408044080C068080")
    assert lzw.encode(data) == packed == imagecodecs.lzw_encode(data)
    assert lzw.decode(packed) == data


@PROPERTY
@given(st.one_of(st.binary(max_size=600), REPETITIVE), st.binary(max_size=9))
def test_lzw_round_trip_against_imagecodecs(data, extra):
    assert lzw.decode_codes(lzw.encode_codes(data)) == data
    packed = lzw.encode(data)
    assert lzw.decode(packed + extra) == data
    if data:
        assert imagecodecs.lzw_decode(packed) == data
        assert lzw.decode(imagecodecs.lzw_encode(data)) == data


@pytest.mark.parametrize("alphabet", [1, 2, 256])
def test_lzw_past_all_widths_and_a_full_dictionary(alphabet):
    data = np.random.default_rng(0).integers(0, alphabet, 40_000, dtype=np.uint8).tobytes()
    packed = lzw.encode(data)
    assert lzw.decode(packed) == data
    assert imagecodecs.lzw_decode(packed) == data
    assert lzw.decode(imagecodecs.lzw_encode(data)) == data


def test_lzw_end_code_right_after_a_wider_code():
    for length in (*range(250, 262), *range(760, 770), *range(3830, 3845)):
        data = np.random.default_rng(1).integers(0, 256, length, dtype=np.uint8).tobytes()
        assert lzw.decode(lzw.encode(data)) == data == imagecodecs.lzw_decode(lzw.encode(data))


def test_lzw_damage():
    with pytest.raises(BitstreamError, match="phrase"):
        lzw.decode_codes([65, 300])
    with pytest.raises(BitstreamError, match="phrase"):
        lzw.decode_codes([256])
    with pytest.raises(BitstreamError, match="phrase"):
        lzw.decode_codes([-1])
    with pytest.raises(BitstreamError, match="too early"):
        lzw.decode(lzw.encode(b"a picture")[:-2])
    with pytest.raises(BitstreamError, match="limit"):
        lzw.decode(lzw.encode(bytes(10_000)), max_size=9_999)


@PROPERTY
@given(st.binary(max_size=300))
def test_any_bytes_decode_or_raise_bitstream_error(data):
    reader = BitReader(data)
    attempts = (
        lambda: run_length.decode(data),
        lambda: lzw.decode(data),
        lambda: lzw.decode_codes(data),
        lambda: golomb.read_rice(reader, 3),
        lambda: golomb.read_golomb(reader, 5),
        lambda: golomb.read_exp_golomb(reader, 1),
    )
    for attempt in attempts:
        try:
            attempt()
        except BitstreamError:
            continue


def bits(write, value, parameter):
    writer = BitWriter()
    write(writer, value, parameter)
    return str(writer)


@pytest.mark.parametrize(
    ("write", "parameter", "words"),
    [
        (golomb.write_rice, 2, "000 001 010 011 1000 1001 1010 1011 11000"),
        (golomb.write_golomb, 3, "00 010 011 100 1010 1011 1100 11010"),
        (golomb.write_golomb, 5, "000 001 010 0110 0111 1000 1001 1010"),
        (golomb.write_exp_golomb, 0, "1 010 011 00100 00101 00110 00111 0001000"),
        (golomb.write_exp_golomb, 1, "10 11 0100 0101 0110 0111"),
    ],
)
def test_codes_for_small_numbers_known_answers(write, parameter, words):
    words = words.split()
    assert [bits(write, value, parameter) for value in range(len(words))] == words


@PROPERTY
@given(st.lists(st.integers(0, 3000), max_size=50), st.integers(0, 6), st.integers(1, 70))
def test_codes_for_small_numbers_round_trip(values, k, m):
    writer = BitWriter()
    for value in values:
        golomb.write_rice(writer, value, k)
        golomb.write_golomb(writer, value, m)
        golomb.write_exp_golomb(writer, value, k)
    reader = BitReader(writer.getvalue() + b"\xa5")
    for value in values:
        assert golomb.read_rice(reader, k) == value
        assert golomb.read_golomb(reader, m) == value
        assert golomb.read_exp_golomb(reader, k) == value
    assert reader.position == len(writer)


def test_golomb_with_a_power_of_two_is_rice():
    for value in range(40):
        assert bits(golomb.write_golomb, value, 8) == bits(golomb.write_rice, value, 3)


def test_exp_golomb_refuses_numbers_without_end():
    with pytest.raises(BitstreamError, match="64 bits"):
        golomb.read_exp_golomb(BitReader(bytes(1000)))


def test_signed_mapping():
    assert golomb.fold([0, -1, 1, -2, 2, -3]).tolist() == [0, 1, 2, 3, 4, 5]
    values = np.arange(-1000, 1000)
    assert np.array_equal(golomb.unfold(golomb.fold(values)), values)


def test_best_parameters():
    assert golomb.best_golomb_parameter(0.5) == 1
    assert golomb.best_golomb_parameter(0.9) == 7
    assert golomb.best_golomb_parameter(0.01) == 1
    assert [golomb.best_rice_parameter(4, total) for total in (0, 4, 5, 64, 65)] == [0, 0, 1, 4, 5]
    geometric = np.random.default_rng(0).geometric(0.03, 3000) - 1

    def cost(m):
        return sum(len(bits(golomb.write_golomb, v, m)) for v in geometric.tolist())

    best = golomb.best_golomb_parameter(0.97)
    assert cost(best) < min(cost(best // 2), cost(best * 2))
