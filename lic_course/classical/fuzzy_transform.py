"""The codec of lesson 05: F-transforms on nested partitions, each for what the ones before left.

The nodes of the coarsest partition are 16 pixels apart, those of the finest 1 pixel. Levels on one
partition would collapse to one (see `fuzzy_levels`), so each level here halves the spacing: this is
a Laplacian pyramid whose filters are the hills of a fuzzy partition. On each partition the encoder
repeats the transform `REPEATS` times and sends the sum, which is nearly the least-squares fit.

The hills are triangles. With a spacing of 2^l all their values are multiples of 2^-l, so that the
decoder's arithmetic is exact; the encoder's has no sum whose order a machine could choose.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lic_course.classical.grid_coder import (
    around,
    code_end,
    code_grid,
    code_residuals,
    decoder_for,
    tables,
)
from lic_course.classical.jpeg_planes import planes_to_rgb, rgb_to_planes
from lic_course.codec import Codec
from lic_course.entropy.tables import Coder, Encoder
from lic_course.errors import BitstreamError

SPACINGS = (16, 8, 4, 2, 1)  # pixels between nodes, level by level
STEP_SHARES = (4, 6, 8, 12, 16)  # step of each level, in 1/16 of the finest level's
REPEATS = 4
UNIT = 32  # steps are multiples of 1 / UNIT gray levels
ROUNDING = (0.5, 0.375)  # of the coarsest level, and of the others: these keep more zeros
_UP = 1e-9  # takes exact halves up on every machine


def narrow(f: np.ndarray, spacing: int) -> np.ndarray:
    """The direct F-transform along the first axis, triangles `spacing` = 2^l pixels apart.

    f: (k * spacing + 1, ...) float64. A triangle is put together from narrower ones, l times:
    the one twice as wide is 1/2, 1, 1/2 of its neighbors. Equals the product with `partition`.
    """
    halves = spacing
    while halves > 1:
        middle = f[1::2] / 2
        f = f[::2].copy()
        f[:-1] += middle
        f[1:] += middle
        halves //= 2
    f[1:-1] /= spacing
    f[[0, -1]] /= (spacing + 1) / 2
    return f


def widen(F: np.ndarray, spacing: int) -> np.ndarray:
    """The inverse F-transform along the first axis: nodes (k + 1, ...) to (k * spacing + 1, ...).

    Between two nodes the triangles interpolate, so that halfway lies the mean, l times.
    """
    while spacing > 1:
        f = np.empty((2 * len(F) - 1, *F.shape[1:]))
        f[::2] = F
        f[1::2] = (F[:-1] + F[1:]) / 2
        F = f
        spacing //= 2
    return F


def direct_triangles(f: np.ndarray, spacing: int) -> np.ndarray:
    """The components of a plane (k * spacing + 1, m * spacing + 1): (k + 1, m + 1)."""
    return narrow(narrow(f, spacing).T, spacing).T


def inverse_triangles(F: np.ndarray, spacing: int) -> np.ndarray:
    """The plane (k * spacing + 1, m * spacing + 1) of components (k + 1, m + 1)."""
    return widen(widen(F, spacing).T, spacing).T


def fit_triangles(f: np.ndarray, spacing: int) -> np.ndarray:
    """`REPEATS` levels on one partition, collapsed to one array of components."""
    total = direct_triangles(f, spacing)
    for _ in range(REPEATS - 1 if spacing > 1 else 0):
        total += direct_triangles(f - inverse_triangles(total, spacing), spacing)
    return total


def quantize(F: np.ndarray, step: float, rounding: float) -> np.ndarray:
    """Divide by the step and round up from the fraction 1 - `rounding` on: int64."""
    return np.copysign(np.floor(np.abs(F) / step + rounding + _UP), F).astype(np.int64)


def finest_step(quality: float) -> int:
    """The step of the finest level in 1 / UNIT: 128 gray levels at quality 1, 1 at quality 100."""
    return int(np.rint(UNIT * 2.0 ** (7 * (100 - quality) / 99)))


def steps(finest: int) -> list[float]:
    """The step of each level in gray levels; none is below 1, all are multiples of 2^-9.

    Luma and chroma have the same steps: on three photographs larger ones for chroma lost more PSNR
    over R, G and B than they saved bits.
    """
    return [max(1.0, finest / UNIT * share / 16) for share in STEP_SHARES]


def encode_levels(plane: np.ndarray, level_steps: Sequence[float]) -> list[np.ndarray]:
    """The quantized components of each level, coarsest first: (k + 1, m + 1) int64 each.

    plane: (H, W) uint8. It is continued by its last row and column to whole node spacings. Each
    level transforms what the decoder still misses, the errors of quantization included.
    """
    height, width = plane.shape
    missing = [(0, -(side - 1) % SPACINGS[0]) for side in (height, width)]
    rest = np.pad(plane, missing, mode="edge") - 128.0
    levels = []
    for number, (spacing, step) in enumerate(zip(SPACINGS, level_steps, strict=True)):
        rounding = ROUNDING[min(number, 1)]
        levels.append(quantize(fit_triangles(rest, spacing), step, rounding))
        rest -= inverse_triangles(levels[-1] * step, spacing)
    return levels


def decode_levels(
    levels: Sequence[np.ndarray], level_steps: Sequence[float], shape: tuple[int, int]
) -> np.ndarray:
    """The plane (H, W) uint8 of quantized components: the sum of all inverse transforms.

    One level after the other is added and taken to the next partition, where it stays the same.
    """
    f, before = np.zeros(()), SPACINGS[0]
    for spacing, level, step in zip(SPACINGS, levels, level_steps, strict=True):
        f = inverse_triangles(f, before // spacing) if f.ndim else f
        f, before = f + level * step, spacing
    samples = f[: shape[0], : shape[1]] + (128.5 + _UP)
    return np.clip(samples, 0, 255).astype(np.uint8)


def level_shapes(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """How many nodes each level has, (rows, columns)."""
    counts = [-(-(side - 1) // SPACINGS[0]) for side in shape[:2]]
    return [tuple(n * SPACINGS[0] // spacing + 1 for n in counts) for spacing in SPACINGS]


@dataclass(frozen=True)
class Settings:
    """The segment 'head': the finest step, and which levels of each plane are not all zero."""

    finest: int
    present: tuple[int, ...]  # bit l of each entry: level l

    def to_bytes(self) -> bytes:
        """Two bytes for the step, one for each plane."""
        return self.finest.to_bytes(2, "big") + bytes(self.present)

    @classmethod
    def from_bytes(cls, data: bytes, planes: int) -> "Settings":
        """The inverse of `to_bytes`; raises `BitstreamError`."""
        if len(data) != 2 + planes:
            raise BitstreamError("The segment 'head' has the wrong length: the file is damaged.")
        settings = cls(int.from_bytes(data[:2], "big"), tuple(data[2:]))
        if not UNIT <= settings.finest <= UNIT << 7 or max(settings.present) >> len(SPACINGS):
            raise BitstreamError("The segment 'head' has an impossible step or level.")
        return settings

    def levels(self) -> Iterator[tuple[int, int, bool]]:
        """Plane and level of each grid in the order of the file, and whether it is there."""
        for plane, mask in enumerate(self.present):
            for level in range(len(SPACINGS)):
                yield plane, level, bool(mask >> level & 1)


def code_levels(
    coder: Coder,
    planes: Sequence[Sequence[np.ndarray | None]],
    settings: Settings,
    shapes: Sequence[tuple[int, int]],
    bits: np.ndarray | None = None,
) -> list[list[np.ndarray]]:
    """Write the components of all planes, or read them where `planes` has None.

    bits: float64 of the shape of the coarsest level, to which the cost of each component is added
    at the last node above and left of it. Raises `BitstreamError` when the data are damaged.
    """
    coded = [[] for _ in settings.present]
    for plane, level, is_there in settings.levels():
        shape = shapes[level]
        if is_there:
            cost = None if bits is None else np.zeros(shape)
            grid = _code_level(coder, planes[plane][level], shape, coded[plane], cost)
            if bits is not None:
                bits += _gather(cost, SPACINGS[0] // SPACINGS[level])
        else:
            grid = np.zeros(shape, np.int64)
        coded[plane].append(grid)
    code_end(coder)
    return coded


def _code_level(
    coder: Coder,
    grid: np.ndarray | None,
    shape: tuple[int, int],
    coarser: list[np.ndarray],
    bits: np.ndarray | None,
) -> np.ndarray:
    """The coarsest level by DPCM; the others with the level before as a hint of their sizes."""
    if not coarser:
        return code_grid(coder, grid, shape, bits=bits)
    sizes = np.abs(coarser[-1])
    hint = inverse_triangles(3.0 * sizes + around(np.pad(sizes, 1)) / 4, 2)
    return code_residuals(coder, grid, shape, hint.astype(np.int64), bits)


def _gather(cost: np.ndarray, nodes: int) -> np.ndarray:
    """Sums of `nodes` x `nodes` entries; the last row and column of the result have fewer."""
    first = [np.arange(0, side, nodes) for side in cost.shape]
    return np.add.reduceat(np.add.reduceat(cost, first[0], axis=0), first[1], axis=1)


class FTransform(Codec):
    """Fuzzy transforms on five nested partitions, each coding what the coarser ones left over."""

    name = "ftransform"
    kind = "own"
    lesson = "05"
    quality_help = (
        "the quantizer step, from 128 gray levels down to 1; large steps leave fine levels out"
    )

    def encode(self, image: np.ndarray, quality: float) -> dict[str, bytes]:
        """The segments 'head' (step, levels) and 'data' (components, range coded)."""
        finest = finest_step(quality)
        planes = [image] if image.ndim == 2 else rgb_to_planes(image)
        grids = [encode_levels(plane, steps(finest)) for plane in planes]
        present = (sum(bool(grid.any()) << i for i, grid in enumerate(levels)) for levels in grids)
        settings, encoder = Settings(finest, tuple(present)), Encoder(tables())
        code_levels(encoder, grids, settings, level_shapes(image.shape))
        return {"head": settings.to_bytes(), "data": encoder.finish()}

    def decode(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """Decode the two segments; `BitstreamError` when they are damaged."""
        settings, grids = _read(segments, shape)
        planes = [decode_levels(levels, steps(settings.finest), shape[:2]) for levels in grids]
        return planes[0] if len(planes) == 1 else planes_to_rgb(*planes)

    def bits_per_block(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """Bits spent on the nodes of each 16 x 16 pixels, of all levels and planes."""
        bits = np.zeros(level_shapes(shape)[0])
        _read(segments, shape, bits)
        rows, columns = (max(1, side - 1) for side in bits.shape)
        bits[rows - 1] += bits[rows:].sum(axis=0)  # the nodes on the last row and column
        bits[:, columns - 1] += bits[:, columns:].sum(axis=1)
        return bits[:rows, :columns]


def _read(
    segments: dict[str, bytes], shape: tuple[int, ...], bits: np.ndarray | None = None
) -> tuple[Settings, list[list[np.ndarray]]]:
    """The settings of a file and the components of its planes."""
    if list(segments) != ["head", "data"]:
        raise BitstreamError("A file of ftransform has the segments 'head' and 'data'.")
    count = 3 if len(shape) == 3 else 1
    settings, shapes = Settings.from_bytes(segments["head"], count), level_shapes(shape)
    numbers = sum(
        shapes[level][0] * shapes[level][1] for _, level, there in settings.levels() if there
    )
    decoder = decoder_for(segments["data"], numbers)
    nothing = [[None] * len(SPACINGS)] * count
    grids = code_levels(decoder, nothing, settings, shapes, bits)
    decoder.finish()
    return settings, grids
