"""The `.lic` file: small, strict, and never anything but `BitstreamError` on bad bytes."""

import contextlib
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lic_course
from lic_course import bitstream, codec
from lic_course.errors import BitstreamError, LicError


def sealed(body: bytes) -> bytes:
    """The body with its right checksum: damage that only the parser can find."""
    return body + zlib.crc32(body).to_bytes(4, "big")


names = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=31)
shapes = st.tuples(st.integers(1, 2**14), st.integers(1, 2**14)) | st.tuples(
    st.integers(1, 2**14), st.integers(1, 2**14), st.just(3)
)


@given(names, shapes, st.dictionaries(names, st.binary(max_size=300), max_size=5), st.booleans())
def test_round_trip(name, shape, segments, learned):
    fingerprint = b"12345678" if learned else b""
    data = bitstream.pack(name, shape, segments, fingerprint)
    file = bitstream.unpack(data)
    assert file == bitstream.LicFile(name, shape, fingerprint, segments)
    assert list(file.segments) == list(segments)
    info = bitstream.info(data)
    assert info.nbytes == len(data) == info.header + sum(map(len, segments.values()))


def test_golden_bytes():
    data = bitstream.pack("jpeg", (300, 451, 3), {"jpg": b"abc"})
    assert data.hex() == "4c494301046a706567ac02c303010103" + "6a7067616263" + data[-4:].hex()
    assert int.from_bytes(data[-4:], "big") == zlib.crc32(data[:-4])


@pytest.mark.parametrize("name", codec.names())
def test_header_costs_at_most_forty_bytes(name, gray_picture):
    if codec.get(name).unavailable():
        pytest.skip(codec.get(name).unavailable())
    assert lic_course.info(lic_course.encode(gray_picture, name)).header <= 40


def test_header_of_a_large_picture_costs_at_most_forty_bytes():
    segments = {"z": bytes(16000), "y": bytes(10**6)}
    data = bitstream.pack("hyperprior", (5000, 7000, 3), segments, bytes(8))
    assert bitstream.info(data).header <= 40


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a .lic file"),
        (b"\x89PNG\r\n", "not a .lic file"),
        (b"LIC", "cut short"),
        (sealed(b"LIC\x07rest"), "version 7"),
        (bitstream.pack("x", (1, 1), {})[:-1], "checksum"),
        (sealed(b"LIC\x01\x01x\x00\x01\x00\x00"), "damaged"),
        (sealed(b"LIC\x01\x01x\x01\x01\x08\x00"), "flags"),
        (sealed(b"LIC\x01\x01x\x01\x01\x00\x02\x01z\x05\x01yabc"), "add up"),
        (sealed(b"LIC\x01\x01x\x01\x01\x00\x00abc"), "add up"),
        (sealed(b"LIC\x01\x01x\x01\x01\x00\x02\x01y\x00\x01y"), "same name"),
        (sealed(b"LIC\x01\x01\x07\x01\x01\x00\x00"), "not readable"),
        (sealed(b"LIC\x01\x20x"), "middle"),
        (sealed(b"LIC\x01\x01x" + b"\xff" * 12), "too long"),
    ],
)
def test_damage_has_a_reason(data, reason):
    with pytest.raises(BitstreamError, match=reason):
        bitstream.unpack(data)


def test_the_size_is_checked_before_anything_is_allocated():
    data = bitstream.pack("jpeg", (2**20, 2**20, 3), {})
    with pytest.raises(BitstreamError, match="max_pixels"):
        bitstream.unpack(data)
    assert bitstream.unpack(data, max_pixels=2**40).shape == (2**20, 2**20, 3)


@given(st.binary(max_size=80))
def test_any_sealed_bytes_are_read_or_refused(body):
    with contextlib.suppress(BitstreamError):
        bitstream.unpack(sealed(b"LIC\x01" + body))


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_every_changed_byte_is_noticed(position, change):
    data = bytearray(bitstream.pack("own-jpeg", (17, 23, 3), {"jpeg": bytes(range(200))}))
    data[position % len(data)] ^= change
    with pytest.raises(BitstreamError):
        bitstream.unpack(bytes(data))


def test_pack_refuses_bad_names_and_fingerprints():
    with pytest.raises(LicError, match="31"):
        bitstream.pack("x" * 32, (1, 1), {})
    with pytest.raises(LicError, match="8 bytes"):
        bitstream.pack("x", (1, 1), {}, b"123")


def test_info_speaks():
    text = str(bitstream.info(bitstream.pack("jpeg", (10, 20), {"jpg": bytes(100)})))
    assert "jpeg: 10×20 gray" in text
    assert "bpp" in text
    assert "jpg 100" in text


def test_numpy_sizes_are_written_like_integers():
    shape = tuple(np.int64(side) for side in (300, 200))
    assert bitstream.unpack(bitstream.pack("x", shape, {})).shape == (300, 200)
