"""Any bytes: `decode_jpeg` gives a picture of the header's size or raises `BitstreamError`."""

import contextlib
import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from test_jpeg import pillow_encodes, synthetic

from lic_course.classical.jpeg import decode_jpeg, encode_jpeg
from lic_course.errors import BitstreamError

MAX_PIXELS = 10_000


def sound_files() -> list[bytes]:
    """Small files of every kind that the decoder reads."""
    color, gray = synthetic(33, 47, 3), synthetic(24, 19, 1)
    return [
        encode_jpeg(color, 10),
        encode_jpeg(color, 80, "4:4:4", optimize=False),
        encode_jpeg(gray, 50),
        pillow_encodes(color, quality=60, subsampling="4:2:2"),
        pillow_encodes(color, quality=60, restart_marker_blocks=2, optimize=True),
        pillow_encodes(gray, quality=90, restart_marker_rows=1),
        pillow_encodes(color, quality=40, keep_rgb=True),
        pillow_encodes(color, progressive=True),
    ]


def mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """The file after a few accidents, more often in its header than chance would have it."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        header = min(len(data), 400)
        at = int(rng.integers(header if rng.random() < 0.6 else len(data)))
        match rng.integers(6):
            case 0:
                data[at] = rng.choice([0, 1, 0x7F, 0x80, 0xC0, 0xD9, 0xDA, 0xFE, 0xFF])
            case 1:
                data[at] = rng.integers(256)
            case 2:
                data[at] ^= 1 << int(rng.integers(8))
            case 3:
                del data[at : at + int(rng.integers(1, 20))]
            case 4:
                data[at:at] = data[at : at + int(rng.integers(1, 200))]
            case _:
                data[at:at] = rng.integers(0, 256, rng.integers(1, 20)).astype(np.uint8).tobytes()
        if not data:
            return b""
    return bytes(data)


def survive(count: int, seed: int) -> tuple[int, float]:
    """Decode `count` damaged files; returns how many were refused and the longest time in s."""
    rng = np.random.default_rng(seed)
    files = sound_files()
    refused, longest = 0, 0.0
    for number in range(count):
        broken = mutate(files[number % len(files)], rng)
        start = time.perf_counter()
        try:
            image = decode_jpeg(broken, MAX_PIXELS)
        except BitstreamError as error:
            refused += 1
            assert str(error).endswith((".", "?")), error
        else:
            assert image.dtype == np.uint8 and image.ndim in (2, 3)
            assert image.shape[0] * image.shape[1] <= MAX_PIXELS
        longest = max(longest, time.perf_counter() - start)
    return refused, longest


def test_damaged_files():
    refused, _ = survive(600, seed=0)
    assert 300 < refused < 600  # some damage is harmless: a changed sample, a changed comment


def test_files_cut_anywhere():
    for data in (sound_files()[0], sound_files()[4]):
        for end in range(0, len(data), 3):
            try:
                decode_jpeg(data[:end])
            except BitstreamError:
                continue
            raise AssertionError(f"a file cut at byte {end} of {len(data)} was decoded")


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300))
def test_random_bytes(noise):
    for data in (noise, b"\xff\xd8" + noise):
        with contextlib.suppress(BitstreamError):
            decode_jpeg(data, MAX_PIXELS)


@settings(deadline=None, max_examples=100)
@given(st.binary(min_size=1, max_size=400))
def test_random_scans(noise):
    """Headers of a sound file, anything as coded data."""
    data = sound_files()[2]
    start = data.index(b"\xff\xda") + 10
    try:
        image = decode_jpeg(data[:start] + noise.replace(b"\xff", b"\xff\0") + b"\xff\xd9")
    except BitstreamError:
        return
    assert image.shape == (24, 19)


def test_long_runs_of_bytes_take_linear_time():
    """Work that grows with the square of the length would take hours here."""
    start = sound_files()[0][: sound_files()[0].index(b"\xff\xda") + 14]
    for filler in (b"\xff", b"\xff\0", b"\0", b"\xff\xd0", b"\xff\xda\0\2"):
        for data in (b"\xff\xd8" + 1_000_000 * filler, start + 1_000_000 * filler):
            with contextlib.suppress(BitstreamError):
                decode_jpeg(data)
