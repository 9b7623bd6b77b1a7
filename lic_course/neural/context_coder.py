"""Context models in use: integers only, and the same latents by any schedule that fits the mask.

The hyperprior predicts a mean and a scale for each element; the context moves both, by integers
computed from decoded neighbors. Since y_hat lies on the grid around the hyperprior's mean, which
needs no context, an encoder computes everything in one pass, and a decoder step by step.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from lic_course.entropy.tables import Coder, FrequencyTables
from lic_course.errors import BitstreamError
from lic_course.neural.context import SEEN_MAX, ContextModel
from lic_course.neural.exact import IntegerNetwork, PointLayer, activation_step
from lic_course.neural.frugal_rounding import round_frugally
from lic_course.neural.gates import Gain
from lic_course.neural.latent_coders import (
    GRID,
    Coded,
    HyperpriorCoder,
    Latent,
)
from lic_course.neural.neighborhoods import KINDS, WINDOW, Neighborhood
from lic_course.neural.priors import INDEX_UNIT, SCALES
from lic_course.neural.scale_corrections import corrected
from lic_course.neural.schedules import Step
from lic_course.neural.table_shapes import GAUSSIAN, tables_of

PHASES = 8  # the context moves means by eighths
SEEN = int(SEEN_MAX) * GRID  # the largest value that the context sees, in sixteenths
CHUNK = 4096  # positions computed at once when all are known
WIDE = 2047  # the largest weight for what is seen: 12 bits, as that has 12 bits too
MOVE_LIMITS = -8000, 8000  # of the moves, in eighths and in indexes


@dataclass
class GroupLayers:
    """The integers for one group of channels, and what they are applied to."""

    near: Neighborhood
    context: PointLayer | None  # from patches of what is known; None for a group without context
    refine: list[PointLayer]

    @property
    def channels(self) -> slice:
        """The channels of the group."""
        return self.near.channels


class ContextCoder(HyperpriorCoder):
    """Codes y step by step, each element with what is known of earlier groups and of neighbors.

    kind: as in ContextModel. `schedule` may be exchanged for any other that respects the masks: the
    latents stay the same, and the file too as long as both sides agree.
    """

    phases = PHASES

    def __init__(
        self,
        base: HyperpriorCoder,
        y_tables: FrequencyTables,
        kind: str,
        groups: list[GroupLayers],
    ) -> None:
        super().__init__(base.z_tables, y_tables, base.h_s, base.shifts)
        self.trunk, self.head = split_network(self.h_s)
        self.kind, self.groups = kind, groups

    def schedule(self, M: int, h: int, w: int) -> list[Step]:
        """The order in which the elements are coded."""
        return KINDS[self.kind].schedule(M, h, w, self.groups[0].near.groups)

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
            self._walk(coders, state, latent)
        streams = {
            "z": (self.z_tables, z, z_indexes),
            "corrections": (self.y_tables, state.corrections, self.of_corrections(shape[0])),
            "y": (self.y_tables, state.symbols - state.offsets, state.tables),
        }
        return Coded(state.symbols + mean / np.float32(GRID), streams)

    def _walk(self, coders: dict[str, Coder], state: "State", latent: Latent | None) -> None:
        """Code or decode the symbols of y into `state`, step by step."""
        M, best = len(state.symbols), None
        if latent is not None:
            middle = np.clip(state.index, 0, SCALES - 1) * PHASES + PHASES // 2
            v = latent.y - state.mean / np.float32(GRID)
            state.put_all(round_frugally(v, self.y_tables, middle))
            offsets, tables = self.predict_all(state)
            best = self.best_corrections(state.symbols - offsets, tables)
        state.corrections = self.code_corrections(coders["y"], M, best)
        if latent is not None:
            predictions = offsets, corrected(tables, state.corrections, PHASES)
        for step in self.schedule(*state.symbols.shape):
            offset, table = (
                self.predict(state, step)
                if latent is None
                else (p[step.index] for p in predictions)
            )
            known = None if latent is None else state.symbols[step.index] - offset
            state.put(step, coders["y"].code(known, table) + offset, offset, table)

    def features(
        self, z: np.ndarray, shape: tuple[int, int, int], level: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Features (N, h, w), means in sixteenths and indexes (M, h, w), integers."""
        trunk = self.trunk(self.with_level(z, level))
        out = self.head(trunk)[:, : shape[1], : shape[2]]
        index = out[shape[0] :] + self.shifts[level].astype(np.int32)[:, None, None]
        return trunk[:, : shape[1], : shape[2]], out[: shape[0]], index

    def predict(self, state: "State", step: Step) -> tuple[np.ndarray, np.ndarray]:
        """Offsets of the symbols and tables for the elements of a step, in its shape."""
        if step.c.ndim == 2:  # a grid: all channels of one group
            first = step.c[0, 0]
            group = next(g for g in self.groups if g.channels.start <= first < g.channels.stop)
            return self._predict(state, group, step.i.ravel(), step.j.ravel())
        offset, table = (np.empty(step.shape, np.int32) for _ in range(2))
        for group in self.groups:
            channels, w = group.channels, state.symbols.shape[2]
            mine = np.flatnonzero((step.c >= channels.start) & (step.c < channels.stop))
            if len(mine):
                places, k = np.unique(step.i[mine] * w + step.j[mine], return_inverse=True)
                element = step.c[mine] - channels.start, k
                offsets, tables = self._predict(state, group, places // w, places % w)
                offset[mine], table[mine] = offsets[element], tables[element]
        return offset, table

    def predict_all(self, state: "State") -> tuple[np.ndarray, np.ndarray]:
        """The same for all elements, once all are known: (M, h, w) each."""
        M, h, w = state.symbols.shape
        offsets, tables = (np.empty((M, h * w), np.int32) for _ in range(2))
        i, j = (a.ravel() for a in np.indices((h, w)))
        for group in self.groups:
            for start in range(0, h * w, CHUNK):
                part = slice(start, start + CHUNK)
                offset, table = self._predict(state, group, i[part], j[part])
                offsets[group.channels, part], tables[group.channels, part] = offset, table
        return offsets.reshape(M, h, w), tables.reshape(M, h, w)

    def _predict(
        self, state: "State", group: GroupLayers, i: np.ndarray, j: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        size = group.near.size
        a = state.trunk[:, i, j].T
        if group.context is not None:
            a = np.concatenate([a, group.context(self._patches(state, group, i, j))], axis=1)
        for layer in group.refine:
            a = layer(a)
        moved = a.T.astype(np.int32)
        offset = (moved[:size] + PHASES // 2) // PHASES
        phase = moved[:size] - PHASES * offset + PHASES // 2
        index = np.clip(state.index[group.channels, i, j] + moved[size:], 0, SCALES - 1)
        tables = index * PHASES + phase
        return offset, corrected(tables, state.corrections[group.channels], PHASES)

    def _patches(
        self, state: "State", group: GroupLayers, i: np.ndarray, j: np.ndarray
    ) -> np.ndarray:
        """What is known around positions, of earlier groups and of the own: (K, inputs)."""
        parts = []
        if group.near.earlier:
            rest = slice(0, group.near.earlier)
            parts += [state.seen[i + 2 + di, j + 2 + dj, rest] for di, dj in WINDOW]
        if self.kind != "none":
            parts.append(group.near.patches(state.seen, i, j, GRID))
        return np.concatenate(parts, axis=1)

    def arrays(self) -> dict[str, np.ndarray]:
        """All that a weights file must hold, as integer arrays by name."""
        found = super().arrays() | {"context.kind": np.array([list(KINDS).index(self.kind)])}
        found["context.groups"] = np.array(self.groups[0].near.groups, np.int64)
        for number, group in enumerate(self.groups):
            if group.context is not None:
                found |= group.context.arrays(f"context.{number}.seen")
            for depth, layer in enumerate(group.refine):
                found |= layer.arrays(f"context.{number}.{depth}")
        return found

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "ContextCoder":
        """The coder that `arrays` wrote."""
        base, groups = HyperpriorCoder.from_arrays(arrays), []
        try:
            kind = list(KINDS)[int(arrays["context.kind"][0])]
            sizes = tuple(arrays["context.groups"].tolist())
        except (KeyError, IndexError) as error:
            raise BitstreamError("The weights of the context model are incomplete.") from error
        for number, near in enumerate(KINDS[kind].neighborhoods(sizes)):
            has_context = f"context.{number}.seen.W" in arrays
            seen = PointLayer.from_arrays(arrays, f"context.{number}.seen") if has_context else None
            refine = []
            while not refine or f"context.{number}.{len(refine)}.W" in arrays:
                refine.append(PointLayer.from_arrays(arrays, f"context.{number}.{len(refine)}"))
            groups.append(GroupLayers(near, seen, refine))
        return cls(base, base.y_tables, kind, groups)

    @classmethod
    def from_prior(
        cls, prior: ContextModel, gate: Gain, z_samples: torch.Tensor, y_samples: torch.Tensor
    ) -> "ContextCoder":
        """Make the integers of a trained prior; y_samples: (B, M, h, w) typical latents y_hat."""
        base = HyperpriorCoder.from_prior(prior, gate, z_samples)
        with torch.no_grad():
            trunk = prior.h_s[:-1](z_samples)
        step = float(activation_step(trunk))
        return cls.from_parts(base, prior.kind, prior.parts, (trunk, y_samples), step)

    @classmethod
    def from_parts(
        cls,
        base: HyperpriorCoder,
        kind: str,
        parts: torch.nn.ModuleList,
        samples: tuple[torch.Tensor, torch.Tensor],
        step: float,
    ) -> "ContextCoder":
        """Refine a coder by trained parts of a `kind`, as of context.context_parts.

        samples: typical features and latents, (B, N, h, w) and (B, M, h, w). step: what 1 means in
        the features that the network of `base` computes.
        """
        trunk, y = samples[0], samples[1].clamp(-SEEN_MAX, SEEN_MAX)
        groups = [group_layers(part, trunk, y, step) for part in parts]
        return cls(base, moved_gaussians(), kind, groups)


class State:
    """What is known of a latent so far."""

    def __init__(
        self, trunk: np.ndarray, mean: np.ndarray, index: np.ndarray, shape: tuple[int, int, int]
    ) -> None:
        M, h, w = shape
        self.trunk, self.mean, self.index = trunk, mean, index
        self.seen = np.zeros((h + 4, w + 4, M))  # y_hat in sixteenths, zero where not known
        self.symbols, self.offsets, self.tables = (np.zeros(shape, np.int32) for _ in range(3))
        self.corrections = np.zeros(M, np.int32)

    def put(self, step: Step, symbols: np.ndarray, offset: np.ndarray, table: np.ndarray) -> None:
        """Note what was coded in a step."""
        self.symbols[step.index], self.offsets[step.index] = symbols, offset
        self.tables[step.index] = table
        y = np.clip(GRID * symbols + self.mean[step.index], -SEEN, SEEN)
        self.seen[step.i + 2, step.j + 2, step.c] = y

    def put_all(self, symbols: np.ndarray) -> None:
        """Note all symbols, as an encoder can from the beginning."""
        self.symbols[:] = symbols
        y = np.clip(GRID * symbols + self.mean, -SEEN, SEEN)
        self.seen[2:-2, 2:-2] = np.moveaxis(y, 0, -1)


def split_network(network: IntegerNetwork) -> tuple[IntegerNetwork, IntegerNetwork]:
    """All layers but the last, and the last."""
    *front, last = network.layers
    return IntegerNetwork(front, network.input_max), IntegerNetwork([last], front[-1].high)


@cache
def moved_gaussians() -> FrequencyTables:
    """Tables of rounded Gaussians for each scale and each mean from -4/8 to 3/8."""
    return tables_of(GAUSSIAN, PHASES)


@torch.no_grad()
def group_layers(
    part: torch.nn.Module, trunk: torch.Tensor, y: torch.Tensor, step: float
) -> GroupLayers:
    """The integers of one trained group; see ContextCoder.from_parts."""
    x, context = trunk, None
    steps_in = np.full(trunk.shape[1], step)
    if part.has_context:
        seen = torch.relu(part.context(y))
        step = float(activation_step(seen))
        W, b = _matrix_of(part)
        grid = np.full(W.shape[1], 1 / GRID)
        context = PointLayer.from_floats(W, b, (grid, step), (0, 255), SEEN, WIDE)
        steps_in = np.concatenate([steps_in, np.full(seen.shape[1], step)])
        x = torch.cat([trunk, seen], dim=1)
    refine, convs = [], [m for m in part.refine if isinstance(m, torch.nn.Conv2d)]
    for module in convs:
        W, b = module.weight[:, :, 0, 0].numpy(), module.bias.numpy()
        x = torch.relu(module(x))
        if module is convs[-1]:
            units = np.repeat([1 / PHASES, 1 / INDEX_UNIT], part.size)
            refine.append(PointLayer.from_floats(W, b, (steps_in, units), MOVE_LIMITS, 255))
        else:
            step = float(activation_step(x))
            refine.append(PointLayer.from_floats(W, b, (steps_in, step), (0, 255), 255))
            steps_in = np.full(len(W), step)
    return GroupLayers(part.near, context, refine)


def _matrix_of(part: torch.nn.Module) -> tuple[np.ndarray, np.ndarray]:
    """The convolutions of a group as one matrix for patches as `_patches` lays them out."""
    blocks, b = [], 0.0
    if part.earlier is not None:
        blocks.append(part.earlier.weight.permute(0, 2, 3, 1).flatten(1))
        b = part.earlier.bias.numpy()
    if part.own is not None:
        blocks.append(part.near.matrix(part.own))
    W = torch.cat(blocks, dim=1).numpy()
    return W, b + np.zeros(len(W))
