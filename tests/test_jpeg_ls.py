"""JPEG-LS: known answers, CharLS as the judge in both directions, and a bound on every sample."""

from itertools import pairwise

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lic_course
from lic_course import bitstream, images
from lic_course.classical import jpeg_ls
from lic_course.classical.jpeg_ls_bits import ScanReader, ScanWriter, stuff, unstuff, windows
from lic_course.classical.jpeg_ls_model import (
    Parameters,
    encode_scan,
    predict,
    quantize_error,
    quantize_gradient,
)
from lic_course.errors import BitstreamError, LicError, UnsupportedImage

ANNEX_H = np.array(
    [[0, 0, 90, 74], [68, 50, 43, 205], [64, 145, 145, 145], [100, 145, 145, 145]], np.uint8
)


def charls(image: np.ndarray, near: int) -> bytes:
    return imagecodecs.jpegls_encode(np.ascontiguousarray(image), level=near)


def largest_error(a: np.ndarray, b: np.ndarray) -> int:
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b).max())


# Known answers


@pytest.mark.parametrize(
    "near, scan, decoded",
    [
        (0, "c000006c80208e01c00000574000006ee6000001bc18000005d800009160", ANNEX_H.tolist()),
        (
            2,
            "c0000c46c6008000024000068006028c",
            [[0, 0, 90, 75], [70, 50, 45, 205], [65, 145, 145, 145], [100, 144, 144, 144]],
        ),
    ],
)
def test_the_example_of_the_standard(near, scan, decoded):
    data = jpeg_ls.encode_jpeg_ls(ANNEX_H, near)
    assert jpeg_ls.read_jls(data).scan.hex() == scan
    assert jpeg_ls.decode_jpeg_ls(data).tolist() == decoded


def test_the_parts_one_by_one():
    p = Parameters(2)
    assert (p.step, p.range, p.qbpp, p.thresholds) == (5, 52, 6, (9, 17, 35))
    assert Parameters(0).thresholds == (3, 7, 21)
    levels = [quantize_gradient(d, p) for d in (-35, -34, -9, -3, -2, 2, 3, 9, 17, 35)]
    assert levels == [-4, -3, -2, -1, 0, 0, 1, 2, 3, 4]
    assert [predict(*abc) for abc in ((10, 20, 25), (10, 20, 5), (10, 20, 13))] == [10, 20, 17]
    assert [quantize_error(e, p) for e in (-3, -2, 2, 3, 127, 130)] == [-1, 0, 0, 1, 25, -26]


# CharLS


def crop(name: str) -> np.ndarray:
    return images.builtin(name)[70:166, 150:280]


@pytest.mark.parametrize("near", [0, 1, 2, 3, 4, 5, 17, 50, 127])
@pytest.mark.parametrize("name", ["camera", "text", "chelsea"])
def test_the_scan_is_the_one_of_charls(name, near):
    image = crop(name)
    ours, theirs = jpeg_ls.encode_jpeg_ls(image, near), charls(image, near)
    assert jpeg_ls.read_jls(ours).scan == jpeg_ls.read_jls(theirs).scan
    decoded = jpeg_ls.decode_jpeg_ls(theirs)
    assert np.array_equal(decoded, imagecodecs.jpegls_decode(ours))
    assert np.array_equal(decoded, imagecodecs.jpegls_decode(theirs))
    assert largest_error(decoded, image) <= near


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([(), (3,)]),
    st.integers(1, 20),
    st.integers(1, 40),
    st.sampled_from([0, 0, 1, 2, 5, 60, 127]),
    st.sampled_from([1, 4, 30, 255]),
    st.integers(0, 2**32 - 1),
)
def test_small_pictures_of_all_kinds(channels, height, width, near, contrast, seed):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, contrast + 1, (height, width, *channels)).astype(np.uint8)
    image[rng.random(image.shape) < 0.4] = 0  # runs
    data = jpeg_ls.encode_jpeg_ls(image, near)
    assert jpeg_ls.read_jls(data).scan == jpeg_ls.read_jls(charls(image, near)).scan
    decoded = jpeg_ls.decode_jpeg_ls(data)
    assert largest_error(decoded, image) <= near
    samples = image.reshape(height, width, -1)
    assert np.array_equal(encode_scan(samples, near)[1], decoded.reshape(samples.shape))


def test_long_runs():
    image = np.zeros((30, 3000), np.uint8)
    image[7, 2000] = image[20, 1] = 9
    data = jpeg_ls.encode_jpeg_ls(image)
    assert jpeg_ls.read_jls(data).scan == jpeg_ls.read_jls(charls(image, 0)).scan
    assert np.array_equal(jpeg_ls.decode_jpeg_ls(data), image)


# Bits


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from([0xFF, 0xFF, 0xFE, 0x7F, 0x80, 0, 0x3C]), max_size=12))
def test_stuffed_bits_come_out_again(content):
    data = bytes(content)
    scan = stuff(data, 8 * len(data))
    assert all(b < 0x80 for a, b in pairwise(scan) if a == 0xFF)
    assert scan[-1:] != b"\xff"
    back, nbits = unstuff(scan)
    assert back[: len(data)] == data and 0 <= nbits - 8 * len(data) < 8


def test_a_scan_that_ends_with_ff_gets_a_zero_byte():
    assert stuff(b"\xff", 8) == b"\xff\x00"
    assert stuff(b"\xff\xff", 16) == b"\xff\x7f\x80"


def test_windows_show_the_next_32_bits():
    data = bytes(range(7, 207, 40))
    text = "".join(f"{byte:08b}" for byte in data) + "0" * 32
    shown = windows(data)
    assert len(shown) == 40
    assert [f"{w:032b}" for w in shown.tolist()] == [text[i : i + 32] for i in range(40)]


def test_limited_codes_come_back():
    rng = np.random.default_rng(3)
    ks = rng.integers(0, 9, 500).tolist()
    values = [int(rng.integers(0, 256)) for _ in ks]
    writer = ScanWriter()
    for value, k in zip(values, ks, strict=True):
        writer.golomb(value, k, 23, 8)
    reader = ScanReader(writer.getvalue())
    assert [reader.golomb(0, k, 23, 8) for k in ks] == values
    reader.finish()


# The file and the codec


def test_no_sample_is_off_by_more_than_the_quality_says(color_picture, gray_picture):
    for quality, near in ((100, 0), (99, 1), (98, 1), (97, 2), (90, 5), (1, 50)):
        assert jpeg_ls.near_of(quality) == near
        for picture in (color_picture[:40], gray_picture):
            decoded = lic_course.decode(lic_course.encode(picture, "jpeg-ls", quality))
            assert largest_error(decoded, picture) <= near


def test_wrong_calls_get_one_sentence(gray_picture):
    for near in (-1, 128, 0.5):
        with pytest.raises(LicError, match="NEAR"):
            jpeg_ls.encode_jpeg_ls(gray_picture, near)
    with pytest.raises(UnsupportedImage, match="65535"):
        jpeg_ls.encode_jpeg_ls(np.zeros((1, 65536), np.uint8))
    with pytest.raises(BitstreamError, match="max_pixels"):
        jpeg_ls.decode_jpeg_ls(jpeg_ls.encode_jpeg_ls(gray_picture), max_pixels=100)


@pytest.mark.parametrize(
    "old, new",
    [
        (b"\xff\xd8", b"\xff\xd7"),
        (b"\x08\x00\x04", b"\x0c\x00\x04"),  # 12 bits
        (b"\xff\xf7", b"\xff\xf8"),  # presets
        (b"\x00\x00\xc0", b"\x01\x00\xc0"),  # interleaved lines
        (b"\xff\xd9", b"\xff\xd9\xff\xd9"),
        (b"\x91\x60\xff\xd9", b"\x91\xff\xd9"),  # cut
        (b"\x91\x60\xff\xd9", b"\x91\x60\x00\x00\xff\xd9"),  # too long
        (b"\x91\x60\xff\xd9", b"\x91\x61\xff\xd9"),  # the padding is not zero
        (b"\xc0\x00\x00\x6c", b"\xc0\x00\x00\x00\x00"),
    ],
)
def test_damage_and_other_kinds_are_refused(old, new):
    data = jpeg_ls.encode_jpeg_ls(ANNEX_H)
    assert old in data
    with pytest.raises(BitstreamError):
        jpeg_ls.decode_jpeg_ls(data.replace(old, new, 1))


def test_another_shape_in_the_header_is_refused(gray_picture):
    segments = {"jls": jpeg_ls.encode_jpeg_ls(gray_picture)}
    height, width = gray_picture.shape
    for shape in ((height, width, 3), (width, height)):
        with pytest.raises(BitstreamError, match="shape"):
            lic_course.decode(bitstream.pack("jpeg-ls", shape, segments))


def test_large_pictures_are_coded_in_parts(color_picture, monkeypatch):
    whole = jpeg_ls.encode_jpeg_ls(color_picture, 1)
    monkeypatch.setattr("lic_course.classical.jpeg_ls_bits.CHUNK", 1000)
    assert jpeg_ls.encode_jpeg_ls(color_picture, 1) == whole
    assert largest_error(jpeg_ls.decode_jpeg_ls(whole), color_picture) == 1
