"""The whole JPEG 2000 codec: a picture to a .jp2 file that OpenJPEG opens, and back.

JPEG 2000 Part 1 (ITU-T T.800), 8 bits, gray or color, one tile. Lossy with the 9/7 transform, or
lossless with 5/3. A file has several quality layers: its first ones alone are a coarser picture.
"""

from collections.abc import Iterator, Sequence
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
LAYERS = 3
LAYER_RATIO = 6.0  # of the slopes of two layers: a bit more than one bit-plane


@dataclass(frozen=True)
class CodedPicture:
    """All code-blocks of a picture, coded, before it is decided where they are cut."""

    frame: Frame
    blocks: list[tuple[Band, list[CodedBlock]]]  # in the order of `frame.all_bands`
    hulls: list[list[HullPoint]]  # of every block

    def all_blocks(self) -> Iterator[CodedBlock]:
        """All blocks of all bands."""
        for _, blocks in self.blocks:
            yield from blocks


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
    frame = make_frame(image.shape, layers, lossless, BASE_STEP)
    picture = code_picture(image, frame, 0 if lossless else slope)
    cuts = choose_cuts(picture, layer_slopes(slope, layers))
    if lossless:
        for block_cuts, block in zip(cuts, picture.all_blocks(), strict=True):
            block_cuts[-1] = HullPoint(len(block.lengths), len(block.data), 0)
    return write_picture(picture, cuts)


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


def code_picture(image: np.ndarray, frame: Frame, slope: float) -> CodedPicture:
    """Transform, quantize and code a picture, as far as it matters when it is cut at `slope`."""
    planes = to_components(image, frame.reversible)
    coefficients = [decompose(plane, frame.levels, frame.reversible) for plane in planes]
    blocks, orientations, slopes, counts = [], [], [], []
    for band in frame.all_bands():
        place = ("HL", "LH", "HH").index(band.orientation) if band.resolution else 0
        values = coefficients[band.component][band.resolution][place] / band.step
        windows = band.windows()
        blocks += [values[window] for window in windows]
        orientations += [band.orientation] * len(windows)
        slopes += [slope / band.weight] * len(windows)
        counts.append(len(windows))
    coded = iter(encode_blocks(blocks, orientations, slopes, exact=frame.reversible))
    by_band = [
        (band, [next(coded) for _ in range(count)])
        for band, count in zip(frame.all_bands(), counts, strict=True)
    ]
    hulls = [convex_hull(block, band.weight) for band, blocks in by_band for block in blocks]
    return CodedPicture(frame, by_band, hulls)


Cuts = list[list[HullPoint]]  # for every block, where each layer ends


def choose_cuts(picture: CodedPicture, slopes: Sequence[float]) -> Cuts:
    """Cut every block at the slopes of the layers, of which none is larger than the one before."""
    return [[cut(hull, slope) for slope in slopes] for hull in picture.hulls]


def write_picture(picture: CodedPicture, cuts: Cuts) -> bytes:
    """The .jp2 file of a picture whose blocks are cut like this."""
    bands, remaining = {}, iter(cuts)
    for band, blocks in picture.blocks:
        grid = ((row, column) for row in range(band.grid[0]) for column in range(band.grid[1]))
        packed = []
        for place, block in zip(grid, blocks, strict=True):
            layers = _layers(block.data, next(remaining))
            packed.append(Block(*place, band.planes - block.planes, layers))
        bands[band] = BandPackets(band, packed)
    packets = write_packets(picture.frame, bands.__getitem__)
    return write_jp2(picture.frame, write_codestream(picture.frame, b"".join(packets)))


def _layers(data: bytes, cuts: Sequence[HullPoint]) -> list[tuple[int, bytes]]:
    """The number of passes that each layer adds, and their bytes."""
    passes = [0, *(point.passes for point in cuts)]
    ends = [0, *(point.length for point in cuts)]
    return [
        (passes[layer + 1] - passes[layer], data[ends[layer] : ends[layer + 1]])
        for layer in range(len(cuts))
    ]


def _encode_to_size(image: np.ndarray, layers: int, target_bytes: int) -> bytes:
    """Code as finely as it takes, then search the slope by bisection; only the cuts change."""
    frame = make_frame(image.shape, layers, False, BASE_STEP)
    low, high, finest = quality_to_slope(1), 16 * quality_to_slope(1), quality_to_slope(100) / 16
    while True:
        picture = code_picture(image, frame, low)
        data = write_picture(picture, choose_cuts(picture, layer_slopes(low, layers)))
        if len(data) > target_bytes or low <= finest:
            break
        low /= 16
    if len(data) <= target_bytes:
        return data
    best = choose_cuts(picture, layer_slopes(high, layers))
    while high / low > 1.001:
        middle = (low * high) ** 0.5
        cuts = choose_cuts(picture, layer_slopes(middle, layers))
        if len(write_picture(picture, cuts)) > target_bytes:
            low = middle
        else:
            best, high = cuts, middle
    return _fill(picture, best, target_bytes)


def _fill(picture: CodedPicture, cuts: Cuts, target_bytes: int) -> bytes:
    """Add to the last layer what still fits, the steepest first: a pass may have 300 bytes."""
    data = write_picture(picture, cuts)
    free = target_bytes - len(data)
    ends = [(hull, hull.index(block[-1])) for hull, block in zip(picture.hulls, cuts, strict=True)]
    steps = [
        (hull[end + 1], number, hull[end + 1].length - hull[end].length + 3)  # with its header
        for number, (hull, end) in enumerate(ends)
        if end + 1 < len(hull)
    ]
    for point, number, size in sorted(steps, key=lambda step: -step[0].slope):
        if size <= free:
            cuts[number][-1] = point
            free -= size
    fuller = write_picture(picture, cuts)
    return fuller if len(fuller) <= target_bytes else data


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
    return decode_stream(read_jp2(data, max_pixels, may_be_cut), layers, may_be_cut)


def read_jp2(data: bytes, max_pixels: int = MAX_PIXELS, may_be_cut: bool = False) -> Codestream:
    """The headers of a .jp2 file or a codestream, and its packets."""
    return read_codestream(find_codestream(bytes(data), may_be_cut), max_pixels, may_be_cut)


def decode_stream(
    stream: Codestream, layers: int | None = None, may_be_cut: bool = False
) -> np.ndarray:
    """The picture of a codestream that `read_jp2` has read, (H, W, 3) or (H, W) uint8."""
    frame = stream.frame
    bands = read_packets(frame, stream.packets, layers, may_be_cut)
    resolutions = [[[] for _ in range(frame.levels + 1)] for _ in range(frame.components)]
    for packets in bands:
        band = packets.band
        values = decode_band(packets, frame.reversible)
        resolutions[band.component][band.resolution].append(values)
    planes = [compose([tuple(r) for r in component], frame.reversible) for component in resolutions]
    return to_image(planes, frame.reversible, frame.color_transform)


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


def bits_of_cells(frame: Frame, bands: Sequence[BandPackets], cell: int = 8) -> np.ndarray:
    """Bits spent on each `cell` x `cell` pixels, (rows, columns) float64, without headers.

    The bits of a code-block are spread evenly over the part of the picture that it describes.
    """
    bits = np.zeros((-(-frame.height // cell), -(-frame.width // cell)))
    for packets in bands:
        band = packets.band
        scale = 2 ** (frame.levels - max(0, band.resolution - 1))
        for block, window in zip(packets.blocks, band.windows(), strict=True):
            area = tuple(
                slice(part.start * scale // cell, -(-min(part.stop, side) * scale // cell))
                for part, side in zip(window, band.shape, strict=True)
            )
            bits[area] += 8 * sum(map(len, block.data)) / bits[area].size
    return bits


class OwnJpeg2000(Codec):
    """JPEG 2000 written from scratch in NumPy; OpenJPEG opens its files.

    Its one segment is a whole .jp2 file with three quality layers.
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
        return decode_stream(_stream(segments, shape))

    def bits_per_block(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """Bits spent on each 8 x 8 pixels, those of a code-block spread over its part."""
        stream = _stream(segments, shape)
        return bits_of_cells(stream.frame, read_packets(stream.frame, stream.packets))


def _stream(segments: dict[str, bytes], shape: tuple[int, ...]) -> Codestream:
    if list(segments) != ["jp2"]:
        raise BitstreamError("A file of own-jpeg2000 has exactly one segment, with the name 'jp2'.")
    stream = read_jp2(segments["jp2"], shape[0] * shape[1])
    frame = stream.frame
    found = (frame.height, frame.width, 3)[: 2 + (frame.components == 3)]
    if found != tuple(shape):
        raise BitstreamError(f"The JP2 file has the shape {found}, but {shape} is expected.")
    return stream
