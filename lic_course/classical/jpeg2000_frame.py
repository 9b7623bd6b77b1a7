"""Geometry and step sizes: which bands and code-blocks a picture has, and how fine they are.

This covers pictures in one tile without precincts, that is, what encoders write by default.
Source: ITU-T T.800, Annexes B and E.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lic_course.classical.wavelet import NORMS_97, band_norm, band_shapes

DEPTH = 8  # bits of a sample
MAX_LEVELS = 5  # of the transform, as other encoders choose
GUARD = 2  # bit-planes in reserve above the nominal range of a band
BLOCK = 64  # the largest sides of a code-block
_GAIN = {"LL": 0, "HL": 1, "LH": 1, "HH": 2}  # bits that a band's nominal range grows
# L2 norms: what one unit in Y, Cb or Cr (Y, U or V if reversible) means in R, G and B
COLOR_NORMS = {False: (1.7321, 1.8051, 1.5734), True: (1.7321, 0.8292, 0.8292)}


@dataclass(frozen=True)
class Band:
    """A band of one component: its place in the transform and how it is quantized."""

    component: int
    resolution: int  # 0 is the coarsest
    orientation: str  # "LL", "HL", "LH" or "HH"
    shape: tuple[int, int]
    step: float  # the quantizer's
    planes: int  # magnitude bit-planes, the guard bits included
    norm: float  # what one unit of a coefficient does to the picture, R, G and B together
    block: tuple[int, int]  # sides of a code-block

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of code-blocks."""
        return tuple(-(-side // size) for side, size in zip(self.shape, self.block, strict=True))

    @property
    def weight(self) -> float:
        """The squared error in the picture of an error of one step in one coefficient."""
        return (self.norm * self.step) ** 2

    def windows(self) -> list[tuple[slice, slice]]:
        """The code-blocks in raster order, as slices of the band."""
        height, width = self.block
        return [
            np.s_[top : top + height, left : left + width]
            for top in range(0, self.shape[0], height)
            for left in range(0, self.shape[1], width)
        ]


@dataclass(frozen=True)
class Frame:
    """What the main header of a codestream says."""

    height: int
    width: int
    components: int
    levels: int
    layers: int
    reversible: bool  # 5/3 and no quantization, or 9/7
    color_transform: bool
    steps: tuple[tuple[int, int], ...]  # exponent and mantissa of each band, coarsest first
    guard: int = GUARD
    block: tuple[int, int] = (BLOCK, BLOCK)

    @cached_property
    def bands(self) -> list[list[list[Band]]]:
        """All bands, by resolution and component: the bands that share packets together."""
        resolutions, first = [], 0
        for resolution, shapes in enumerate(band_shapes(self.height, self.width, self.levels)):
            names = ("HL", "LH", "HH") if resolution else ("LL",)
            resolutions.append(
                [
                    [
                        self._band(component, resolution, name, shape, self.steps[first + place])
                        for place, (name, shape) in enumerate(zip(names, shapes, strict=True))
                    ]
                    for component in range(self.components)
                ]
            )
            first += len(names)
        return resolutions

    def all_bands(self) -> Iterator[Band]:
        """All bands one by one, in the order of `bands`."""
        for resolution in self.bands:
            for component in resolution:
                yield from component

    def _band(
        self,
        component: int,
        resolution: int,
        name: str,
        shape: tuple[int, int],
        step: tuple[int, int],
    ) -> Band:
        level = self.levels if resolution == 0 else self.levels + 1 - resolution
        norm = band_norm(min(level, len(NORMS_97)), name, self.reversible)
        if self.color_transform:
            norm *= COLOR_NORMS[self.reversible][component]
        size = 1.0 if self.reversible else step_size(name, *step)
        planes = self.guard + step[0] - 1
        return Band(component, resolution, name, shape, size, planes, norm, self.block)


def make_frame(shape: tuple[int, ...], layers: int, reversible: bool, base: float) -> Frame:
    """The frame of a picture of `shape`.

    base: the step that an orthonormal transform would have. Each band has the step base / norm, so
    that a step means the same error in the picture in all of them.
    """
    height, width = shape[:2]
    components = 3 if len(shape) == 3 else 1
    levels = choose_levels(height, width)
    steps = []
    for resolution in range(levels + 1):
        for name in ("HL", "LH", "HH") if resolution else ("LL",):
            level = levels if resolution == 0 else levels + 1 - resolution
            if reversible:
                steps.append((DEPTH + _GAIN[name] + (components == 3), 0))
            else:
                steps.append(encode_step(name, base / band_norm(level, name, False)))
    color = components == 3
    return Frame(height, width, components, levels, layers, reversible, color, tuple(steps))


def choose_levels(height: int, width: int) -> int:
    """Levels of the transform: five, fewer for small pictures, down to an LL of about 8."""
    return max(0, min(MAX_LEVELS, max(height, width).bit_length() - 4))


def encode_step(orientation: str, step: float) -> tuple[int, int]:
    """Exponent and mantissa, 5 and 11 bits, that stand for a step size in a band."""
    fraction, power = math.frexp(step)  # step = fraction * 2**power, 1/2 <= fraction < 1
    exponent = DEPTH + _GAIN[orientation] - (power - 1)
    mantissa = round((2 * fraction - 1) * 2048)
    return (exponent - 1, 0) if mantissa == 2048 else (exponent, mantissa)


def step_size(orientation: str, exponent: int, mantissa: int) -> float:
    """The step size that exponent and mantissa stand for."""
    return math.ldexp(1 + mantissa / 2048, DEPTH + _GAIN[orientation] - exponent)


def dequantize(doubled: np.ndarray, band: Band, reversible: bool) -> np.ndarray:
    """Coefficients from what the tier-1 decoder returns: twice the value in units of the step.

    A 5/3 coefficient that is known exactly comes as 2 |q| + 1: halving drops the one half.
    """
    if reversible:
        return np.sign(doubled) * (np.abs(doubled) >> 1)
    return doubled * (band.step / 2)
