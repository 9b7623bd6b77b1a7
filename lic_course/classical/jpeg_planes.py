"""From a picture to planes of luma and chroma, and back, with the integers of libjpeg.

The color formulas are those of `lic_course.images.rgb_to_ycbcr`, in multiples of 1/65536: so every
machine gets the same samples.
"""

import numpy as np

from lic_course.classical.jpeg_frame import BLOCK, Frame

_HALF = 1 << 15
_CENTER = (128 << 16) + _HALF - 1  # the -1 keeps pure red and pure blue at 255


def strips(shape: tuple[int, ...], multiple: int = 16) -> list[slice]:
    """Slices of rows that cover a picture of this shape, in multiples of `multiple` rows.

    A strip has about 32768 samples: it stays in the processor's cache, where NumPy is much faster.
    """
    height, width = shape[:2]
    rows = max(1, (1 << 15) // (width * multiple)) * multiple
    return [slice(top, top + rows) for top in range(0, height, rows)]


def rgb_to_planes(image: np.ndarray) -> list[np.ndarray]:
    """Y, Cb and Cr of a picture (H, W, 3), three planes (H, W) uint8."""
    r, g, b = (image[..., channel].astype(np.int32) for channel in range(3))
    y = (19595 * r + 38470 * g + 7471 * b + _HALF) >> 16
    cb = (-11059 * r - 21709 * g + 32768 * b + _CENTER) >> 16
    cr = (32768 * r - 27439 * g - 5329 * b + _CENTER) >> 16
    return [plane.astype(np.uint8) for plane in (y, cb, cr)]


def planes_to_rgb(y: np.ndarray, cb: np.ndarray, cr: np.ndarray) -> np.ndarray:
    """The picture (H, W, 3) of three planes (H, W), all uint8."""
    cb, cr = cb.astype(np.int32) - 128, cr.astype(np.int32) - 128
    rgb = np.empty((*y.shape, 3), np.uint8)
    rgb[..., 0] = np.clip(((91881 * cr + _HALF) >> 16) + y, 0, 255)
    rgb[..., 1] = np.clip(((-22554 * cb - 46802 * cr + _HALF) >> 16) + y, 0, 255)
    rgb[..., 2] = np.clip(((116130 * cb + _HALF) >> 16) + y, 0, 255)
    return rgb


def image_to_planes(image: np.ndarray, frame: Frame) -> list[np.ndarray]:
    """The planes of a picture at the size that `frame` gives them: one if gray, else Y, Cb, Cr."""
    if image.ndim == 2:
        return [image]
    y, *chroma = rgb_to_planes(image)
    if (frame.h_max, frame.v_max) == (2, 2):
        chroma = [halve(plane) for plane in chroma]
    return [y, *chroma]


def halve(plane: np.ndarray) -> np.ndarray:
    """Average 2 x 2 samples: (H, W) to half the rows, half the columns, uint8.

    Before, the last column is repeated up to whole MCUs, and the last row up to an even number.
    The average ends in 0, 1/4, 1/2 or 3/4. Adding 1/4 and 1/2 in turn along the row before the
    fraction is dropped makes the rounding right on average.
    """
    height, width = plane.shape
    missing = (0, height % 2), (0, -width % (2 * BLOCK))
    wide = np.pad(plane, missing, mode="edge").astype(np.uint16)
    rows = wide[0::2] + wide[1::2]
    total = rows[:, 0::2] + rows[:, 1::2]
    bias = np.resize(np.array([1, 2], np.uint16), total.shape[1])
    return ((total + bias) >> 2).astype(np.uint8)


def enlarge(plane: np.ndarray, factors: tuple[int, int]) -> np.ndarray:
    """Make a plane (h, w) uint8 `factors` times as high and wide.

    Twice as many rows, columns or both are interpolated: three quarters of the near sample and one
    quarter of the far one, because a chroma sample lies in the middle of the pixels that it stands
    for. For other factors, and planes of one or two columns, samples are repeated, as in libjpeg.
    """
    vertical, horizontal = factors
    if factors == (1, 1):
        return plane
    samples = plane.astype(np.int16)
    if factors == (2, 2) and plane.shape[1] > 2:
        near_rows = _weigh(samples)
        return _weigh(near_rows.swapaxes(0, 1), 8, 7, 4).swapaxes(0, 1).astype(np.uint8)
    if factors == (1, 2) and plane.shape[1] > 2:
        return _weigh(samples.swapaxes(0, 1), 1, 2, 2).swapaxes(0, 1).astype(np.uint8)
    if factors == (2, 1):
        return _weigh(samples, 1, 2, 2).astype(np.uint8)
    return plane.repeat(vertical, axis=0).repeat(horizontal, axis=1)


def _weigh(
    samples: np.ndarray, even_bias: int = 0, odd_bias: int = 0, shift: int = 0
) -> np.ndarray:
    """Twice as many rows: 3 * near + far, plus the bias, shifted down by `shift` bits."""
    before = np.concatenate([samples[:1], samples[:-1]])
    after = np.concatenate([samples[1:], samples[-1:]])
    rows = np.empty((2 * len(samples), *samples.shape[1:]), np.int16)
    rows[0::2] = (3 * samples + before + even_bias) >> shift
    rows[1::2] = (3 * samples + after + odd_bias) >> shift
    return rows
