"""The codec of parametric blocks: each block is a mean, or a mean and a hyperbolic tangent.

A block of B x B pixels is f^ = mean + half t, where t goes from -1 in one corner to 1 in the
opposite one: a plane or a tanh (see `curve_model`), from a small family that both sides know. The
fit to a family is exact and one matrix product for all blocks, so no iteration is needed here.

Whatever decides is an integer: t in multiples of 1/1024, steps in multiples of 1/16.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from lic_course.classical.curve_model import family
from lic_course.classical.grid_coder import (
    code_end,
    code_grid,
    code_residuals,
    decoder_for,
    tables,
    uniform,
)
from lic_course.classical.jpeg_planes import planes_to_rgb, rgb_to_planes
from lic_course.codec import Codec
from lic_course.entropy.tables import Coder, Encoder
from lic_course.errors import BitstreamError
from lic_course.images import from_blocks, pad_to_multiple, to_blocks

BLOCK_SIZES = (16, 12, 8, 6, 5, 4, 3, 2, 1)
FROM_QUALITY = (1, 8, 16, 24, 31, 37, 45, 55, 72)  # the quality from which each is used
STEP_KNOTS = ((1, 5.3), (55, 3.8), (72, 3.2), (100, 0.0))  # quality, log2 of the step
UNIT = 16  # steps are multiples of 1 / UNIT gray levels
LEVEL = 1024  # t is in multiples of 1 / LEVEL
HALF_SHARE = 1.5  # the step of `half` in steps of the mean: an error of it weighs less
WORTH = 4  # a tanh must take so many squared steps off a block's squared error to be coded


def settings_for(quality: float) -> tuple[int, int]:
    """Block size and step of the mean (in 1 / UNIT gray levels) for a quality from 1 to 100."""
    B = BLOCK_SIZES[bisect_right(FROM_QUALITY, quality) - 1]
    step = 2.0 ** np.interp(quality, *zip(*STEP_KNOTS, strict=True))
    return B, int(np.rint(UNIT * step))


@cache
def shapes(B: int) -> np.ndarray:
    """The surfaces t for blocks of B x B pixels, (m, B * B) int64 in 1 / LEVEL, read-only.

    m is a power of two, larger for larger blocks: 2 x 2 pixels cannot tell a tanh from a plane.
    """
    gains, directions = {2: ((0.0,), 8), 3: ((0.0, 4.0), 8)}.get(B, ((0.0, 4.0), 16))
    if B >= 8:
        gains = (0.0, 2.0, 4.0, 8.0)
    result = np.rint(LEVEL * family(B, gains, directions)).astype(np.int64)
    result.flags.writeable = False
    return result


@dataclass(frozen=True)
class Parameters:
    """Quantized parameters of the blocks of a plane, (rows, columns) int64 each.

    mean: relative to 128; half: zero where the block is flat; shape: an index of `shapes`.
    """

    mean: np.ndarray
    half: np.ndarray
    shape: np.ndarray


def half_step(step: int) -> int:
    """The step of `half` in 1 / UNIT."""
    return int(HALF_SHARE * step)


def fit_blocks(plane: np.ndarray, B: int, step: int) -> Parameters:
    """Fit and quantize all blocks of a plane (H, W) uint8; step in 1 / UNIT.

    The best shape is the one that takes most off the squared error, <f, t>^2 / <t, t>. It is coded
    where, quantized, it takes off at least `WORTH` squared steps. All sums are exact in float64.
    """
    blocks = to_blocks(pad_to_multiple(plane, B), B)
    f = blocks.reshape(*blocks.shape[:2], B * B).astype(np.float64)
    sums = f.sum(axis=-1).astype(np.int64) - 128 * B * B
    mean = round_ratio(UNIT * sums, step * B * B)
    if B == 1:
        return Parameters(mean, np.zeros_like(mean), np.zeros_like(mean))
    t = shapes(B).astype(np.float64)
    products, power = f @ t.T, (t * t).sum(axis=1)
    shape = (products * products / power).argmax(axis=-1)
    product = np.take_along_axis(products, shape[..., None], -1)[..., 0]
    unit = half_step(step) / (UNIT * LEVEL)  # gray levels that one step of half adds per t
    half = np.copysign(np.floor(np.abs(product) / (power[shape] * unit) + 0.5), product)
    gain = 2 * half * unit * product - (half * unit) ** 2 * power[shape]
    half[gain < WORTH * (step / UNIT) ** 2] = 0
    return Parameters(mean, half.astype(np.int64), shape)


def round_ratio(numerator: np.ndarray, denominator: int) -> np.ndarray:
    """Integer division, rounded to the nearest integer, halves up."""
    return (2 * numerator + denominator) // (2 * denominator)


def render(parameters: Parameters, B: int, step: int, shape: tuple[int, int]) -> np.ndarray:
    """The plane (H, W) uint8 that the parameters stand for, in integer arithmetic."""
    z = (parameters.mean * (step * LEVEL))[..., None]
    if B > 1:
        z = z + (parameters.half * half_step(step))[..., None] * shapes(B)[parameters.shape]
    samples = np.clip(round_ratio(z, UNIT * LEVEL) + 128, 0, 255).astype(np.uint8)
    blocks = np.broadcast_to(samples, (*parameters.mean.shape, B * B))
    rows, columns = parameters.mean.shape
    return from_blocks(blocks.reshape(rows, columns, B, B))[: shape[0], : shape[1]].copy()


def code_parameters(
    coder: Coder,
    parameters: Parameters | None,
    B: int,
    grid: tuple[int, int],
    bits: np.ndarray | None = None,
) -> Parameters:
    """Write the parameters of a plane, or read them when they are None.

    Means by DPCM, halves by their neighbors' sizes, the shapes of blocks that are not flat with
    equal probabilities. bits: where to write what each block costs, float64 of the grid's shape.
    """
    mean = code_grid(coder, parameters and parameters.mean, grid, bits=bits)
    half, shape = np.zeros_like(mean), np.zeros_like(mean)
    if B > 1:
        cost = None if bits is None else np.zeros(grid)
        given, hint = parameters and parameters.half, np.zeros_like(mean)
        half = code_residuals(coder, given, grid, hint, cost)
        bent = half != 0
        shape_bits = len(shapes(B)).bit_length() - 1
        wanted = None if parameters is None else parameters.shape[bent]
        shape[bent] = coder.code(wanted, np.full(np.count_nonzero(bent), uniform(shape_bits)))
        if bits is not None:
            bits += cost + shape_bits * bent
        if shape.min() < 0 or shape.max() >= len(shapes(B)):
            raise BitstreamError("The coded blocks are damaged: there is no such shape.")
    return Parameters(mean, half, shape)


def block_sizes(B: int, planes: int) -> list[int]:
    """The block size of each plane: twice as large for chroma."""
    return [B, 2 * B, 2 * B][:planes]


def block_grid(shape: Sequence[int], B: int) -> tuple[int, int]:
    """How many blocks a picture has, (rows, columns)."""
    return -(-shape[0] // B), -(-shape[1] // B)


class Hyperbolic(Codec):
    """Every block is a plane or a tanh-shaped step, described by a mean, a height and a shape."""

    name = "hyperbolic"
    kind = "own"
    lesson = "05"
    quality_help = "block size from 16 down to 1 pixels, and the quantizer step with it"

    def encode(self, image: np.ndarray, quality: float) -> dict[str, bytes]:
        """The segments 'head' (block size, step) and 'data' (parameters, range coded)."""
        B, step = settings_for(quality)
        planes = [image] if image.ndim == 2 else rgb_to_planes(image)
        encoder = Encoder(tables())
        for plane, size in zip(planes, block_sizes(B, len(planes)), strict=True):
            fitted = fit_blocks(plane, size, step)
            code_parameters(encoder, fitted, size, block_grid(image.shape, size))
        code_end(encoder)
        return {"head": bytes([B]) + step.to_bytes(2, "big"), "data": encoder.finish()}

    def decode(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """Decode the two segments; `BitstreamError` when they are damaged."""
        step, sizes, planes, _ = _read(segments, shape, count_bits=False)
        rendered = [
            render(parameters, B, step, shape[:2])
            for B, parameters in zip(sizes, planes, strict=True)
        ]
        return rendered[0] if len(rendered) == 1 else planes_to_rgb(*rendered)

    def bits_per_block(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """Bits spent on each block of luma; those of chroma are divided among its blocks."""
        bits, *chroma = _read(segments, shape, count_bits=True)[3]
        for twice in chroma:
            over = [np.repeat(np.arange(-(-side // 2)), 2)[:side] for side in bits.shape]
            share = np.outer(*(1 / np.bincount(places) for places in over))
            bits = bits + (twice * share)[np.ix_(*over)]
        return bits


def _read(
    segments: dict[str, bytes], shape: tuple[int, ...], count_bits: bool
) -> tuple[int, list[int], list[Parameters], list[np.ndarray | None]]:
    """Step, and for each plane its block size, parameters, and bits of its blocks if asked for."""
    B, step = _read_head(segments)
    sizes = block_sizes(B, 3 if len(shape) == 3 else 1)
    grids = [block_grid(shape, size) for size in sizes]
    numbers = sum(
        rows * columns * (1 if size == 1 else 2)
        for size, (rows, columns) in zip(sizes, grids, strict=True)
    )
    decoder = decoder_for(segments["data"], numbers)
    bits = [np.zeros(grid) if count_bits else None for grid in grids]
    planes = [
        code_parameters(decoder, None, size, grid, cost)
        for size, grid, cost in zip(sizes, grids, bits, strict=True)
    ]
    code_end(decoder)
    decoder.finish()
    return step, sizes, planes, bits


def _read_head(segments: dict[str, bytes]) -> tuple[int, int]:
    if list(segments) != ["head", "data"] or len(segments["head"]) != 3:
        raise BitstreamError("A file of hyperbolic has the segments 'head' (3 bytes) and 'data'.")
    B, step = segments["head"][0], int.from_bytes(segments["head"][1:], "big")
    if B not in BLOCK_SIZES or not UNIT <= step <= 64 * UNIT:
        raise BitstreamError("The segment 'head' has an impossible block size or step.")
    return B, step
