"""The JPEG encoder and the round trip: known answers, Pillow as the judge, many small pictures."""

import hashlib
import io

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from test_dct import BLOCK

import lic_course
from lic_course import codec, images, metrics
from lic_course.classical import jpeg_benchmark
from lic_course.classical.dct import dct2, idct2
from lic_course.classical.jpeg import decode_jpeg, encode_jpeg
from lic_course.classical.jpeg_blocks import grid_to_plane, quantize
from lic_course.classical.jpeg_reader import read_jpeg
from lic_course.classical.jpeg_symbols import run_length_symbols, symbol_stream
from lic_course.classical.jpeg_tables import STANDARD_TABLES, quantization_tables, zigzag
from lic_course.errors import BitstreamError, LicError, UnsupportedImage

SUBSAMPLINGS = ["4:4:4", "4:2:0"]


def pillow_decodes(data: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(data)))


def pillow_encodes(image: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def difference(a: np.ndarray, b: np.ndarray) -> int:
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b).max())


def scan_of(data: bytes) -> bytes:
    return data[data.index(b"\xff\xda") + 2 + data[data.index(b"\xff\xda") + 3] : -2]


def synthetic(height: int, width: int, channels: int) -> np.ndarray:
    """A picture made of integers only, with slopes, edges and texture."""
    y, x, c = np.ogrid[:height, :width, :channels]
    values = (x * (5 + c) + y * y // 3 + ((x // 7 + y // 5) % 3) * (60 - 20 * c) + x * y * 3) % 256
    return np.squeeze(values.astype(np.uint8), axis=2) if channels == 1 else values.astype(np.uint8)


# Known answers


def known_sequence() -> np.ndarray:
    return zigzag(quantize(dct2(BLOCK - 128.0), quantization_tables(50)[0]))


def test_known_block_quantized():
    known = [[-26, -3, -6, 2, 2, -1, 0, 0], [0, -2, -4, 1, 1, 0, 0, 0], [-3, 1, 5, -1, -1, 0, 0, 0]]
    assert quantize(dct2(BLOCK - 128.0), quantization_tables(50)[0])[:3].tolist() == known


def test_known_symbols_and_bits():
    symbols = run_length_symbols(known_sequence())
    names = "05 02 12 02 03 02 03 01 02 01 01 03 01 02 01 01 01 02 51 01 00"
    assert [f"{symbol.byte:02X}" for symbol in symbols] == names.split()
    assert [str(symbol) for symbol in symbols[:3]] == ["DC 5 (-26)", "AC 0/2 (-3)", "AC 1/2 (-3)"]
    assert str(symbols[-1]) == "AC EOB"
    tables = dict(zip(("DC", "AC"), STANDARD_TABLES[:2], strict=True))
    assert "".join(symbol.bits(tables[symbol.kind]) for symbol in symbols) == (
        "110001010100110110001011000010110100011001010000100110010100101100000010000110111101000001"
        "010"
    )


def test_known_files():
    data = encode_jpeg(BLOCK, 50, optimize=False)
    assert len(data) == 342
    assert hashlib.sha256(data).hexdigest() == (
        "3c0e805438e0ecdd0041e597a5b09bc908d636f20f6e769fa4867c056a8d2207"
    )
    assert scan_of(data).hex() == "c54d8b0b4650994b021bd057"
    assert scan_of(data) == scan_of(pillow_encodes(BLOCK, quality=50))
    decoded = decode_jpeg(data)
    assert np.array_equal(decoded, pillow_decodes(data))
    assert metrics.mse(BLOCK, decoded) == 35.5625
    assert metrics.psnr(BLOCK, decoded) == pytest.approx(32.62, abs=0.005)


def test_known_optimized_file():
    data = encode_jpeg(BLOCK, 50)
    assert len(data) == 174
    assert scan_of(data).hex() == "163a4e359b0bab4257873f"
    assert np.array_equal(pillow_decodes(data), decode_jpeg(data))
    assert pillow_encodes(BLOCK, quality=50, optimize=True) == data


def test_fixed_cost_of_a_file():
    for shape, cost in [((1, 1, 3), 625), ((1, 1), 330)]:
        data = encode_jpeg(np.zeros(shape, np.uint8), 75, optimize=False)
        assert len(data) - len(scan_of(data)) == cost


GOLDEN = {  # (quality, subsampling): first digits of the SHA-256 of `synthetic(61, 83, 3)`'s file
    (1, "4:2:0"): "efa4dea7ae286f5b",
    (50, "4:2:0"): "f8554fc4e29ff51e",
    (93, "4:4:4"): "ea552140002a4ef9",
    (100, "4:4:4"): "45858db6ab0467fb",
}


@pytest.mark.parametrize(("quality", "subsampling"), GOLDEN)
def test_the_encoder_writes_the_same_bytes_everywhere(quality, subsampling):
    data = encode_jpeg(synthetic(61, 83, 3), quality, subsampling)
    assert hashlib.sha256(data).hexdigest()[:16] == GOLDEN[quality, subsampling]


@pytest.mark.parametrize("level", ["flat", "synthetic"])
def test_the_last_bits_of_floats_do_not_matter(level, monkeypatch):
    """Other processors sum in another order: results differ by 1e-12, files must not."""
    flat = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 8, axis=1).repeat(8, axis=0)
    image = flat if level == "flat" else synthetic(61, 83, 3)
    files = [encode_jpeg(image, quality) for quality in (20, 50, 75, 100)]
    pictures = [decode_jpeg(data) for data in files]
    rng = np.random.default_rng(0)
    for name, transform in [("dct2", dct2), ("idct2", idct2)]:

        def noisy(blocks, transform=transform):
            return transform(blocks) + rng.uniform(-1e-11, 1e-11, blocks.shape)

        monkeypatch.setattr(f"lic_course.classical.jpeg_blocks.{name}", noisy)
    assert [encode_jpeg(image, quality) for quality in (20, 50, 75, 100)] == files
    for data, picture in zip(files, pictures, strict=True):
        assert np.array_equal(decode_jpeg(data), picture)


# The symbols of all blocks at once


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.01, 0.05, 0.3, 1.0]), st.integers(1, 5))
def test_symbol_stream_equals_one_block_after_the_other(seed, density, count):
    rng = np.random.default_rng(seed)
    blocks = rng.integers(-1023, 1024, (count, 64)) * (rng.random((count, 64)) < density)
    blocks[:, 0] = rng.integers(-2047, 2048, count)
    stream = symbol_stream(blocks)
    expected = [(n, s) for n, block in enumerate(blocks) for s in run_length_symbols(block)]
    assert stream.blocks.tolist() == [n for n, _ in expected]
    assert stream.symbols.tolist() == [s.byte for _, s in expected]
    assert stream.is_dc.tolist() == [s.kind == "DC" for _, s in expected]
    extras = zip(stream.extras.tolist(), stream.sizes.tolist(), strict=True)
    assert [f"{bits:0{n}b}" if n else "" for bits, n in extras] == [s.extra for _, s in expected]


def test_long_runs():
    block = np.zeros(64, int)
    block[[0, 49, 63]] = 3, -1, 1
    names = [str(symbol) for symbol in run_length_symbols(block, previous_dc=3)]
    assert names == ["DC 0 (+0)", "AC ZRL", "AC ZRL", "AC ZRL", "AC 0/1 (-1)", "AC 13/1 (+1)"]


# Whole pictures


@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
@pytest.mark.parametrize("quality", [1, 10, 50, 75, 95, 100])
def test_size_and_quality_equal_pillow(color_picture, subsampling, quality):
    ours = encode_jpeg(color_picture, quality, subsampling)
    options = {"quality": quality, "subsampling": subsampling, "optimize": True}
    theirs = pillow_encodes(color_picture, **options)
    # libjpeg's DCT in integers adds a little noise, which makes its files at high quality larger
    assert 0.975 * len(theirs) < len(ours) < 1.01 * len(theirs)
    psnr = metrics.psnr(color_picture, pillow_decodes(theirs))
    assert psnr - 0.05 < metrics.psnr(color_picture, decode_jpeg(ours)) < psnr + 0.6


@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_size_from_1_to_40(channels, subsampling):
    rng = np.random.default_rng(1)
    for size in range(1, 41):
        height, width = size, int(rng.integers(1, 41))
        if size % 2:
            height, width = width, height
        image = synthetic(height, width, channels)
        data = encode_jpeg(image, 80, subsampling, optimize=bool(size % 3))
        decoded = decode_jpeg(data)
        assert decoded.shape == image.shape and decoded.dtype == np.uint8
        assert difference(decoded, pillow_decodes(data)) <= 3


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(1, 36), st.integers(1, 36)),
    st.booleans(),
    st.integers(1, 100),
    st.sampled_from(SUBSAMPLINGS),
    st.booleans(),
)
def test_random_pictures(seed, size, is_color, quality, subsampling, optimize):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (*size, 3) if is_color else size).astype(np.uint8)
    data = encode_jpeg(image, quality, subsampling, optimize)
    decoded = decode_jpeg(data)
    assert decoded.shape == image.shape and decoded.dtype == np.uint8
    assert difference(decoded, pillow_decodes(data)) <= 4


def extremes() -> dict[str, np.ndarray]:
    y, x = np.mgrid[:24, :40]
    board = ((x + y) % 2 * 255).astype(np.uint8)
    noise = np.random.default_rng(2).integers(0, 2, (24, 40, 3)).astype(np.uint8) * 255
    colors = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [255, 0, 255]])
    return {
        "black": np.zeros((24, 40, 3), np.uint8),
        "white": np.full((24, 40), 255, np.uint8),
        "checkerboard": board,
        "large checkerboard": ((x // 8 + y // 8) % 2 * 255).astype(np.uint8),
        "color checkerboard": np.stack([board, 255 - board, board], axis=-1),
        "noise of extremes": noise,
        "saturated stripes": colors[x // 8].astype(np.uint8),
        "one pixel": np.where((x == 20) & (y == 11), 255, 0).astype(np.uint8),
    }


@pytest.mark.parametrize("name", extremes())
def test_extreme_pictures_at_every_quality(name):
    image = extremes()[name]
    for quality in range(1, 101):
        data = encode_jpeg(image, quality, SUBSAMPLINGS[quality % 2], optimize=quality % 3 > 0)
        decoded = decode_jpeg(data)
        assert decoded.shape == image.shape
        if quality % 10 in (0, 5):
            assert difference(decoded, pillow_decodes(data)) <= 4
    if image.ndim == 2:  # quality 100 without chroma loses only what rounding loses
        assert difference(image, decoded) <= 2


def test_flat_pictures_are_exact():
    for level in (0, 1, 100, 127, 128, 254, 255):
        image = np.full((20, 20), level, np.uint8)
        assert np.array_equal(decode_jpeg(encode_jpeg(image, 100)), image)


def test_strips_do_not_show(monkeypatch):
    """The file does not depend on how the work is cut."""
    image = synthetic(70, 90, 3)
    whole = encode_jpeg(image, 60)
    decoded = decode_jpeg(whole)
    for multiple_of in (1, 2):
        rows = [slice(top, top + 16 * multiple_of) for top in range(0, 70, 16 * multiple_of)]
        for module in ("jpeg", "jpeg_blocks"):
            monkeypatch.setattr(f"lic_course.classical.{module}.strips", lambda *_, rows=rows: rows)
        assert encode_jpeg(image, 60) == whole
        assert np.array_equal(decode_jpeg(whole), decoded)


def test_wrong_settings_and_pictures():
    image = np.zeros((8, 8, 3), np.uint8)
    with pytest.raises(LicError, match="subsampling"):
        encode_jpeg(image, 50, "4:1:1")
    with pytest.raises(LicError, match="from 1"):
        encode_jpeg(image, 0)
    with pytest.raises(UnsupportedImage):
        encode_jpeg(image.astype(float), 50)
    with pytest.raises(UnsupportedImage, match="65535"):
        encode_jpeg(np.zeros((1, 65536), np.uint8), 50)


# The codec


def test_codec_round_trip(color_picture, gray_picture):
    for image in (color_picture, gray_picture):
        data = lic_course.encode(image, "own-jpeg", quality=60)
        assert np.array_equal(lic_course.decode(data), decode_jpeg(encode_jpeg(image, 60)))


def test_codec_refuses_other_segments_and_shapes(gray_picture):
    own = codec.get("own-jpeg")
    segments = own.encode(gray_picture, 60)
    height, width = gray_picture.shape
    for shape in [(height, width, 3), (height, width + 1), (width, height)]:
        with pytest.raises(BitstreamError, match="shape"):
            own.decode(segments, shape)
    for wrong in [{}, {"scan": segments["jpeg"]}, segments | {"more": b""}]:
        with pytest.raises(BitstreamError, match="segment"):
            own.decode(wrong, gray_picture.shape)


@pytest.mark.parametrize("shape", [(57, 43, 3), (57, 43), (16, 16, 3), (1, 1, 3), (8, 24)])
def test_bits_per_block_adds_up_to_the_scan(shape):
    image = synthetic(*shape[:2], 3 if len(shape) == 3 else 1)
    own = codec.get("own-jpeg")
    segments = own.encode(image, 60)
    bits = own.bits_per_block(segments, image.shape)
    assert bits.shape == (-(-shape[0] // 8), -(-shape[1] // 8))
    assert bits.min() >= 2
    scan = scan_of(segments["jpeg"]).replace(b"\xff\x00", b"\xff")
    assert 0 <= 8 * len(scan) - bits.sum() < 8


def test_bits_go_where_the_detail_is():
    image = np.full((32, 32, 3), 90, np.uint8)
    image[16:, 16:] = np.random.default_rng(0).integers(0, 256, (16, 16, 3))
    own = codec.get("own-jpeg")
    bits = own.bits_per_block(own.encode(image, 60), image.shape)
    assert bits[2:, 2:].min() > 10 * bits[:2].max()


def test_dequantized_blocks_are_the_pictures_plane(gray_picture):
    content = read_jpeg(encode_jpeg(gray_picture, 40), gray_picture.size)
    (plane,) = content.planes
    expected = decode_jpeg(encode_jpeg(gray_picture, 40))
    assert np.array_equal(grid_to_plane(plane.coefficients, plane.quantization), expected)


def test_comparison_with_pillow(tmp_path, gray_picture):
    images.write(tmp_path / "gray.png", gray_picture)
    result = CliRunner().invoke(jpeg_benchmark.main, ["--folder", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert result.output.count(" dB") == 5 and "decode" in result.output
    nothing = tmp_path / "empty"
    nothing.mkdir()
    assert CliRunner().invoke(jpeg_benchmark.main, ["--folder", str(nothing)]).exit_code == 2
