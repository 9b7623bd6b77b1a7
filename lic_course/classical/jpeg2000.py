"""The whole JPEG 2000 codec: a picture to a .jp2 file that OpenJPEG opens, and back.

JPEG 2000 Part 1 (ITU-T T.800), 8 bits, gray or color, one tile. Lossy with the 9/7 transform, or
lossless with 5/3. A file has several quality layers: its first ones alone are a coarser picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lic_course import images
from lic_course.bitstream import MAX_PIXELS
from lic_course.classical.ebcot_decode import decode_block
from lic_course.classical.ebcot_encode import CodedBlock, encode_blocks
from lic_course.classical.jpeg2000_color import to_components, to_image
from lic_course.classical.jpeg2000_file import (
    Codestream,
    find_codestream,
    read_codestream,
    write_codestream,
    write_jp2,
)
from lic_course.classical.jpeg2000_frame import Band, Frame, dequantize, make_frame
from lic_course.classical.jpeg2000_packets import BandPackets, Block, read_packets, write_packets
from lic_course.classical.jpeg2000_rate import HullPoint, convex_hull, cut
from lic_course.classical.wavelet import compose, decompose
from lic_course.codec import Codec
from lic_course.errors import BitstreamError, LicError

BASE_STEP = 0.5  # of the quantizer; coarser pictures leave out bit-planes instead
LAYERS = 4
LAYER_RATIO = 4.0  # of the slopes of two layers: about one bit-plane


@dataclass(frozen=True)
class CodedPicture:
    """All code-blocks of a picture, coded, before it is decided where they are cut."""

    frame: Frame
    blocks: list[tuple[Band, list[CodedBlock]]]  # in the order of `frame.all_bands`
    hulls: list[list[list[HullPoint]]]  # of each block of each band


def encode_jp2(
    image: np.ndarray,
    quality: float = 75,
    lossless: bool = False,
    layers: int = LAYERS,
    target_bytes: int | None = None,
) -> bytes:
    """Code a picture as a complete .jp2 file.

    image: uint8, (H, W, 3) sRGB or (H, W) gray; quality: 1 to 100, see `quality_to_slope`;
    lossless: all of the 5/3 transform instead, in as many layers; target_bytes: instead of a
    quality, the file is as large as it can be within so many bytes. Raises `UnsupportedImage`, or
    `LicError` for a wrong setting.
    """
    image = images.check(image)
    if not 1 <= layers <= 32:
        raise LicError(f"The number of quality layers goes from 1 to 32, not {layers}.")
    slope = quality_to_slope(quality)
    if target_bytes is not None and not lossless:
        return _encode_to_size(image, layers, target_bytes)
    picture = code_picture(image, layers, lossless, 0 if lossless else slope)
    return write_picture(picture, layer_slopes(slope, layers), lossless)


def quality_to_slope(quality: float) -> float:
    """The slope λ at which a quality cuts the code: squared error per byte, R, G and B together.

    It goes from 65536 at quality 1 to 4 at 100, evenly on a logarithmic scale. A uniform quantizer
    with the step √λ, 256 to 2, has about this slope.
    """
    if not 1 <= quality <= 100:
        raise LicError(f"The quality goes from 1 (smallest file) to 100 (best), not {quality:g}.")
    return 4 * 16384.0 ** ((100 - quality) / 99)


def layer_slopes(slope: float, layers: int) -> list[float]:
    """The slopes at which the layers end, of which the last is `slope`."""
    return [slope * LAYER_RATIO**further for further in reversed(range(layers))]


def code_picture(image: np.ndarray, layers: int, lossless: bool, slope: float) -> CodedPicture:
    """Transform, quantize and code a picture, as far as it matters when it is cut at `slope`."""
    frame = make_frame(image.shape, layers, lossless, BASE_STEP)
    coefficients = [
        decompose(plane, frame.levels, lossless) for plane in to_components(image, lossless)
    ]
    blocks, orientations, slopes, counts = [], [], [], []
    for band in frame.all_bands():
        place = max(0, ("HL", "LH", "HH").index(band.orientation) if band.resolution else 0)
        values = coefficients[band.component][band.resolution][place] / band.step
        windows = band.windows()
        blocks += [values[window] for window in windows]
        orientations += [band.orientation] * len(windows)
        slopes += [slope / band.weight] * len(windows)
        counts.append(len(windows))
    coded = iter(encode_blocks(blocks, orientations, slopes, exact=lossless))
    by_band = [
        (band, [next(coded) for _ in range(count)])
        for band, count in zip(frame.all_bands(), counts, strict=True)
    ]
    hulls = [[convex_hull(block, band.weight) for block in blocks] for band, blocks in by_band]
    return CodedPicture(frame, by_band, hulls)


def write_picture(picture: CodedPicture, slopes: Sequence[float], all_passes: bool) -> bytes:
    """Cut the blocks at the slopes of the layers and write the file.

    all_passes: the last layer has all passes, whatever its slope.
    """
    bands = {}
    for (band, blocks), hulls in zip(picture.blocks, picture.hulls, strict=True):
        grid = ((r, c) for r in range(band.grid[0]) for c in range(band.grid[1]))
        packed = []
        for place, coded, hull in zip(grid, blocks, hulls, strict=True):
            cuts = [(point.passes, point.length) for point in (cut(hull, s) for s in slopes)]
            if all_passes:
                cuts[-1] = len(coded.lengths), len(coded.data)
            packed.append(_plan(place, band.planes - coded.planes, coded.data, cuts))
        bands[band] = BandPackets(band, packed)
    packets = write_packets(picture.frame, bands.__getitem__)
    return write_jp2(picture.frame, write_codestream(picture.frame, b"".join(packets)))


def _plan(
    place: tuple[int, int], missing: int, data: bytes, cuts: Sequence[tuple[int, int]]
) -> Block:
    """A block with what each layer adds, given passes and bytes at the end of the layers."""
    plan, before = [], (0, 0)
    for passes, length in cuts:
        plan.append((passes - before[0], data[before[1] : length]))
        before = passes, length
    return Block(*place, missing, plan)


def _encode_to_size(image: np.ndarray, layers: int, target_bytes: int) -> bytes:
    """Code as finely as it takes, then search the slope by bisection; only the cuts change."""
    low, high, finest = quality_to_slope(1), 16 * quality_to_slope(1), quality_to_slope(100) / 16
    while True:
        picture = code_picture(image, layers, False, low)
        data = write_picture(picture, layer_slopes(low, layers), False)
        if len(data) > target_bytes or low <= finest:
            break
        low /= 16
    if len(data) <= target_bytes:
        return data
    best = write_picture(picture, layer_slopes(high, layers), False)
    while high / low > 1.001:
        middle = (low * high) ** 0.5
        data = write_picture(picture, layer_slopes(middle, layers), False)
        if len(data) > target_bytes:
            low = middle
        else:
            best, high = data, middle
    return best


def decode_jp2(
    data: bytes,
    layers: int | None = None,
    may_be_cut: bool = False,
    max_pixels: int = MAX_PIXELS,
) -> np.ndarray:
    """Decode a .jp2 file or a codestream to a picture (H, W, 3) or (H, W) uint8.

    layers: use only the first so many quality layers. may_be_cut: the data may be a prefix of a
    file, of which all whole code-blocks are used. Raises `BitstreamError` when the data are
    damaged, larger than `max_pixels`, or use what this decoder does not know: several tiles,
    precincts, other progressions.
    """
    stream = read_jp2(data, max_pixels, may_be_cut)
    frame = stream.frame
    bands = read_packets(frame, stream.packets, layers, may_be_cut)
    resolutions = [[[] for _ in range(frame.levels + 1)] for _ in range(frame.components)]
    for packets in bands:
        band = packets.band
        values = decode_band(packets, frame.reversible)
        resolutions[band.component][band.resolution].append(values)
    planes = [compose([tuple(r) for r in component], frame.reversible) for component in resolutions]
    return to_image(planes, frame.reversible, frame.color_transform)


def read_jp2(data: bytes, max_pixels: int = MAX_PIXELS, may_be_cut: bool = False) -> Codestream:
    """The headers of a .jp2 file or a codestream, and its packets."""
    return read_codestream(find_codestream(bytes(data), may_be_cut), max_pixels, may_be_cut)


def decode_band(packets: BandPackets, reversible: bool) -> np.ndarray:
    """The coefficients of a band, (h, w), from what its blocks have received."""
    band = packets.band
    doubled = np.zeros(band.shape, np.int64)
    for block, window in zip(packets.blocks, band.windows(), strict=True):
        planes = band.planes - block.missing
        if block.passes > max(0, 3 * planes - 2):
            raise BitstreamError("The JPEG 2000 data are damaged: a block has too many passes.")
        if block.passes:
            doubled[window] = decode_block(
                b"".join(block.data), doubled[window].shape, band.orientation, planes, block.passes
            )
    return dequantize(doubled, band, reversible)


class OwnJpeg2000(Codec):
    """JPEG 2000 written from scratch in NumPy; OpenJPEG opens its files.

    Its one segment is a whole .jp2 file with four quality layers.
    """

    name = "own-jpeg2000"
    kind = "own"
    lesson = "03"
    quality_help = "the slope λ of rate control: √λ, about the quantizer's step, from 256 to 2"

    def encode(self, image: np.ndarray, quality: float) -> dict[str, bytes]:
        """A lossy .jp2 file as the segment 'jp2'."""
        return {"jp2": encode_jp2(image, quality)}

    def decode(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """Decode the segment 'jp2'; `BitstreamError` when it is damaged or of another shape."""
        if list(segments) != ["jp2"]:
            raise BitstreamError("A file of own-jpeg2000 has exactly one segment, named 'jp2'.")
        frame = read_jp2(segments["jp2"], shape[0] * shape[1]).frame
        found = (frame.height, frame.width, 3)[: 2 + (frame.components == 3)]
        if found != tuple(shape):
            raise BitstreamError(f"The JP2 file has the shape {found}, but {shape} is expected.")
        return decode_jp2(segments["jp2"], max_pixels=shape[0] * shape[1])
