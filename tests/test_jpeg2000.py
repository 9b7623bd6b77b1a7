"""JPEG 2000: known answers, OpenJPEG as the judge in both directions, layers, and cut files."""

import io
from itertools import pairwise

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lic_course import images, metrics
from lic_course.classical import jpeg2000_benchmark
from lic_course.classical.jpeg2000 import (
    BASE_STEP,
    choose_cuts,
    code_picture,
    decode_jp2,
    encode_jp2,
    layer_slopes,
    quality_to_slope,
    write_picture,
)
from lic_course.classical.jpeg2000_benchmark import compare
from lic_course.classical.jpeg2000_file import write_codestream
from lic_course.classical.jpeg2000_frame import Frame, encode_step, make_frame, step_size
from lic_course.classical.jpeg2000_packets import (
    BandPackets,
    Block,
    HeaderReader,
    HeaderWriter,
    TagTree,
    write_packets,
)
from lic_course.codec import get
from lic_course.errors import BitstreamError, LicError, UnsupportedImage


def pillow_decodes(data: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(data)))


def pillow_encodes(image: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG2000", **options)
    return buffer.getvalue()


def difference(a: np.ndarray, b: np.ndarray) -> int:
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b).max())


# Known answers

COLUMN = np.array([[101, 103, 104, 105, 96, 97, 96, 102, 109]], np.uint8).T
CODESTREAM = (  # one level of 5/3, from ITU-T T.800, J.10, as OpenJPEG ends the codes
    "ff4fff510029000000000001000000090000000000000000000000010000000900000000000000000001070101"
    "ff52000c00000001000104040001ff5c00074040484850ff90000a00000000001e0001ff93"
    "c7d40c018f0dc8757fc07c21800fb17fffd9"
)


def test_the_codestream_of_nine_samples():
    frame = Frame(9, 1, 1, 1, 1, True, False, ((8, 0), (9, 0), (9, 0), (10, 0)))
    picture = code_picture(COLUMN, frame, 0)
    packed = {
        band: BandPackets(
            band,
            [
                Block(0, 0, band.planes - block.planes, [(len(block.lengths), block.data)])
                for block in blocks
            ],
        )
        for band, blocks in picture.blocks
    }
    packets = write_packets(frame, packed.__getitem__)
    assert write_codestream(frame, b"".join(packets)).hex() == CODESTREAM
    assert np.array_equal(decode_jp2(bytes.fromhex(CODESTREAM)), COLUMN)


@pytest.mark.parametrize("orientation", ["LL", "HL", "LH", "HH"])
def test_step_sizes_are_kept_to_one_part_in_4096(orientation):
    for step in (0.007, 0.25, 0.9999, 1, 1.00001, 3.3, 40):
        exponent, mantissa = encode_step(orientation, step)
        assert 0 <= exponent < 32 and 0 <= mantissa < 2048
        assert step_size(orientation, exponent, mantissa) == pytest.approx(step, rel=1 / 4095)


def test_header_bits_are_stuffed_after_ff():
    writer = HeaderWriter()
    writer.bits(0x1FFFF, 17)
    assert writer.finish().hex() == "ff7fc0"
    writer = HeaderWriter()
    writer.bits(0xFF, 8)
    assert writer.finish().hex() == "ff00"
    reader = HeaderReader(bytes.fromhex("ff7fc0"), 0)
    assert reader.bits(0, 17) == 0x1FFFF and reader.finish() == 3


def test_the_tag_tree_of_the_standard():
    """T.800, B.10.2: a grid of 3 x 6 whose first leaves are 1, 3, 2, 3."""
    values = [1, 3, 2, 3, 2, 3, 2, 2, 1, 4, 3, 2, 2, 2, 2, 2, 1, 2]
    tree, writer = TagTree((3, 6), values), HeaderWriter()
    assert tree.code_value(0, 0, writer) == 1
    assert tree.code_value(0, 1, writer) == 3
    assert writer.finish() == bytes([0b01111001])


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 9), columns=st.integers(1, 9), seed=st.integers(0, 999))
def test_tag_trees_come_back(rows, columns, seed):
    values = np.random.default_rng(seed).integers(0, 12, rows * columns).tolist()
    places = [(r, c) for r in range(rows) for c in range(columns)]
    tree, writer = TagTree((rows, columns), values), HeaderWriter()
    thresholds = [(seed + 3 * i) % 14 for i in range(len(places))]
    for place, threshold in zip(places, thresholds, strict=True):
        tree.code(*place, threshold, writer)
    for place in places:
        tree.code_value(*place, writer)
    tree, reader = TagTree((rows, columns)), HeaderReader(writer.finish(), 0)
    for place, threshold, value in zip(places, thresholds, values, strict=True):
        assert tree.code(*place, threshold, reader) == (value < threshold)
    assert [tree.code_value(*place, reader) for place in places] == values


# OpenJPEG reads our files


@pytest.mark.parametrize("quality", [1, 40, 75, 100])
def test_openjpeg_decodes_the_same_picture(quality, color_picture, gray_picture):
    for image in (color_picture, gray_picture):
        data = encode_jp2(image, quality)
        assert difference(pillow_decodes(data), decode_jp2(data)) <= 1


SIZES = [
    (1, 1),
    (1, 1, 3),
    (2, 3, 3),
    (1, 9),
    (40, 1, 3),
    (5, 200),
    (17, 33, 3),
    (65, 129),
    (64, 64),
]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_lossless_is_exact_for_us_and_for_openjpeg(size):
    image = np.random.default_rng(0).integers(0, 256, size).astype(np.uint8)
    data = encode_jp2(image, lossless=True)
    assert np.array_equal(decode_jp2(data), image)
    assert np.array_equal(pillow_decodes(data), image)


def test_lossless_files_are_as_small_as_those_of_openjpeg(color_picture):
    one_layer = encode_jp2(color_picture, lossless=True, layers=1)
    assert len(one_layer) < 1.005 * len(pillow_encodes(color_picture, mct=1))


@pytest.mark.parametrize("bpp", [0.25, 1.0])
@pytest.mark.parametrize("name", ["camera", "astronaut", "chelsea", "coffee"])
def test_as_good_as_openjpeg_at_equal_size(name, bpp):
    row = compare(images.builtin(name)[:256, :256], bpp)
    assert row.own_bytes <= row.openjpeg_bytes
    assert row.gain > -0.1


def test_the_benchmark_runs():
    result = CliRunner().invoke(jpeg2000_benchmark.main, ["--picture", "text", "--bpp", "0.1"])
    assert result.exit_code == 0, result.output
    assert "dB" in result.output and "encode" in result.output


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    color=st.booleans(),
    quality=st.floats(1, 100),
    seed=st.integers(0, 99),
)
def test_any_picture_at_any_quality(height, width, color, quality, seed):
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    image = image if color else image[..., 0]
    data = encode_jp2(image, quality)
    decoded = decode_jp2(data)
    assert difference(pillow_decodes(data), decoded) <= 1
    assert difference(decode_jp2(encode_jp2(image, lossless=True)), image) == 0


@pytest.mark.parametrize("value", [0, 100, 255])
def test_flat_pictures_take_next_to_nothing(value):
    image = np.full((200, 130, 3), value, np.uint8)
    data = encode_jp2(image, 90)
    assert len(data) < 400
    assert difference(decode_jp2(data), image) <= 1
    assert difference(pillow_decodes(data), decode_jp2(data)) <= 1


# We read OpenJPEG's files


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mct": 1},
        {"mct": 1, "codeblock_size": (32, 32)},
        {"mct": 1, "irreversible": True, "quality_mode": "rates", "quality_layers": [96, 48, 24]},
        {"mct": 0, "irreversible": True, "quality_mode": "dB", "quality_layers": [35]},
        {"mct": 1, "num_resolutions": 3, "no_jp2": True, "plt": True},
    ],
    ids=str,
)
def test_files_of_openjpeg(options, color_picture):
    data = pillow_encodes(color_picture, **options)
    assert difference(decode_jp2(data), pillow_decodes(data)) <= 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"tile_size": (64, 64)}, "tile"),
        ({"progression": "RLCP"}, "progression"),
        ({"precinct_size": (64, 64)}, "precinct"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(options, reason, color_picture):
    with pytest.raises(BitstreamError, match=reason):
        decode_jp2(pillow_encodes(color_picture, **options))


# Layers, cut files, targets


def test_each_layer_makes_the_picture_better(color_picture):
    data = encode_jp2(color_picture, 80)
    psnr = [metrics.psnr(color_picture, decode_jp2(data, layers=n)) for n in (1, 2, 3)]
    assert psnr == sorted(psnr) and psnr[2] > psnr[0] + 4
    assert np.array_equal(decode_jp2(data, layers=99), decode_jp2(data))


def test_a_layer_is_what_a_coarser_file_of_its_own_would_be(gray_picture):
    """Layers cost a little header, not quality: the slopes decide what is in them."""
    frame = make_frame(gray_picture.shape, 3, False, BASE_STEP)
    slopes = layer_slopes(quality_to_slope(80), 3)
    picture = code_picture(gray_picture, frame, slopes[-1])
    data = write_picture(picture, choose_cuts(picture, slopes))
    alone = make_frame(gray_picture.shape, 1, False, BASE_STEP)
    for layers, slope in enumerate(slopes, 1):
        coded = code_picture(gray_picture, alone, slope)
        single = write_picture(coded, choose_cuts(coded, [slope]))
        assert np.array_equal(decode_jp2(data, layers), decode_jp2(single))


def test_a_cut_file_gives_a_coarser_picture(color_picture):
    data = encode_jp2(color_picture, 90)
    with pytest.raises(BitstreamError):
        decode_jp2(data[:-200])
    psnr = [
        metrics.psnr(color_picture, decode_jp2(data[:size], may_be_cut=True))
        for size in np.linspace(300, len(data), 6).astype(int)
    ]
    assert psnr[-1] > psnr[0] + 15
    assert all(b > a - 0.5 for a, b in pairwise(psnr))
    assert np.array_equal(decode_jp2(data[:-2], may_be_cut=True), decode_jp2(data))


def test_quality_rises_in_small_steps(gray_picture):
    sizes = [len(encode_jp2(gray_picture, quality)) for quality in range(20, 60)]
    assert all(b >= a - 2 for a, b in pairwise(sizes))  # headers may take a byte more or less
    assert sizes[-1] > 2 * sizes[0]
    errors = [
        metrics.mse(gray_picture, decode_jp2(encode_jp2(gray_picture, q)))
        for q in range(20, 100, 8)
    ]
    assert errors == sorted(errors, reverse=True)


def test_target_bytes_is_kept_and_nearly_used(color_picture):
    for target in (600, 2000, 9000):
        assert 0.9 * target < len(encode_jp2(color_picture, target_bytes=target)) <= target
    smallest = encode_jp2(color_picture, target_bytes=1)
    assert len(smallest) < 400 and decode_jp2(smallest).shape == color_picture.shape


def test_stopping_early_does_not_change_the_file():
    """Rate control looks only at what was coded: nothing that it wants is missing."""
    image = images.builtin("camera")[100:300, 150:350]
    frame = make_frame(image.shape, 1, False, BASE_STEP)
    whole = code_picture(image, frame, 0)
    for quality in (10, 50, 80):
        slope = quality_to_slope(quality)
        files = [
            write_picture(picture, choose_cuts(picture, [slope]))
            for picture in (whole, code_picture(image, frame, slope))
        ]
        assert len(files[1]) == pytest.approx(len(files[0]), rel=0.003)


def test_bits_per_block_add_up(color_picture):
    codec = get("own-jpeg2000")
    segments = codec.encode(color_picture, 60)
    bits = codec.bits_per_block(segments, color_picture.shape)
    assert bits.shape == (12, 15)
    assert 0.8 * 8 * len(segments["jp2"]) < bits.sum() < 8 * len(segments["jp2"])
    half_flat = images.builtin("camera")[:200, 100:500].copy()
    half_flat[:, 200:] = 128
    bits = codec.bits_per_block(codec.encode(half_flat, 60), half_flat.shape)
    assert bits.shape == (25, 50)
    assert bits[:, :16].mean() > 3 * bits[:, 34:].mean()


def test_wrong_settings_get_one_clear_sentence(gray_picture):
    with pytest.raises(UnsupportedImage, match="uint8"):
        encode_jp2(gray_picture / 255)
    with pytest.raises(LicError, match="from 1"):
        encode_jp2(gray_picture, 0)
    with pytest.raises(LicError, match="layers"):
        encode_jp2(gray_picture, layers=0)
    with pytest.raises(BitstreamError, match="max_pixels"):
        decode_jp2(encode_jp2(gray_picture), max_pixels=100)
    for data in (b"", b"\xff\x4f", b"no picture at all", encode_jp2(gray_picture)[:60]):
        with pytest.raises(BitstreamError):
            decode_jp2(data)
