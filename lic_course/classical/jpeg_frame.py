"""The geometry of a JPEG picture: planes of different size, their blocks, and the order of blocks.

The blocks of all components that cover the same rectangle form one MCU (minimum coded unit). With
4:2:0 chroma it is 16 x 16 pixels: four blocks of Y, one of Cb, one of Cr, in this order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

BLOCK = 8
LUMA_FACTORS = {"4:4:4": (1, 1), "4:2:0": (2, 2)}  # horizontal and vertical samples of Y per Cb


@dataclass(frozen=True)
class Component:
    """One plane: its name in the file, sampling factors h x v, number of its quantization table."""

    identifier: int
    h: int
    v: int
    quantization: int


@dataclass(frozen=True)
class Frame:
    """Size of the picture in pixels and its components."""

    height: int
    width: int
    components: tuple[Component, ...]

    @cached_property
    def h_max(self) -> int:
        """The largest horizontal sampling factor: the width of an MCU in blocks."""
        return max(component.h for component in self.components)

    @cached_property
    def v_max(self) -> int:
        """The largest vertical sampling factor: the height of an MCU in blocks."""
        return max(component.v for component in self.components)

    @property
    def mcu_grid(self) -> tuple[int, int]:
        """Rows and columns of MCUs that cover the picture."""
        return -(-self.height // (BLOCK * self.v_max)), -(-self.width // (BLOCK * self.h_max))

    def plane_shape(self, component: Component) -> tuple[int, int]:
        """Height and width of a component in samples."""
        height = -(-self.height * component.v // self.v_max)
        return height, -(-self.width * component.h // self.h_max)

    def block_grid(self, component: Component) -> tuple[int, int]:
        """Rows and columns of blocks that the samples of a component need."""
        height, width = self.plane_shape(component)
        return -(-height // BLOCK), -(-width // BLOCK)

    def padded_grid(self, component: Component) -> tuple[int, int]:
        """Rows and columns of blocks in whole MCUs: at the right and bottom some may be dummies."""
        rows, columns = self.mcu_grid
        return rows * component.v, columns * component.h


def slots(components: Sequence[Component]) -> tuple[int, ...]:
    """For each block of an MCU, in the order of the file, the index of its component."""
    return tuple(
        index
        for index, component in enumerate(components)
        for _ in range(component.h * component.v)
    )


def make_frame(shape: tuple[int, ...], subsampling: str) -> Frame:
    """The frame of a picture of this shape: one component when gray, else Y, Cb and Cr."""
    height, width = shape[:2]
    if len(shape) == 2:
        return Frame(height, width, (Component(1, 1, 1, 0),))
    luma = Component(1, *LUMA_FACTORS[subsampling], 0)
    return Frame(height, width, (luma, Component(2, 1, 1, 1), Component(3, 1, 1, 1)))


def to_mcus(grid: np.ndarray, component: Component) -> np.ndarray:
    """A component's blocks (rows, columns, ...) in the order of the file: (MCUs, h v, ...)."""
    rows, columns = grid.shape[0] // component.v, grid.shape[1] // component.h
    parts = grid.reshape(rows, component.v, columns, component.h, *grid.shape[2:]).swapaxes(1, 2)
    return parts.reshape(rows * columns, component.v * component.h, *grid.shape[2:])


def from_mcus(blocks: np.ndarray, component: Component, mcu_grid: tuple[int, int]) -> np.ndarray:
    """The inverse of `to_mcus`: (MCUs, h v, ...) to (rows, columns, ...)."""
    rows, columns = mcu_grid
    rest = blocks.shape[2:]
    parts = blocks.reshape(rows, columns, component.v, component.h, *rest).swapaxes(1, 2)
    return parts.reshape(rows * component.v, columns * component.h, *rest)
