"""The color transforms of JPEG 2000, both after 128 is subtracted from every sample.

RCT is exact on integers and goes with 5/3; ICT is the matrix of JPEG and goes with 9/7.
Source: ITU-T T.800, Annex G.
"""

from collections.abc import Sequence

import numpy as np

from lic_course.images import RGB_TO_YCBCR, YCBCR_TO_RGB

_SHIFT = 128


def to_components(image: np.ndarray, reversible: bool) -> list[np.ndarray]:
    """The components of a picture (H, W, 3) or (H, W) uint8: planes (H, W).

    They are int32 when the transform is to be reversible (RCT), else float64 (ICT).
    """
    samples = image.astype(np.int32 if reversible else np.float64) - _SHIFT
    if samples.ndim == 2:
        return [samples]
    r, g, b = (np.ascontiguousarray(samples[..., channel]) for channel in range(3))
    if reversible:
        return [(r + 2 * g + b) >> 2, b - g, r - g]
    return [row[0] * r + row[1] * g + row[2] * b for row in RGB_TO_YCBCR]


def to_image(components: Sequence[np.ndarray], reversible: bool, color: bool) -> np.ndarray:
    """The inverse of `to_components`, rounded and clipped.

    color: three components are Y, Cb, Cr, not R, G, B.
    """
    if color:
        y, cb, cr = components
        if reversible:
            g = y - ((cb + cr) >> 2)
            components = [cr + g, g, cb + g]
        else:
            components = [row[0] * y + row[1] * cb + row[2] * cr for row in YCBCR_TO_RGB]
    planes = [
        np.clip(plane + (_SHIFT if reversible else _SHIFT + 0.5), 0, 255).astype(np.uint8)
        for plane in components
    ]
    return planes[0] if len(planes) == 1 else np.stack(planes, axis=-1)
