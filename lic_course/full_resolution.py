"""Pictures of any size: how far each layer looks, and tiles that overlap by exactly that much.

A tile that is cut with its halo gives the same latents as the whole picture, because every output
that is kept sees all the inputs that it would have seen. Only the transforms are tiled; z, means
and scales are small and come from the whole latent, so the file is that of the untiled codec.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor

import numpy as np
from torch import nn

from lic_course.errors import LicError
from lic_course.neural.codec import Model
from lic_course.neural.latent_coders import Latent
from lic_course.neural.layers import GDN, Residual
from lic_course.neural.transforms import PlusLinear, Transform

POINTWISE = (GDN, nn.ReLU, nn.PReLU, nn.LeakyReLU, nn.Identity)
Interval = tuple[int, int]  # first and last index, both included


def inputs_of(module: nn.Module, first: int, last: int) -> Interval:
    """The inputs along one axis that the outputs first ... last depend on.

    Composed from the output backwards; LicError for a layer that sees the whole picture, such as
    global attention: with it no tile can be exact.
    """
    if isinstance(module, nn.Sequential):
        for layer in reversed(module):
            first, last = inputs_of(layer, first, last)
        return first, last
    if isinstance(module, Residual):
        inner = inputs_of(module.body, first, last)
        return min(first, inner[0]), max(last, inner[1])
    if isinstance(module, nn.ConvTranspose2d):
        (k, _), (s, _), (p, _) = module.kernel_size, module.stride, module.padding
        return -((k - 1 - first - p) // s), (last + p) // s
    if isinstance(module, nn.Conv2d):
        (k, _), (s, _), (p, _) = module.kernel_size, module.stride, module.padding
        return first * s - p, last * s - p + k - 1
    if isinstance(module, nn.PixelUnshuffle):
        r = module.downscale_factor
        return first * r, last * r + r - 1
    if isinstance(module, nn.PixelShuffle):
        r = module.upscale_factor
        return floor(first / r), floor(last / r)
    if isinstance(module, POINTWISE):
        return first, last
    raise LicError(f"A layer {type(module).__name__} has no bounded field: it cannot be tiled.")


@dataclass(frozen=True)
class Halo:
    """How many latents a tile needs beside its own: before (top, left) and after."""

    before: int
    after: int


def analysis_halo(transform: Transform) -> Halo:
    """What y needs of its neighborhood, in units of the stride."""
    n = transform.stride
    first, last = _union(inputs_of(branch, 0, 0) for branch in _branches(transform, "g_a", "P"))
    return Halo(-(first // n), last // n)


def synthesis_halo(transform: Transform) -> Halo:
    """Which latents around its own a block of stride x stride pixels is made from."""
    n = transform.stride
    ends = [inputs_of(branch, 0, n - 1) for branch in _branches(transform, "g_s", "Q")]
    first, last = _union(ends)
    return Halo(-first, last)


def _branches(transform: Transform, network: str, linear: str) -> list[nn.Module]:
    paths = [getattr(transform, network)]
    return [*paths, getattr(transform, linear)] if isinstance(transform, PlusLinear) else paths


def _union(intervals) -> Interval:
    firsts, lasts = zip(*intervals, strict=True)
    return min(firsts), max(lasts)


@dataclass(frozen=True)
class Tile:
    """One tile along one axis, in latents: what is kept, and what is computed for it."""

    start: int
    stop: int
    outer_start: int
    outer_stop: int

    @property
    def kept(self) -> slice:
        """The place of what is kept in what is computed."""
        return slice(self.start - self.outer_start, self.stop - self.outer_start)


def tiles(size: int, core: int, halo: Halo) -> Iterator[Tile]:
    """Cover `size` latents by tiles of at most `core`; at the picture's border there is no halo."""
    for start in range(0, size, core):
        stop = min(start + core, size)
        yield Tile(start, stop, max(0, start - halo.before), min(size, stop + halo.after))


def analyze(
    model: Model, image: np.ndarray, level: int, tile: int = 512, halo: Halo | None = None
) -> Latent:
    """The latents of a picture, computed tile by tile; the same as Model.analyze.

    image: uint8 (H, W) or (H, W, 3); an array on disk (np.memmap) is read tile by tile. tile: side
    in pixels, a multiple of the stride. halo: what the transform needs, unless given.
    """
    n, (M, h, w) = model.transform.stride, model.latent_shape(image.shape)
    halo = halo or analysis_halo(model.transform)
    y = np.empty((M, h, w), np.float32)
    for rows in tiles(h, _core(tile, n), halo):
        for columns in tiles(w, _core(tile, n), halo):
            part = np.asarray(
                image[
                    rows.outer_start * n : rows.outer_stop * n,
                    columns.outer_start * n : columns.outer_stop * n,
                ]
            )
            computed = model.latent_of(part, level)
            y[:, rows.start : rows.stop, columns.start : columns.stop] = computed[
                :, rows.kept, columns.kept
            ]
    return Latent(y, model.hyper_latent_of(y))


def synthesize(
    model: Model,
    y_hat: np.ndarray,
    level: int,
    out: np.ndarray,
    tile: int = 512,
    halo: Halo | None = None,
) -> np.ndarray:
    """The picture of a latent, tile by tile, into `out`, uint8 (H, W) or (H, W, 3).

    The same as Model.synthesize to the rounding of floats: where the device sums in another order
    for another size, a pixel may differ by one. `out` may be an array on disk.
    """
    n, (_, h, w) = model.transform.stride, y_hat.shape
    halo = halo or synthesis_halo(model.transform)
    for rows in tiles(h, _core(tile, n), halo):
        for columns in tiles(w, _core(tile, n), halo):
            part = y_hat[
                :, rows.outer_start : rows.outer_stop, columns.outer_start : columns.outer_stop
            ]
            shape = (part.shape[1] * n, part.shape[2] * n, *out.shape[2:])
            pixels = model.synthesize(part, level, shape)
            target = out[rows.start * n : rows.stop * n, columns.start * n : columns.stop * n]
            inner = pixels[rows.kept.start * n :, columns.kept.start * n :]
            target[:] = inner[: target.shape[0], : target.shape[1]]
    return out


def _core(tile: int, stride: int) -> int:
    if tile < stride or tile % stride:
        raise LicError(f"The side of a tile must be a multiple of {stride} pixels, not {tile}.")
    return tile // stride
