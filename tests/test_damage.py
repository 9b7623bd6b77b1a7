"""Damaged files: at least 2000 per codec; `BitstreamError` or a picture of the right shape."""

import numpy as np
import pytest

import lic_course
from lic_course import bitstream, codec
from lic_course.errors import BitstreamError

FILES = 2000


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """The bytes after one accident: changed, cut, lost, repeated, or bits flipped."""
    data = bytearray(data)
    at = int(rng.integers(len(data)))
    match rng.integers(5):
        case 0:
            for place in rng.integers(len(data), size=rng.integers(1, 6)):
                data[place] = rng.integers(256)
        case 1:
            del data[at:]
        case 2:
            del data[at : at + int(rng.integers(1, 9))]
        case 3:
            data[at:at] = data[at : at + int(rng.integers(1, 9))]
        case _:
            data[at] ^= 1 << int(rng.integers(8))
    return bytes(data)


def pictures(color_picture, gray_picture):
    return [color_picture[:33, :47].copy(), gray_picture[:24, :19].copy()]


@pytest.mark.parametrize("name", codec.names())
def test_damaged_files_are_noticed(name, color_picture, gray_picture):
    """The checksum: no accident passes for a sound file."""
    if codec.get(name).unavailable():
        pytest.skip(codec.get(name).unavailable())
    rng = np.random.default_rng(0)
    files = [lic_course.encode(x, name, 30) for x in pictures(color_picture, gray_picture)]
    for number in range(FILES):
        data = files[number % 2]
        broken = damaged(data, rng)
        if broken == data:
            continue
        with pytest.raises(BitstreamError):
            lic_course.decode(broken)


@pytest.mark.parametrize("name", codec.names())
def test_crafted_files_meet_a_decoder_that_holds(name, color_picture, gray_picture):
    """The decoder itself: damage behind a right checksum gives a picture or `BitstreamError`."""
    if codec.get(name).unavailable():
        pytest.skip(codec.get(name).unavailable())
    rng = np.random.default_rng(1)
    coder = codec.get(name)
    sound = [
        (x.shape, coder.encode(x, quality))
        for x in pictures(color_picture, gray_picture)
        for quality in (10, 80)
    ]
    refused = 0
    for number in range(FILES):
        shape, segments = sound[number % len(sound)]
        target = list(segments)[rng.integers(len(segments))]
        broken = segments | {target: damaged(segments[target], rng)}
        try:
            image = lic_course.decode(bitstream.pack(name, shape, broken))
        except BitstreamError:
            refused += 1
        else:
            assert image.shape == shape and image.dtype == np.uint8
    assert refused > FILES / 20  # the damage did reach the decoder
