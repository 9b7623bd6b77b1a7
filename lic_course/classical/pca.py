"""A codec of principal components: 8 x 8 blocks in axes fitted to the picture, which go with it.

The DCT is known to every decoder; a KLT is not. So the file holds, besides the quantized scores:

    the mean color and the color axes, 3 x 3     in whole gray levels, and in multiples of 1/127
    the mean block                               in whole gray levels
    the block axes                               in multiples of `delta`, after a DCT of each axis
        full: V (64, K), any axes, or
        separable: V = A x B, with A and B (8, 8): 128 numbers instead of 64 K

Rounded axes are not quite orthonormal. The encoder knows them and computes the scores that fit them
(the pseudo-inverse), so that the rounding costs some bits, but no quality.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lic_course import images
from lic_course.classical.component_coder import (
    code_in_classes,
    decode_planes,
    encode_planes,
    from_differences,
    to_differences,
)
from lic_course.classical.dct import dct_matrix
from lic_course.classical.jpeg_planes import strips
from lic_course.classical.jpeg_tables import ZIGZAG
from lic_course.classical.karhunen_loeve import axes_of, fit_pca
from lic_course.classical.laplace_tables import laplace_tables, quantize
from lic_course.codec import Codec
from lic_course.entropy.tables import Coder, Decoder, Encoder, bit_length
from lic_course.errors import BitstreamError

N = 8  # side of a block
COARSEST, FINEST = 200.0, 1.0  # the steps at quality 1 and 100
HEAD = struct.Struct(">HBB")  # step in 1/256; delta_bits; K, or 0 for separable axes
KINDS = ("full", "separable")
COLOR_UNIT = 1 / 127
FINEST_BITS = 12
MEAN_TABLE, PARTS_TABLE = 20, 16  # first guesses
_UP = 1e-9  # halves always go up (see jpeg_blocks)


@dataclass(frozen=True)
class Axes:
    """What a decoder must know before the first score; everything in it is an integer."""

    step: int  # of the scores, in 1/256
    delta_bits: int  # the axes are multiples of delta = 2**-delta_bits
    K: int  # number of axes, 0 for separable ones
    color: np.ndarray  # (4, 3): the mean color, then the axes in rows; (0, 3) for gray
    mean: np.ndarray  # (64,) the mean block of the first plane
    parts: np.ndarray  # DCT of V in zigzag order, (64, K), or of A and B, one below the other

    @property
    def V(self) -> np.ndarray:
        """The axes in the columns, (64, K)."""
        C, delta = dct_matrix(N), 2.0**-self.delta_bits
        if self.K:
            return np.kron(C, C)[ZIGZAG].T @ (self.parts * delta)
        A, B = C.T @ (self.parts.reshape(2, N, N) * delta)
        return np.kron(A, B)[:, ZIGZAG]


def encode_pca(image: np.ndarray, step: float, kind: str = "best") -> dict[str, bytes]:
    """Code a picture with quantizer step `step` (1/256 to 255) as the segments 'axes' and 'scores'.

    kind: "full" or "separable" axes, or "best": both, and the smaller D + lambda R, all bytes
    counted. image: uint8, (H, W, 3) or (H, W).
    """
    step = max(1, round(step * 256))
    trials = [_encode(image, step, each) for each in (KINDS if kind == "best" else (kind,))]
    return min(trials, key=lambda trial: trial[1])[0]


def _encode(image: np.ndarray, step: int, kind: str) -> tuple[dict[str, bytes], float]:
    """The segments, and D + lambda R with lambda = step**2 ln(2) / 6, right at high rate."""
    color, planes = _to_planes(image)
    blocks = [_to_samples(plane) for plane in planes]
    axes = _fit_axes(blocks, step, kind, color)
    q = _analyze(blocks, axes)
    if axes.K:  # axes without a score need not be sent
        K = max(1, *(1 + int(np.flatnonzero(plane.any(axis=0)).max(initial=0)) for plane in q))
        axes = replace(axes, K=K, parts=axes.parts[:, :K])
        q = _analyze(blocks, axes)
    scores = encode_planes([plane.reshape(*_grid(image.shape), -1) for plane in q])
    segments = {"axes": _write_axes(axes), "scores": scores}
    distortion = sum(
        np.sum((x - _synthesize(plane, axes, p)) ** 2)
        for p, (x, plane) in enumerate(zip(blocks, q, strict=True))
    )
    bits = 8 * sum(map(len, segments.values()))
    return segments, distortion + (step / 256) ** 2 * np.log(2) / 6 * bits


def _to_planes(image: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """The color axes as `Axes` holds them, and the planes along them, float64."""
    if image.ndim == 2:
        return np.zeros((0, 3), np.int32), [image.astype(np.float64)]
    pca = fit_pca(image.reshape(-1, 3))
    color = np.rint(np.vstack([pca.mu, pca.V.T / COLOR_UNIT])).astype(np.int32)
    flat = (image.reshape(-1, 3) - color[0]) @ np.linalg.pinv(color[1:] * COLOR_UNIT)
    return color, list(np.moveaxis(flat.reshape(image.shape), -1, 0))


def _to_samples(plane: np.ndarray) -> np.ndarray:
    """The 8 x 8 blocks of a plane as rows, (n, 64), padded by repeating the border."""
    return images.to_blocks(images.pad_to_multiple(plane, N), N).reshape(-1, N * N)


def _fit_axes(blocks: Sequence[np.ndarray], step: int, kind: str, color: np.ndarray) -> Axes:
    """Fit the axes to the blocks of all planes together, and round them."""
    mean = np.rint(blocks[0].mean(axis=0)).astype(np.int32)
    centered = [blocks[0] - mean, *blocks[1:]]
    C = dct_matrix(N)
    if kind == "separable":
        K, squares = 0, np.concatenate(centered).reshape(-1, N, N)
        flat = squares.swapaxes(1, 2).reshape(-1, N), squares.reshape(-1, N)
        parts = np.vstack([C @ axes_of(x.T @ x, np.zeros(N)).V for x in flat])
        strongest = np.sum(squares**2) / len(squares)
    else:
        K, S = N * N, sum(x.T @ x for x in centered) / len(blocks[0])
        pca = axes_of(S, mean)
        parts, strongest = np.kron(C, C)[ZIGZAG] @ pca.V, pca.variances[0]
    delta_bits = _delta_bits(step / 256, strongest)
    return Axes(step, delta_bits, K, color, mean, np.rint(parts * 2**delta_bits).astype(np.int32))


def _delta_bits(step: float, strongest: float) -> int:
    """How finely to round the axes.

    An error of delta in an axis lets delta times the strongest component leak into it. That
    should stay near the error that the quantizer makes there anyway: delta = 2 step / sigma.
    """
    return int(np.clip(np.ceil(np.log2(np.sqrt(strongest) / step / 2 + 1e-9)), 4, FINEST_BITS))


def _analyze(blocks: Sequence[np.ndarray], axes: Axes) -> list[np.ndarray]:
    """The quantized scores of the blocks of each plane, (n, K) int32."""
    dual = np.linalg.pinv(axes.V, rcond=0.05).T
    centered = [blocks[0] - axes.mean, *blocks[1:]]
    return [quantize(x @ dual, axes.step / 256) for x in centered]


def _synthesize(q: np.ndarray, axes: Axes, plane: int) -> np.ndarray:
    """Blocks (n, 64) of one of the planes from quantized scores (n, K)."""
    x = (q.reshape(-1, q.shape[-1]) * (axes.step / 256)) @ axes.V.T
    return x + axes.mean if plane == 0 else x


def _write_axes(axes: Axes) -> bytes:
    color = axes.color[:1].astype(np.uint8).tobytes() + axes.color[1:].astype(np.int8).tobytes()
    coder = Encoder(laplace_tables())
    _walk(coder, axes.K, axes.mean, axes.parts)
    return HEAD.pack(axes.step, axes.delta_bits, axes.K) + color + coder.finish()


def _read_axes(data: bytes, is_color: bool) -> Axes:
    start = HEAD.size + 12 * is_color
    if len(data) < start:
        raise BitstreamError("The pca file has no complete axes: it is damaged.")
    step, delta_bits, K = HEAD.unpack_from(data)
    if step == 0 or delta_bits > FINEST_BITS or K > N * N:
        raise BitstreamError("The pca file says impossible things of its axes: it is damaged.")
    mean_color = np.frombuffer(data, np.uint8, 3 * is_color, HEAD.size)
    color_axes = np.frombuffer(data, np.int8, 9 * is_color, start - 9 * is_color)
    color = np.concatenate([mean_color, color_axes.astype(np.int32)]).reshape(-1, 3)
    coder = Decoder(laplace_tables(), data[start:])
    mean, parts = _walk(coder, K)
    coder.finish()
    return Axes(step, delta_bits, K, color, mean, parts)


def _walk(
    coder: Coder, K: int, mean: np.ndarray | None = None, parts: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Code the mean block and the axes, or decode them where they are None.

    Like the axes of most pictures, in decreasing variance, are the cosines in the zigzag order, so
    that the large numbers lie near the diagonal: their class is how far away from it they are.
    """
    change = None if mean is None else to_differences(mean.reshape(N, N))
    change, _ = code_in_classes(coder, change, np.zeros((N, N), int), np.array([MEAN_TABLE]))
    rows, columns = np.indices((N * N, K) if K else (2 * N, N))
    distance = np.abs(rows % (N * N if K else N) - columns)
    guess = np.full(7, PARTS_TABLE)
    parts, _ = code_in_classes(coder, parts, bit_length(distance), guess)
    return from_differences(change).ravel(), parts


class PcaCodec(Codec):
    """Block KLT: axes fitted to the picture and stored with it, scores by a context model."""

    name = "pca"
    kind = "own"
    lesson = "04"
    quality_help = "the quantizer step of all scores, from 200 (quality 1) down to 1 (100)"

    def encode(self, image: np.ndarray, quality: float) -> dict[str, bytes]:
        """The segments 'axes' and 'scores'."""
        return encode_pca(image, step_of(quality))

    def decode(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """Decode both segments; `BitstreamError` when they are damaged."""
        axes, q = _read(segments, shape)
        rows, columns = q[0].shape[:2]
        image = np.empty((rows * N, columns * N, len(q)), np.uint8)
        for strip in strips((rows * N, columns * N), N):
            part = slice(strip.start // N, strip.stop // N)
            image[strip] = _to_pixels([plane[part] for plane in q], axes)
        return np.ascontiguousarray(image[: shape[0], : shape[1]].reshape(shape))

    def bits_per_block(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """Bits of the scores of each 8 x 8 pixels; those of the axes belong to no block."""
        bits = np.zeros(_grid(shape))
        _read(segments, shape, bits)
        return bits


def step_of(quality: float) -> float:
    """The quantizer step of a quality from 1 to 100: equal ratios from 200 down to 1."""
    return COARSEST * (FINEST / COARSEST) ** ((quality - 1) / 99)


def _grid(shape: tuple[int, ...]) -> tuple[int, int]:
    return -(-shape[0] // N), -(-shape[1] // N)


def _read(
    segments: dict[str, bytes], shape: tuple[int, ...], bits: np.ndarray | None = None
) -> tuple[Axes, list[np.ndarray]]:
    """The axes and the quantized scores (rows, columns, K) of each plane."""
    if list(segments) != ["axes", "scores"]:
        raise BitstreamError("A pca file has the segments 'axes' and 'scores'.")
    axes = _read_axes(segments["axes"], len(shape) == 3)
    shapes = [(*_grid(shape), axes.K or N * N)] * (3 if len(shape) == 3 else 1)
    return axes, decode_planes(segments["scores"], shapes, bits)


def _to_pixels(q: Sequence[np.ndarray], axes: Axes) -> np.ndarray:
    """Pixels (rows * 8, columns * 8, planes) uint8 of some rows of blocks."""
    planes = [
        images.from_blocks(_synthesize(plane, axes, p).reshape(*plane.shape[:2], N, N))
        for p, plane in enumerate(q)
    ]
    x = np.stack(planes, axis=-1)
    if len(axes.color):
        x = x @ (axes.color[1:] * COLOR_UNIT) + axes.color[0]
    return np.clip(np.floor(x + 0.5 + _UP), 0, 255).astype(np.uint8)
