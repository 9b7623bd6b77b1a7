"""From a plane of samples to quantized blocks, and back: the lossy part of JPEG."""

import numpy as np

from lic_course.classical.dct import dct2, idct2
from lic_course.classical.jpeg_frame import BLOCK, Component, Frame, to_mcus
from lic_course.classical.jpeg_planes import strips
from lic_course.classical.jpeg_tables import unzigzag, zigzag
from lic_course.images import from_blocks, pad_to_multiple, to_blocks

# Exact halves are frequent (a flat block has a DC of n / 8), and floats may miss them by 1e-13 on
# one machine and not on another: this much more always takes them up.
_UP = 1e-9


def quantize(coefficients: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Divide coefficients (..., 8, 8) by their steps (8, 8) and round, halves away from zero."""
    ratio = coefficients / steps
    return np.trunc(ratio + np.copysign(0.5 + _UP, ratio)).astype(np.int16)


def dequantize(quantized: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Multiply quantized coefficients (..., 8, 8) by their steps: where the decoder puts them."""
    return quantized * steps.astype(np.float64)


def plane_to_grid(plane: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Quantized blocks of a plane (H, W) uint8: (rows, columns, 64) int16 in zigzag order."""
    blocks = to_blocks(pad_to_multiple(plane, BLOCK), BLOCK)
    return zigzag(quantize(dct2(blocks - 128.0), steps))


def grid_to_plane(grid: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The plane, in whole blocks, that quantized blocks (rows, columns, 64) stand for."""
    rows, columns = grid.shape[:2]
    plane = np.empty((rows * BLOCK, columns * BLOCK), np.uint8)
    for strip in strips(plane.shape, BLOCK):
        part = grid[strip.start // BLOCK : strip.stop // BLOCK]
        samples = idct2(dequantize(unzigzag(part), steps))
        samples += 128.5 + _UP
        plane[strip] = from_blocks(np.clip(samples, 0, 255))
    return plane


def grid_to_mcus(grid: np.ndarray, frame: Frame, component: Component) -> np.ndarray:
    """Blocks of a component in the order of the file, with dummies where an MCU needs more.

    A dummy has the DC of the block before it and nothing else: the cheapest block there is.
    """
    rows, columns = frame.padded_grid(component)
    padding = (0, rows - grid.shape[0]), (0, columns - grid.shape[1])
    mcus = to_mcus(np.pad(grid, (*padding, (0, 0))), component)
    is_dummy = to_mcus(
        np.pad(np.zeros(grid.shape[:2], bool), padding, constant_values=True), component
    )
    for slot in range(1, component.h * component.v):
        where = is_dummy[:, slot]
        mcus[where, slot, 0] = mcus[where, slot - 1, 0]
    return mcus


def spread_over_mcus(frame: Frame, bits: list[np.ndarray]) -> np.ndarray:
    """Bits spent on each block of the first component, (rows, columns) float64.

    bits: for each component, the bits of each block. The bits of the other components, and of dummy
    blocks, are divided equally among the blocks of their MCU, so the sum stays that of the scan.
    """
    first = frame.components[0]
    rows, columns = frame.block_grid(first)
    total = np.zeros(frame.mcu_grid)
    for component, spent in zip(frame.components, bits, strict=True):
        total += _mcu_sums(spent, frame, component)
    real = bits[0][:rows, :columns]
    rest = total - _mcu_sums(real, frame, first)
    share = rest / _mcu_sums(np.ones(real.shape), frame, first)
    return real + share.repeat(first.v, axis=0).repeat(first.h, axis=1)[:rows, :columns]


def _mcu_sums(grid: np.ndarray, frame: Frame, component: Component) -> np.ndarray:
    """Sum of the entries of a grid of blocks in each MCU: (MCU rows, MCU columns)."""
    rows, columns = frame.padded_grid(component)
    padded = np.pad(grid, ((0, rows - grid.shape[0]), (0, columns - grid.shape[1])))
    return to_mcus(padded, component).sum(axis=1).reshape(frame.mcu_grid)
