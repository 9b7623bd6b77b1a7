"""The whole JPEG codec: a picture to a .jpg file that any viewer opens, and back.

Baseline JPEG (ITU-T T.81), 8 bits, gray or color, written with 4:2:0 or 4:4:4 chroma.
"""

from collections.abc import Sequence

import numpy as np

from lic_course import images
from lic_course.bitstream import MAX_PIXELS
from lic_course.classical.jpeg_blocks import (
    grid_to_mcus,
    grid_to_plane,
    plane_to_grid,
    spread_over_mcus,
)
from lic_course.classical.jpeg_file import write_file
from lic_course.classical.jpeg_frame import LUMA_FACTORS, Frame, make_frame, slots
from lic_course.classical.jpeg_planes import enlarge, image_to_planes, planes_to_rgb, strips
from lic_course.classical.jpeg_reader import read_jpeg
from lic_course.classical.jpeg_scan import encode_scan
from lic_course.classical.jpeg_tables import quantization_tables
from lic_course.codec import Codec
from lic_course.errors import BitstreamError, LicError, UnsupportedImage

MAX_SIDE = 65535  # the file has 16 bits for each


def encode_jpeg(
    image: np.ndarray, quality: float, subsampling: str = "4:2:0", optimize: bool = True
) -> bytes:
    """Code a picture as a complete JPEG file.

    image: uint8, (H, W, 3) sRGB or (H, W) gray, sides up to 65535; quality: 1 to 100, rounded;
    subsampling: "4:2:0" or "4:4:4"; optimize: Huffman tables fitted to the picture, not the
    standard's. Raises `UnsupportedImage`, or `LicError` for a wrong setting.
    """
    image = images.check(image)
    if max(image.shape[:2]) > MAX_SIDE:
        raise UnsupportedImage(f"A JPEG has at most {MAX_SIDE} rows and columns: cut the picture.")
    if subsampling not in LUMA_FACTORS:
        raise LicError(f"The subsampling is one of {', '.join(LUMA_FACTORS)}, not {subsampling!r}.")
    frame = make_frame(image.shape, subsampling)
    tables = quantization_tables(quality)[: 1 if image.ndim == 2 else 2]
    mcus = [
        grid_to_mcus(grid, frame, component)
        for component, grid in zip(frame.components, _grids(image, frame, tables), strict=True)
    ]
    scan = encode_scan(np.concatenate(mcus, axis=1), slots(frame.components), optimize)
    return write_file(frame, tables, scan)


def _grids(image: np.ndarray, frame: Frame, tables: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The quantized blocks of each component, (rows, columns, 64)."""
    parts = []
    for rows in strips(image.shape):
        planes = zip(frame.components, image_to_planes(image[rows], frame), strict=True)
        parts.append([plane_to_grid(plane, tables[c.quantization]) for c, plane in planes])
    return [np.concatenate(grids) for grids in zip(*parts, strict=True)]


def decode_jpeg(data: bytes, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Decode a baseline JPEG file to a picture (H, W, 3) or (H, W) uint8.

    Raises `BitstreamError` when the data are damaged, of another kind of JPEG, or larger than
    `max_pixels`.
    """
    content = read_jpeg(data, max_pixels)
    frame = content.frame
    planes = []
    for component, plane in zip(frame.components, content.planes, strict=True):
        height, width = frame.plane_shape(component)
        samples = grid_to_plane(plane.coefficients, plane.quantization)[:height, :width]
        factors = frame.v_max // component.v, frame.h_max // component.h
        planes.append(enlarge(samples, factors)[: frame.height, : frame.width])
    if len(planes) == 1:
        return np.ascontiguousarray(planes[0])
    if content.is_rgb:
        return np.stack(planes, axis=-1)
    image = np.empty((frame.height, frame.width, 3), np.uint8)
    for rows in strips(image.shape):
        image[rows] = planes_to_rgb(*(plane[rows] for plane in planes))
    return image


class OwnJpeg(Codec):
    """The JPEG of lesson 02. Its one segment is a whole .jpg file."""

    name = "own-jpeg"
    kind = "own"
    summary = "JPEG written from scratch in this course, in NumPy; any viewer opens its files."
    lesson = "02"
    quality_help = "the quality scale of libjpeg, rounded to an integer; chroma is 4:2:0"

    def encode(self, image: np.ndarray, quality: float) -> dict[str, bytes]:
        """A JPEG file with 4:2:0 chroma and optimized Huffman tables, as the segment 'jpeg'."""
        return {"jpeg": encode_jpeg(image, quality)}

    def decode(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """Decode the segment 'jpeg'; `BitstreamError` when it is damaged or of another shape."""
        image = decode_jpeg(_only(segments), shape[0] * shape[1])
        if image.shape != tuple(shape):
            raise BitstreamError(f"The JPEG has the shape {image.shape}, but {shape} is expected.")
        return image

    def bits_per_block(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """Bits spent on each 8 x 8 pixels, with the chroma's spread over the blocks of its MCU."""
        content = read_jpeg(_only(segments), shape[0] * shape[1])
        return spread_over_mcus(content.frame, [plane.bits for plane in content.planes])


def _only(segments: dict[str, bytes]) -> bytes:
    if list(segments) != ["jpeg"]:
        raise BitstreamError("A file of own-jpeg has exactly one segment, with the name 'jpeg'.")
    return segments["jpeg"]
