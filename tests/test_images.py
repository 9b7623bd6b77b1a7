"""Pictures: what is accepted, what is refused with a sentence, and the arithmetic of colors."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lic_course import images
from lic_course.errors import UnsupportedImage


@pytest.mark.parametrize("name", images.BUILTIN)
def test_builtin_pictures_are_pictures_with_a_license(name):
    picture = images.builtin(name)
    assert picture is images.builtin(name)
    assert images.check(picture).shape == picture.shape
    assert not picture.flags.writeable
    assert "CC" in images.BUILTIN[name] or "public domain" in images.BUILTIN[name]


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (np.zeros((4, 4)), "uint8"),
        (np.zeros((4, 4, 4), np.uint8), "shape"),
        (np.zeros(4, np.uint8), "shape"),
        (np.zeros((0, 4), np.uint8), "empty"),
    ],
)
def test_what_is_not_a_picture_is_refused_with_the_reason(array, word):
    with pytest.raises(UnsupportedImage, match=word):
        images.check(array)


def test_unknown_builtin_picture_lists_the_known_ones():
    with pytest.raises(UnsupportedImage, match="astronaut"):
        images.builtin("lena")


def test_write_then_read_gives_the_same_picture(tmp_path, color_picture, gray_picture):
    for picture in (color_picture, gray_picture):
        for suffix in ("png", "bmp", "tiff", "ppm"):
            images.write(tmp_path / f"x.{suffix}", picture)
            assert np.array_equal(images.read(tmp_path / f"x.{suffix}"), picture)


def test_write_refuses_a_lossy_format_and_leaves_no_file(tmp_path, gray_picture):
    with pytest.raises(UnsupportedImage, match=r"\*\.png"):
        images.write(tmp_path / "x.jpg", gray_picture)
    assert not list(tmp_path.iterdir())


def test_write_into_a_missing_folder_is_an_os_error(tmp_path, gray_picture):
    with pytest.raises(OSError):
        images.write(tmp_path / "nowhere" / "x.png", gray_picture)


def test_read_refuses_what_is_not_a_picture(tmp_path):
    path = tmp_path / "notes.png"
    path.write_bytes(b"not a picture at all")
    with pytest.raises(UnsupportedImage, match="not a picture"):
        images.read(path)


def _saved(picture: Image.Image, fmt: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, fmt, **options)
    return buffer.getvalue()


def test_read_lays_transparency_on_white():
    half = Image.new("RGBA", (2, 2), (0, 0, 0, 0))
    assert (images.read(_saved(half)) == 255).all()


def test_read_scales_sixteen_bits_to_eight():
    deep = Image.fromarray(np.array([[0, 257 * 100, 65535]], np.uint16))
    assert images.read(_saved(deep)).tolist() == [[0, 100, 255]]


def test_read_applies_the_orientation_of_the_camera():
    picture = Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3))
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees to view
    assert images.read(_saved(picture, exif=exif)).shape == (3, 2)


def test_read_takes_palettes_and_cmyk():
    for mode in ("P", "CMYK", "1", "LA", "HSV"):
        picture = Image.new("RGB", (5, 4), "red").convert(mode)
        fmt = "TIFF" if mode in ("CMYK", "HSV") else "PNG"
        if mode == "HSV":
            continue
        assert images.read(_saved(picture, fmt)).shape[:2] == (4, 5)


@pytest.mark.parametrize(
    ("rgb", "ycc"),
    [((0, 255, 0), (150, 44, 21)), ((128, 64, 32), (79, 101, 163)), ((9, 9, 9), (9, 128, 128))],
)
def test_color_transform_known_answers(rgb, ycc):
    assert np.rint(images.rgb_to_ycbcr(rgb)).astype(int).tolist() == list(ycc)


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_color_transform_is_inverted(rgb):
    assert images.ycbcr_to_rgb(images.rgb_to_ycbcr(rgb)).tolist() == list(rgb)


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([2, 8, 16]))
def test_blocks_are_put_together_again(height, width, size):
    plane = np.arange(height * width).reshape(height, width)
    padded = images.pad_to_multiple(plane, size)
    assert padded.shape[0] % size == padded.shape[1] % size == 0
    blocks = images.to_blocks(padded, size)
    assert np.array_equal(blocks[0, 0], padded[:size, :size])
    assert np.array_equal(images.from_blocks(blocks)[:height, :width], plane)


def test_dead_leaves_are_reproducible_and_cover_the_picture():
    a, b = images.dead_leaves(64, 96, seed=3), images.dead_leaves(64, 96, seed=3)
    assert a.shape == (64, 96, 3)
    assert np.array_equal(a, b)
    assert not np.array_equal(a, images.dead_leaves(64, 96, seed=4))
    assert (a == 128).all(axis=2).mean() < 0.01
