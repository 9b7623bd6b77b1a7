"""Tables of JPEG against libjpeg's (through Pillow) and the standard's."""

import io
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lic_course.classical.jpeg_file import DHT, segments
from lic_course.classical.jpeg_huffman import HuffmanTable, optimal_table
from lic_course.classical.jpeg_tables import (
    LUMA_QUANTIZATION,
    STANDARD_TABLES,
    ZIGZAG,
    quantization_tables,
    unzigzag,
    zigzag,
)
from lic_course.errors import BitstreamError, LicError


def test_zigzag_order():
    known = (
        "0 1 8 16 9 2 3 10 17 24 32 25 18 11 4 5 12 19 26 33 40 48 41 34 27 20 13 6 7 14 21 28 35 "
        "42 49 56 57 50 43 36 29 22 15 23 30 37 44 51 58 59 52 45 38 31 39 46 53 60 61 54 47 55 62 "
        "63"
    )
    assert " ".join(map(str, ZIGZAG)) == known


def test_zigzag_and_back():
    blocks = np.arange(2 * 3 * 64).reshape(2, 3, 8, 8)
    sequences = zigzag(blocks)
    assert sequences[1, 2, :4].tolist() == [320, 321, 328, 336]
    assert np.array_equal(unzigzag(sequences), blocks)


@pytest.mark.parametrize("quality", [1, 10, 25, 49, 50, 51, 75, 90, 95, 100])
def test_quantization_equals_libjpeg(quality):
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", quality=quality)
    expected = Image.open(buffer).quantization
    for number, table in enumerate(quantization_tables(quality)):
        assert table.ravel().tolist() == expected[number]


def test_quality_may_be_fractional_and_is_checked():
    assert np.array_equal(quantization_tables(49.6)[0], LUMA_QUANTIZATION)
    for quality in (0, 0.99, 100.5, -3, float("nan")):
        with pytest.raises(LicError, match="from 1"):
            quantization_tables(quality)


def test_standard_huffman_tables_equal_libjpeg():
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG")
    written = [segment.payload for segment in segments(buffer.getvalue()) if segment.marker == DHT]
    ours = [
        bytes([name, *table.counts]) + table.values
        for name, table in zip((0x00, 0x10, 0x01, 0x11), STANDARD_TABLES, strict=True)
    ]
    assert b"".join(written) == b"".join(ours)


def test_standard_codes():
    luma_dc, luma_ac, chroma_dc, chroma_ac = STANDARD_TABLES
    expected = "00 010 011 100 101 110 1110 11110 111110 1111110 11111110 111111110"
    assert [luma_dc.code(size) for size in range(12)] == expected.split()
    assert [chroma_dc.code(size) for size in range(5)] == ["00", "01", "10", "110", "1110"]
    luma = {0x00: "1010", 0xF0: "11111111001", 0x01: "00", 0x11: "1100", 0xFA: "1" * 15 + "0"}
    assert {symbol: luma_ac.code(symbol) for symbol in luma} == luma
    chroma = {0x00: "00", 0xF0: "1111111010", 0x01: "01", 0x02: "100", 0x11: "1011"}
    assert {symbol: chroma_ac.code(symbol) for symbol in chroma} == chroma


def optimal(frequencies: dict[int, int]) -> HuffmanTable:
    return optimal_table(np.array([frequencies.get(symbol, 0) for symbol in range(256)]))


def test_optimal_tables_known_answers():
    table = optimal({0: 1, 1: 1, 2: 2, 3: 4, 4: 8, 5: 16})
    assert table.counts == (1, 1, 1, 1, 1, 1) + 10 * (0,)
    assert table.values == bytes([5, 4, 3, 2, 0, 1])
    table = optimal({symbol: 2**symbol for symbol in range(20)})
    assert table.counts == 13 * (1,) + (0, 0, 7)
    assert table.values == bytes(range(19, -1, -1))
    table = optimal({7: 1000})
    assert table.counts == (1,) + 15 * (0,) and table.values == bytes([7])


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.integers(0, 255), st.integers(1, 10**6), min_size=1))
def test_optimal_tables_are_complete_prefix_codes(frequencies):
    table = optimal(frequencies)
    assert sorted(table.values) == sorted(frequencies)
    words = [table.code(symbol) for symbol in table.values]
    assert max(map(len, words)) <= 16
    assert all("0" in word for word in words)  # the code of only ones stays free
    # all but one code of the longest length are used: nothing shorter could be added
    assert sum(2.0 ** -len(word) for word in words) + 2.0 ** -len(words[-1]) <= 1
    ordered = sorted(words)
    assert not any(b.startswith(a) for a, b in itertools.pairwise(ordered))


def test_optimal_tables_are_as_short_as_huffman():
    rng = np.random.default_rng(0)
    frequencies = np.zeros(256, np.int64)
    frequencies[:40] = rng.integers(1, 500, 40)
    table = optimal_table(frequencies)
    total = int(np.sum(frequencies * table.lengths))
    p = frequencies[:40] / frequencies.sum()
    entropy = -np.sum(p * np.log2(p))
    assert entropy <= total / frequencies.sum() < entropy + 0.1


def test_impossible_tables_are_refused():
    with pytest.raises(BitstreamError, match="more codes"):
        HuffmanTable((3,) + 15 * (0,), b"\0\1\2")
    with pytest.raises(BitstreamError, match="incomplete"):
        HuffmanTable((2,) + 15 * (0,), b"\0")
