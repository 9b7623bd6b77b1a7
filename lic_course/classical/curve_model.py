"""Blocks as surfaces of a few numbers: the plane, and the hyperbolic tangent that bends to an edge.

    z(x, y) = a + b s(x, y)        s = (1 + tanh(k T) / tanh(3 k / 4)) / 2
    T(x, y) = 2 (c u_x + d u_y)    c + d = 1/2,  u from -3/4 to 3/4 over the block

As in the paper, x counts rows and y counts columns.

s rises from 0 at one corner to 1 at the opposite one; for k -> 0 it is a plane, for large k a step.
Source: W. Khalaf, D. Zaghar and N. Hashim, "Enhancement of curve-fitting image compression using
hyperbolic function", Symmetry 11:291, 2019. The equation of its surface was not at hand: the one
above is ours and has the properties that the paper's formulas ask for.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

EDGE = 0.75  # u at the border of a block


def axis(B: int) -> np.ndarray:
    """The coordinate u of B pixels, from -3/4 to 3/4: (B,)."""
    return np.linspace(-EDGE, EDGE, B) if B > 1 else np.zeros(1)


def surface(B: int, c: float, k: float, flip: bool = False) -> np.ndarray:
    """The surface s of B x B pixels: (B, B) float64 from 0 to 1; c from 0 to 1/2, d = 1/2 - c.

    flip: mirrored left to right, for surfaces that rise to the lower left.
    """
    u_y = -axis(B) if flip else axis(B)
    T = 2 * (c * axis(B)[:, None] + (0.5 - c) * u_y[None, :])
    return (1 + (np.tanh(k * T) / np.tanh(EDGE * k) if k else T / EDGE)) / 2


@dataclass(frozen=True)
class Start:
    """The corner formulas of the paper for one block: a, b, c, and the flips that they ask for."""

    a: float
    b: float
    c: float
    flip_x: bool
    flip_y: bool


def corner_start(block: np.ndarray) -> Start:
    """Parameters from the four corners alone, for a block (B, B).

    The block is flipped until its smallest corner is the first one; c is clamped to 0 ... 1/2.
    """
    corners = np.asarray(block, np.float64)[[0, 0, -1, -1], [0, -1, 0, -1]].reshape(2, 2)
    flip_x, flip_y = np.unravel_index(corners.argmin(), (2, 2))
    t = corners[:: -1 if flip_x else 1, :: -1 if flip_y else 1]
    a, b = t[0, 0], t[1, 1] - t[0, 0]
    c = ((t[1, 0] - t[0, 0]) + (t[1, 1] - t[0, 1])) / (4 * b + 1)
    return Start(a, b, float(np.clip(c, 0, 0.5)), bool(flip_x), bool(flip_y))


def corner_fit(blocks: np.ndarray, k: float = 4.0) -> np.ndarray:
    """Surfaces through the corners, with no fit at all: (n, B, B) of blocks (n, B, B).

    As in the paper, the pixels are first clamped to the range of the corners; that leaves the
    corners alone, and so this surface.
    """
    B = blocks.shape[-1]
    z = np.empty(blocks.shape)
    for number, block in enumerate(blocks):
        start = corner_start(block)
        fitted = start.a + start.b * surface(B, start.c, k)
        z[number] = fitted[:: -1 if start.flip_x else 1, :: -1 if start.flip_y else 1]
    return z


def plane_fit(blocks: np.ndarray) -> np.ndarray:
    """The plane of least squared error of each block: (n, B, B) of blocks (n, B, B)."""
    B = blocks.shape[-1]
    u = axis(B)
    power = max(B * float(u @ u), 1e-300)  # a block of one pixel has no slope
    means = blocks.mean(axis=(1, 2))[:, None, None]
    slope_x = (u @ blocks).sum(axis=1)[:, None, None] / power
    slope_y = (blocks @ u).sum(axis=1)[:, None, None] / power
    return means + slope_x * u[:, None] + slope_y * u[None, :]


@cache
def family(B: int, gains: tuple[float, ...], directions: int) -> np.ndarray:
    """Surfaces of mean zero, 2 s - 1, gain by gain: (gains * directions, B * B), read-only.

    The directions go half around, right, down and nearly left; b may be negative for the rest.
    """
    shapes = []
    for k in gains:
        for number in range(directions):
            turn = 2 * number / directions  # 0 right, 1 down, 2 left
            shapes.append(2 * surface(B, (1 - abs(1 - turn)) / 2, k, flip=turn > 1) - 1)
    result = np.array(shapes).reshape(len(shapes), B * B)
    result.flags.writeable = False
    return result


@dataclass(frozen=True)
class Fit:
    """Fitted surfaces of n blocks: z = mean + half (2 s - 1), so a = mean - half, b = 2 half.

    surfaces: (n, B, B); sse: the squared error of each block, (n,).
    """

    mean: np.ndarray
    half: np.ndarray
    surfaces: np.ndarray
    sse: np.ndarray


def family_fit(blocks: np.ndarray, shapes: np.ndarray) -> tuple[Fit, np.ndarray]:
    """For each block the best of a family of shapes (m, B * B), and the index of the shape.

    The shapes have mean zero, so that for each the least-squares mean is that of the block and
    the least-squares half is <f, t> / <t, t>; it takes <f, t>^2 / <t, t> off the squared error.
    """
    flat = blocks.reshape(len(blocks), -1).astype(np.float64)
    mean = flat.mean(axis=1)
    products, power = flat @ shapes.T, np.maximum((shapes**2).sum(axis=1), 1e-300)
    best = (products**2 / power).argmax(axis=1)
    half = products[np.arange(len(flat)), best] / power[best]
    z = mean[:, None] + half[:, None] * shapes[best]
    sse = ((flat - z) ** 2).sum(axis=1)
    return Fit(mean, half, z.reshape(blocks.shape), sse), best


def hyperbolic_fit(blocks: np.ndarray, iterations: int = 40) -> Fit:
    """The least-squares surface m + p tanh(g_x u_x + g_y u_y) of each block, all at once.

    blocks: (n, B, B). Levenberg-Marquardt: each block has a damping of its own, which shrinks
    after a step that helped and grows after one that did not, and such a step is not taken. The
    start is the best of a family of 64 shapes. p tanh is half (2 s - 1) with k = |g_x| + |g_y|.
    Source: D. W. Marquardt, "An algorithm for least-squares estimation", 1963.
    """
    B = blocks.shape[-1]
    flat = blocks.reshape(len(blocks), -1).astype(np.float64)
    u = np.stack([np.repeat(axis(B), B), np.tile(axis(B), B)])  # u_x and u_y of each pixel
    theta = _first_guess(blocks)
    damping = np.full(len(flat), 1e-2)
    residual = flat - _tanh_surface(theta, u)
    sse = (residual**2).sum(axis=1)
    for _ in range(iterations):
        trial = theta + _step(theta, residual, u, damping)
        trial_residual = flat - _tanh_surface(trial, u)
        trial_sse = (trial_residual**2).sum(axis=1)
        better = trial_sse < sse
        theta[better], residual[better] = trial[better], trial_residual[better]
        sse = np.minimum(sse, trial_sse)
        damping = np.clip(np.where(better, damping / 5, damping * 4), 1e-9, 1e9)
    half = theta[:, 1] * np.tanh(EDGE * np.abs(theta[:, 2:]).sum(axis=1))
    return Fit(theta[:, 0], half, (flat - residual).reshape(blocks.shape), sse)


GAINS = (0.5, 2.0, 4.0, 8.0)  # 0.5 is nearly a plane, and has a slope to descend along
DIRECTIONS = 16


def _first_guess(blocks: np.ndarray) -> np.ndarray:
    fit, best = family_fit(blocks, family(blocks.shape[-1], GAINS, DIRECTIONS))
    k = np.array(GAINS)[best // DIRECTIONS]
    turn = 2 * (best % DIRECTIONS) / DIRECTIONS
    p = fit.half / np.tanh(EDGE * k)
    return np.stack([fit.mean, p, k * (1 - np.abs(1 - turn)), k * (1 - turn)], axis=1)


def _tanh_surface(theta: np.ndarray, u: np.ndarray) -> np.ndarray:
    return theta[:, :1] + theta[:, 1:2] * np.tanh(theta[:, 2:] @ u)


def _step(
    theta: np.ndarray, residual: np.ndarray, u: np.ndarray, damping: np.ndarray
) -> np.ndarray:
    """(J^T J + damping diag(J^T J)) step = J^T residual, for each block."""
    tanh = np.tanh(theta[:, 2:] @ u)
    bend = theta[:, 1:2] * (1 - tanh**2)
    J = np.stack([np.ones_like(tanh), tanh, bend * u[0], bend * u[1]], axis=1)
    normal = J @ J.swapaxes(1, 2)
    diagonal = np.einsum("nii->ni", normal)
    diagonal += damping[:, None] * diagonal + 1e-9
    return np.linalg.solve(normal, (J @ residual[:, :, None]))[:, :, 0]
