"""Context models in use: integers only, and the same latents by any schedule that fits the mask.

The hyperprior predicts a mean and a scale for each element; the context moves both, by integers
computed from decoded neighbors. Since y_hat lies on the grid around the hyperprior's mean, which
needs no context, an encoder computes everything in one pass, and a decoder step by step.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import ndtr
from threadpoolctl import threadpool_limits

from lic_course.entropy.tables import Coder, FrequencyTables
from lic_course.errors import BitstreamError
from lic_course.neural import schedules
from lic_course.neural.context import SEEN_MAX, SpatialContext
from lic_course.neural.exact import EXACT, SHIFT, IntegerNetwork, activation_step
from lic_course.neural.gates import Gain
from lic_course.neural.latent_coders import (
    GRID,
    LONGEST,
    TAIL,
    Coded,
    HyperpriorCoder,
    Latent,
    round_latent,
)
from lic_course.neural.priors import INDEX_UNIT, SCALES, scale_of
from lic_course.neural.schedules import Step

PHASES = 8  # the context moves means by eighths
SEEN = int(SEEN_MAX) * GRID  # the largest value that the context sees, in sixteenths
CHUNK = 4096  # positions computed at once when all are known
FLOAT32_EXACT = 2.0**24


@dataclass
class PointLayer:
    """One matrix of integers: floor((a W' + b) m / 2**24 + 1/2), clipped to low ... high.

    W: (out, in), b and m: (out,), integers in float64. a_max: the largest |a| at the input, from
    which follows whether float32 is exact for the sums (below 2**24) or float64 is needed.
    """

    W: np.ndarray
    b: np.ndarray
    m: np.ndarray
    low: int
    high: int
    a_max: int

    def __post_init__(self) -> None:
        worst = float((np.abs(self.W).sum(axis=1) * self.a_max + np.abs(self.b)).max())
        if worst * float(np.abs(self.m).max()) + 2.0**SHIFT >= EXACT:
            raise BitstreamError("An integer network could leave the exact range: do not use it.")
        self.dtype = np.float32 if worst < FLOAT32_EXACT else np.float64
        self.fast = np.ascontiguousarray(self.W.T, dtype=self.dtype)

    def __call__(self, a: np.ndarray) -> np.ndarray:
        """From integers (K, in) to integers (K, out), as floats."""
        acc = (a.astype(self.dtype, copy=False) @ self.fast).astype(np.float64)
        v = np.floor(((acc + self.b) * self.m + 2.0 ** (SHIFT - 1)) / 2.0**SHIFT)
        return np.clip(v, self.low, self.high)

    @classmethod
    def from_floats(
        cls,
        W: np.ndarray,
        b: np.ndarray,
        steps: tuple[np.ndarray, np.ndarray | float],
        limits: tuple[int, int],
        a_max: int,
        weight_max: int = 127,
    ) -> "PointLayer":
        """Quantize a matrix; steps: what 1 means at each input, (in,), and at each output."""
        effective = W.astype(np.float64) * steps[0]
        w = np.maximum(np.abs(effective).max(axis=1), 1e-12) / weight_max
        m = np.round(w / steps[1] * 2.0**SHIFT)
        while (m < 1).any():  # too weak a channel: coarser weights
            w = np.where(m < 1, 2 * w, w)
            m = np.round(w / steps[1] * 2.0**SHIFT)
        return cls(np.round(effective / w[:, None]), np.round(b / w), m, *limits, a_max)

    def arrays(self, prefix: str) -> dict[str, np.ndarray]:
        """All that a weights file must hold."""
        return {
            f"{prefix}.W": self.W.astype(np.int16),
            f"{prefix}.b": self.b.astype(np.int64),
            f"{prefix}.m": self.m.astype(np.int64),
            f"{prefix}.how": np.array([self.low, self.high, self.a_max], np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray], prefix: str) -> "PointLayer":
        """The layer that `arrays` wrote."""
        try:
            W, b, m = (arrays[f"{prefix}.{key}"].astype(np.float64) for key in ("W", "b", "m"))
            return cls(W, b, m, *arrays[f"{prefix}.how"].tolist())
        except (KeyError, TypeError) as error:
            raise BitstreamError(f"The integer layer {prefix!r} is incomplete.") from error


class SpatialContextCoder(HyperpriorCoder):
    """Codes y step by step, each position with what is known of its neighborhood.

    kind: "raster" or "checkerboard", as in SpatialContext. `schedule` may be exchanged for any that
    respects the mask: the latents stay the same, and the file too as long as both sides agree.
    """

    def __init__(
        self, base: HyperpriorCoder, y_tables: FrequencyTables, kind: str, layers: list[PointLayer]
    ) -> None:
        super().__init__(base.z_tables, y_tables, base.h_s, base.shifts)
        self.trunk, self.head = split_network(self.h_s)
        self.kind, self.layers = kind, layers
        self.taps = _taps(kind)
        self.schedule: Callable[[int, int, int], list[Step]] = (
            schedules.wavefront if kind == "raster" else schedules.checkerboard
        )

    def code(
        self,
        coders: dict[str, Coder],
        shape: tuple[int, int, int],
        level: int,
        latent: Latent | None = None,
    ) -> Coded:
        """Code z and y, or decode them to y of shape (M, h, w), at a level from 0 to 255."""
        z, z_indexes = self.code_z(coders["z"], shape, latent)
        trunk, mean, index = self.features(z, shape, level)
        state = State(trunk, mean, index, shape)
        with threadpool_limits(1):  # small products: starting threads would take longer
            self._walk(coders["y"], state, latent)
        streams = {
            "z": (self.z_tables, z, z_indexes),
            "y": (self.y_tables, state.symbols - state.offsets, state.tables),
        }
        return Coded(state.symbols + mean / np.float32(GRID), streams)

    def _walk(self, coder: Coder, state: "State", latent: Latent | None) -> None:
        """Code or decode the symbols of y into `state`, step by step."""
        if latent is not None:
            state.put_all(round_latent(latent.y - state.mean / np.float32(GRID)))
            predictions = self.predict_all(state)
        for step in self.schedule(*state.symbols.shape):
            offset, table = (
                self.predict(state, step)
                if latent is None
                else (p[step.index] for p in predictions)
            )
            known = None if latent is None else state.symbols[step.index] - offset
            state.put(step, coder.code(known, table) + offset, offset, table)

    def features(
        self, z: np.ndarray, shape: tuple[int, int, int], level: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Features (N, h, w), means in sixteenths and indexes (M, h, w), integers."""
        trunk = self.trunk(self.with_level(z, level))
        out = self.head(trunk)[:, : shape[1], : shape[2]]
        index = out[shape[0] :] + self.shifts[level].astype(np.int32)[:, None, None]
        return trunk[:, : shape[1], : shape[2]], out[: shape[0]], index

    def predict(self, state: "State", step: Step) -> tuple[np.ndarray, np.ndarray]:
        """Offsets of the symbols and tables for the elements of a step, (M, K) integers each."""
        return self._predict(state, step.i.ravel(), step.j.ravel())

    def predict_all(self, state: "State") -> tuple[np.ndarray, np.ndarray]:
        """The same for all elements, once all are known: (M, h, w) each."""
        M, h, w = state.symbols.shape
        offsets, tables = (np.empty((M, h * w), np.int32) for _ in range(2))
        i, j = (a.ravel() for a in np.indices((h, w)))
        for start in range(0, h * w, CHUNK):
            part = slice(start, start + CHUNK)
            offsets[:, part], tables[:, part] = self._predict(state, i[part], j[part])
        return offsets.reshape(M, h, w), tables.reshape(M, h, w)

    def _predict(
        self, state: "State", i: np.ndarray, j: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        M = len(state.mean)
        patches = np.stack([state.seen[i + 2 + di, j + 2 + dj] for di, dj in self.taps], axis=1)
        context, *refine = self.layers
        a = context(patches.reshape(len(i), -1))
        if self.kind == "checkerboard":
            a = a * ((i + j) % 2)[:, None]
        a = np.concatenate([state.trunk[:, i, j].T, a], axis=1)
        for layer in refine:
            a = layer(a)
        moved = a.T.astype(np.int32)
        offset = (moved[:M] + PHASES // 2) // PHASES
        phase = moved[:M] - PHASES * offset + PHASES // 2
        index = np.clip(state.index[:, i, j] + moved[M:], 0, SCALES - 1)
        return offset, index * PHASES + phase

    def arrays(self) -> dict[str, np.ndarray]:
        """All that a weights file must hold, as integer arrays by name."""
        found = super().arrays()
        for number, layer in enumerate(self.layers):
            found |= layer.arrays(f"context.{number}")
        return found | {"context.kind": np.array([("raster", "checkerboard").index(self.kind)])}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "SpatialContextCoder":
        """The coder that `arrays` wrote."""
        base, layers = HyperpriorCoder.from_arrays(arrays), []
        while f"context.{len(layers)}.W" in arrays:
            layers.append(PointLayer.from_arrays(arrays, f"context.{len(layers)}"))
        if len(layers) < 2 or "context.kind" not in arrays:
            raise BitstreamError("The weights of the context model are incomplete.")
        kind = ("raster", "checkerboard")[int(arrays["context.kind"][0])]
        return cls(base, base.y_tables, kind, layers)

    @classmethod
    def from_prior(
        cls, prior: SpatialContext, gate: Gain, z_samples: torch.Tensor, y_samples: torch.Tensor
    ) -> "SpatialContextCoder":
        """Make the integers of a trained prior; y_samples: (B, M, h, w) typical latents y_hat."""
        base = HyperpriorCoder.from_prior(prior, gate, z_samples)
        layers = _layers_of(prior, z_samples, y_samples)
        return cls(base, moved_gaussians(), prior.kind, layers)


class State:
    """What is known of a latent so far."""

    def __init__(
        self, trunk: np.ndarray, mean: np.ndarray, index: np.ndarray, shape: tuple[int, int, int]
    ) -> None:
        M, h, w = shape
        self.trunk, self.mean, self.index = trunk, mean, index
        self.seen = np.zeros((h + 4, w + 4, M))  # y_hat in sixteenths, zero where not known
        self.symbols, self.offsets, self.tables = (np.zeros(shape, np.int32) for _ in range(3))

    def put(self, step: Step, symbols: np.ndarray, offset: np.ndarray, table: np.ndarray) -> None:
        """Note what was coded in a step."""
        self.symbols[step.index], self.offsets[step.index] = symbols, offset
        self.tables[step.index] = table
        y = np.clip(GRID * symbols + self.mean[step.index], -SEEN, SEEN)
        self.seen[step.i.ravel() + 2, step.j.ravel() + 2] = y.T

    def put_all(self, symbols: np.ndarray) -> None:
        """Note all symbols, as an encoder can from the beginning."""
        self.symbols[:] = symbols
        y = np.clip(GRID * symbols + self.mean, -SEEN, SEEN)
        self.seen[2:-2, 2:-2] = np.moveaxis(y, 0, -1)


def _taps(kind: str) -> list[tuple[int, int]]:
    """The offsets (rows, columns) that the mask of a kind shows, in raster order."""
    offsets = [(di, dj) for di in range(-2, 3) for dj in range(-2, 3)]
    if kind == "raster":
        return offsets[:12]
    return [(di, dj) for di, dj in offsets if (di + dj) % 2]


def split_network(network: IntegerNetwork) -> tuple[IntegerNetwork, IntegerNetwork]:
    """All layers but the last, and the last."""
    *front, last = network.layers
    return IntegerNetwork(front, network.input_max), IntegerNetwork([last], front[-1].high)


def moved_gaussians() -> FrequencyTables:
    """Tables of rounded Gaussians for each scale and each mean from -4/8 to 3/8."""
    rows, firsts = [], []
    for sigma in scale_of(torch.arange(SCALES, dtype=torch.float64)).numpy():
        for phase in range(PHASES):
            mean = (phase - PHASES // 2) / PHASES
            k = np.arange(-LONGEST, LONGEST + 1)
            p = ndtr((k + 0.5 - mean) / sigma) - ndtr((k - 0.5 - mean) / sigma)
            p = np.where(
                k > 0, ndtr(-(k - 0.5 - mean) / sigma) - ndtr(-(k + 0.5 - mean) / sigma), p
            )
            inside = np.flatnonzero(
                (np.cumsum(p) > TAIL / 2) & (np.cumsum(p[::-1])[::-1] > TAIL / 2)
            )
            rows.append(p[inside[0] : inside[-1] + 1])
            firsts.append(int(k[inside[0]]))
    return FrequencyTables.from_probabilities(rows, firsts)


def _layers_of(
    prior: SpatialContext, z_samples: torch.Tensor, y_samples: torch.Tensor
) -> list[PointLayer]:
    """The masked convolution and the 1x1 layers behind it, as matrices of integers."""
    with torch.no_grad():
        seen = torch.relu(prior.context(y_samples.clamp(-SEEN_MAX, SEEN_MAX)))
        trunk = prior.h_s[:-1](z_samples)
        x = torch.cat([trunk, seen], dim=1)
    taps = [(di + 2, dj + 2) for di, dj in _taps(prior.kind)]
    W = prior.context.weight.detach()[:, :, [a for a, _ in taps], [b for _, b in taps]]
    W = W.permute(0, 2, 1).flatten(1).numpy()  # (out, taps M), as patches are laid out
    step = float(activation_step(seen))
    steps_in = np.full(W.shape[1], 1 / GRID)
    layers = [
        PointLayer.from_floats(
            W, prior.context.bias.detach().numpy(), (steps_in, step), (0, 255), SEEN, 2047
        )
    ]
    steps_in = np.concatenate(
        [np.full(len(trunk[0]), float(activation_step(trunk))), np.full(len(seen[0]), step)]
    )
    convs = [m for m in prior.refine if isinstance(m, torch.nn.Conv2d)]
    for module in convs:
        W, b = module.weight.detach()[:, :, 0, 0].numpy(), module.bias.detach().numpy()
        if module is convs[-1]:
            M = len(W) // 2
            step = np.concatenate([np.full(M, 1 / PHASES), np.full(M, 1 / INDEX_UNIT)])
            layers.append(PointLayer.from_floats(W, b, (steps_in, step), (-8000, 8000), 255))
        else:
            with torch.no_grad():
                x = torch.relu(module(x))
            step = float(activation_step(x))
            layers.append(PointLayer.from_floats(W, b, (steps_in, step), (0, 255), 255))
            steps_in = np.full(len(W), step)
    return layers
