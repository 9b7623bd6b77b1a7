"""JPEG files of other programs: Pillow's are read back, what is not baseline is refused."""

import io
import tracemalloc

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from test_jpeg import difference, pillow_decodes, pillow_encodes, synthetic

from lic_course import images
from lic_course.classical import jpeg_file, jpeg_walk
from lic_course.classical.jpeg import decode_jpeg, encode_jpeg
from lic_course.classical.jpeg_file import segments, split_scan
from lic_course.classical.jpeg_frame import slots
from lic_course.classical.jpeg_planes import enlarge, halve, planes_to_rgb, rgb_to_planes
from lic_course.classical.jpeg_reader import read_jpeg
from lic_course.classical.jpeg_scan import encode_scan
from lic_course.errors import BitstreamError

BASELINE = [
    {"quality": 1},
    {"quality": 30, "subsampling": "4:2:0"},
    {"quality": 75, "subsampling": "4:2:2"},
    {"quality": 95, "subsampling": "4:4:4"},
    {"quality": 100, "subsampling": "4:2:0", "optimize": True},
    {"quality": 60, "restart_marker_rows": 1},
    {"quality": 60, "restart_marker_blocks": 1},
    {"quality": 85, "restart_marker_blocks": 3, "subsampling": "4:2:2"},
    {"quality": 80, "keep_rgb": True},
    {"quality": 50, "comment": b"\xff\xd9 is no end here"},
    {"quality": 50, "dpi": (300, 300), "exif": b"Exif\0\0" + 50 * b"\xff"},
    {"qtables": [list(range(1, 65)), list(range(200, 264))], "quality": 100},
]


@pytest.mark.parametrize("options", BASELINE, ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_files_of_pillow(options, channels, color_picture):
    for image in (synthetic(37, 53, channels), color_picture[:50, :64]):
        if channels == 1 and image.ndim == 3:
            image = image[..., 1]
        data = pillow_encodes(np.ascontiguousarray(image), **options)
        assert difference(decode_jpeg(data), pillow_decodes(data)) <= 3


@pytest.mark.parametrize("subsampling", ["444", "422", "420", "440", "411"])
@pytest.mark.parametrize("width", [1, 2, 3, 5, 16, 33, 50])
def test_every_subsampling_of_libjpeg(subsampling, width):
    data = imagecodecs.jpeg8_encode(synthetic(29, width, 3), level=90, subsampling=subsampling)
    assert difference(decode_jpeg(data), pillow_decodes(data)) <= 3


@pytest.mark.parametrize("subsampling", ["420", "422", "440"])
def test_chroma_is_enlarged_exactly_as_by_libjpeg(subsampling):
    """Flat blocks leave the inverse DCT nothing to round, so all planes must be equal."""
    shape = {"420": (2, 2), "422": (1, 2), "440": (2, 1)}[subsampling]
    colors = np.random.default_rng(3).integers(0, 256, (3, 4, 3)).astype(np.uint8)
    image = colors.repeat(8 * shape[0], axis=0).repeat(8 * shape[1], axis=1)[:-3, :-5]
    data = imagecodecs.jpeg8_encode(image, level=100, subsampling=subsampling)
    assert np.array_equal(decode_jpeg(data), pillow_decodes(data))


def test_colors_equal_libjpeg():
    colors = np.random.default_rng(4).integers(0, 256, (60, 60, 3)).astype(np.uint8)
    theirs = np.array(Image.fromarray(colors).convert("YCbCr"))
    planes = rgb_to_planes(colors)
    assert difference(np.stack(planes, axis=-1), theirs) <= 1  # Pillow's own formula, not libjpeg's
    assert np.abs(np.stack(planes, axis=-1) - images.rgb_to_ycbcr(colors)).max() < 0.502
    assert difference(planes_to_rgb(*planes), images.ycbcr_to_rgb(np.stack(planes, axis=-1))) <= 1


@pytest.mark.parametrize(
    ("rgb", "ycc", "back"),
    [
        ((255, 0, 0), (76, 85, 255), (254, 0, 0)),
        ((0, 255, 0), (150, 44, 21), (0, 255, 1)),
        ((128, 64, 32), (79, 101, 163), (128, 63, 31)),
    ],
)
def test_known_colors(rgb, ycc, back):
    planes = rgb_to_planes(np.array([[rgb]], np.uint8))
    assert [int(plane[0, 0]) for plane in planes] == list(ycc)
    assert planes_to_rgb(*planes).ravel().tolist() == list(back)


def test_halving_rounds_by_turns():
    plane = np.array([[0, 1, 0, 1, 0, 1, 0, 1], [0, 1, 0, 1, 0, 1, 0, 1]], np.uint8)
    assert halve(plane)[0, :4].tolist() == [0, 1, 0, 1]  # 1/2 + 1/4 down, 1/2 + 1/2 up
    assert halve(plane).shape == (1, 8)


def test_enlarging():
    plane = np.array([[0, 100, 200]], np.uint8)
    assert enlarge(plane, (1, 2)).tolist() == [[0, 25, 75, 125, 175, 200]]
    assert enlarge(plane.T.copy(), (2, 1)).ravel().tolist() == [0, 25, 75, 125, 175, 200]
    assert enlarge(plane, (1, 3)).tolist() == [[0, 0, 0, 100, 100, 100, 200, 200, 200]]


def rebuild(data: bytes, keep: str, extra: bytes) -> bytes:
    """The segments of a file whose short names are in `keep`, then `extra`."""
    parts = [b"\xff\xd8"]
    for segment in segments(data):
        if segment.name[:3] in keep:
            parts.append(jpeg_file.segment_bytes(segment.marker, segment.payload))
    return b"".join(parts) + extra


def test_scans_of_one_component_each(color_picture):
    """Not interleaved: three scans, without the dummy blocks."""
    data = encode_jpeg(color_picture[:37, :51], 70, "4:2:0", optimize=False)
    content = read_jpeg(data, 10**6)
    scans = b""
    for index, (component, plane) in enumerate(
        zip(content.frame.components, content.planes, strict=True)
    ):
        rows, columns = content.frame.block_grid(component)
        blocks = plane.coefficients[:rows, :columns].reshape(-1, 1, 64)
        layout = (min(index, 1),)
        coded = encode_scan(blocks, layout, optimize=False).data
        header = bytes([1, component.identifier, 0x11 * min(index, 1), 0, 63, 0])
        scans += jpeg_file.segment_bytes(jpeg_file.SOS, header) + coded
    split = rebuild(data, "DQT SOF DHT", scans + b"\xff\xd9")
    assert np.array_equal(decode_jpeg(split), decode_jpeg(data))
    assert np.array_equal(pillow_decodes(split), pillow_decodes(data))


def test_fill_bytes_before_markers(gray_picture):
    data = encode_jpeg(gray_picture, 50)
    filled = rebuild(data, "APP DQT SOF DHT", b"")
    scan = data[data.index(b"\xff\xda") : -2]
    assert np.array_equal(
        decode_jpeg(filled + b"\xff\xff" + scan + b"\xff\xff\xff\xd9 after"), decode_jpeg(data)
    )


def test_large_scans_are_worked_out_in_parts(monkeypatch, color_picture):
    data = pillow_encodes(color_picture, quality=90, restart_marker_blocks=5)
    whole = read_jpeg(data, 10**6)
    for batch in (0, 1, 500):
        monkeypatch.setattr(jpeg_walk, "_BATCH", batch)
        parts = read_jpeg(data, 10**6)
        for a, b in zip(whole.planes, parts.planes, strict=True):
            assert np.array_equal(a.coefficients, b.coefficients)
            assert np.array_equal(a.bits, b.bits)


def test_segments_for_reading(gray_picture):
    names = [segment.name.split()[0] for segment in segments(encode_jpeg(gray_picture, 50))]
    assert names == ["SOI", "APP0", "DQT", "SOF0", "DHT", "DHT", "SOS", "EOI"]
    data = encode_jpeg(gray_picture, 50)
    for segment in segments(data):
        assert data[segment.offset] == 0xFF and data[segment.offset + 1] == segment.marker


def test_order_of_blocks():
    data = encode_jpeg(np.zeros((16, 16, 3), np.uint8), 50)
    assert slots(read_jpeg(data, 256).frame.components) == (0, 0, 0, 0, 1, 2)


def test_split_scan():
    assert split_scan(b"a\xff\x00\xff\xd0b\xff\xff\xd1\xff\x00") == [b"a\xff", b"b", b"\xff"]
    for wrong in (b"a\xff\xd1b", b"a\xff\xd0b\xff\xd0c", b"a\xff\xd0b\xff\xd2c"):
        with pytest.raises(BitstreamError, match="restart"):
            split_scan(wrong)


# What is refused


def test_other_kinds_of_jpeg_are_refused():
    image = synthetic(24, 24, 3)
    progressive = pillow_encodes(image, progressive=True)
    with pytest.raises(BitstreamError, match="progressive"):
        decode_jpeg(progressive)
    buffer = io.BytesIO()
    Image.new("CMYK", (16, 16)).save(buffer, "JPEG")
    with pytest.raises(BitstreamError, match="CMYK"):
        decode_jpeg(buffer.getvalue())
    with pytest.raises(BitstreamError, match="lossless"):
        decode_jpeg(imagecodecs.ljpeg_encode(image[..., 0]))
    twelve = imagecodecs.jpeg8_encode(image.astype(np.uint16) * 16, bitspersample=12)
    with pytest.raises(BitstreamError, match="12 bits"):
        decode_jpeg(twelve)
    baseline = bytearray(encode_jpeg(image, 50))
    baseline[baseline.index(b"\xff\xc0") + 1] = 0xC9
    with pytest.raises(BitstreamError, match="arithmetic"):
        decode_jpeg(bytes(baseline))


def changed(data: bytes, marker: int, offset: int, value: int) -> bytes:
    """The file with another byte at `offset` of the payload of the first segment of this kind."""
    place = data.index(bytes([0xFF, marker])) + 4 + offset
    return data[:place] + bytes([value]) + data[place + 1 :]


@pytest.mark.parametrize(
    ("marker", "offset", "value", "message"),
    [
        (0xC0, 1, 0x80, "max_pixels"),
        (0xC0, 2, 0, "height"),
        (0xC0, 5, 2, "component"),
        (0xC0, 7, 0x51, "from 1 to 4"),
        (0xC0, 10, 0x31, "sampling factors"),
        (0xC0, 9, 1, "same name"),
        (0xC0, 8, 3, "table is missing"),
        (0xDB, 0, 0x20, "quantization"),
        (0xDB, 5, 0, "step of zero"),
        (0xC4, 0, 0x22, "Huffman"),
        (0xC4, 1, 3, "Huffman"),
        (0xDA, 0, 2, "wrong length"),
        (0xDA, 1, 9, "names no component"),
        (0xDA, 3, 1, "twice"),
        (0xDA, 2, 0x33, "table is missing"),
        (0xDA, 7, 1, "baseline scan"),
    ],
)
def test_wrong_headers_are_refused(marker, offset, value, message):
    image = np.random.default_rng(5).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    data = encode_jpeg(image, 50)
    with pytest.raises(BitstreamError, match=message):
        decode_jpeg(changed(data, marker, offset, value), 10**5)


def test_missing_parts_are_refused(gray_picture):
    data = encode_jpeg(gray_picture, 50)
    scan = data[data.index(b"\xff\xda") :]
    for keep in ("SOF DHT", "DQT DHT", "DQT SOF", ""):
        with pytest.raises(BitstreamError):
            decode_jpeg(rebuild(data, keep, scan))
    for wrong, message in [
        (b"", "not JPEG"),
        (b"\x89PNG", "not JPEG"),
        (b"\xff\xd8", "end early"),
        (b"\xff\xd8\xff\xd9", "missing"),
        (rebuild(data, "DQT SOF DHT", b"\xff\xd9"), "missing"),
        (data[:-2], "end early"),
        (data[:-2] + b"\0\0\xff\xd9", "left"),
        (data[:-6] + b"\xff\xd9", "end early"),
        (rebuild(data, "DQT SOF SOF0 DHT", scan[:-2] + scan), "twice"),
        (rebuild(data, "DQT DHT", scan), "before the frame"),
        (data[:2] + b"junk" + data[2:], "no marker"),
        (rebuild(data, "DQT SOF DHT", b"\xff\xdd\0\4\0\2" + scan), "restart"),
    ]:
        with pytest.raises(BitstreamError, match=message):
            decode_jpeg(wrong)


def test_nothing_large_is_allocated_for_a_small_file():
    data = encode_jpeg(synthetic(16, 16, 3), 50)
    for height, width in [(65535, 65535), (16000, 16000), (65535, 1), (1, 65535)]:
        place = data.index(b"\xff\xc0") + 5
        size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
        large = data[:place] + size + data[place + 4 :]
        tracemalloc.start()
        with pytest.raises(BitstreamError):
            decode_jpeg(large)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 5e6
