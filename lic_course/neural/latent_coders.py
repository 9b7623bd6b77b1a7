"""From trained priors to coded latents: integer tables, integer networks, one function both ways.

A latent coder holds only integers. `code(coders, shape, level, latent)` walks all latents of a
picture in one order, for encoding and for decoding alike: the entropy coders decide the direction,
and whatever decides about a probability is computed from values that both sides have.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import nn

from lic_course.entropy.tables import Coder, Encoder, FrequencyTables
from lic_course.errors import BitstreamError
from lic_course.neural.exact import IntegerNetwork, to_integers
from lic_course.neural.frugal_rounding import bounded, round_frugally
from lic_course.neural.gates import Gain
from lic_course.neural.priors import (
    INDEX_UNIT,
    LEVEL_MAX,
    SCALES,
    Factorized,
    MeanScaleHyperprior,
    index_shift,
)
from lic_course.neural.scale_corrections import (
    HOW_OFTEN,
    MOVES,
    best_moves,
    class_bits,
    corrected,
)
from lic_course.neural.table_shapes import (
    GAUSSIAN,
    LONGEST,
    fit_weights,
    mixture_rows,
    tables_of,
)

GRID = 16  # means are multiples of 1/16
MEAN_LIMIT = 1 << 15  # of a mean, in sixteenths
Z_MAX = 127  # what the integer network sees of z; the file may hold more
WIDER = 6  # sets of tables beyond each end of the gate's range
LEVELS = 256  # of the quality in the file: one byte


@dataclass
class Latent:
    """What an encoder has to code: y, (M, h, w) floats after the gain, and z, if there is one."""

    y: np.ndarray
    z: np.ndarray | None = None


@dataclass
class Coded:
    """What both sides know at the end: y_hat, and with which tables each stream was coded."""

    y_hat: np.ndarray
    streams: dict[str, tuple[FrequencyTables, np.ndarray, np.ndarray]]  # tables, symbols, indexes

    @cached_property
    def bits(self) -> dict[str, np.ndarray]:
        """What each element of each stream costs, in bits, in the shape of the latent."""
        return {
            stream: tables.bits(symbols, indexes)
            for stream, (tables, symbols, indexes) in self.streams.items()
        }


class FactorizedCoder:
    """Codes a latent with one table per channel, out of the set that fits the picture best.

    A set holds the tables for one gain. A busy picture needs the wider tables of a larger gain
    than its own: the number of the set is the first symbol of the file, about five bits, and each
    channel may move away from it by up to four, for about two bits.
    """

    streams = ("y",)

    def __init__(self, tables: FrequencyTables, sets: int) -> None:
        if sets < 1 or (len(tables) - 2) % sets:
            raise BitstreamError("The tables of the weights do not form sets: fetch them again.")
        self.tables, self.sets = tables, sets

    def to(self, device: str) -> None:
        """Tables need no device."""

    def table_of(self, stream: str) -> FrequencyTables:
        """The tables that the stream's coder needs."""
        return self.tables

    def code(
        self,
        coders: dict[str, Coder],
        shape: tuple[int, int, int],
        level: int,
        latent: Latent | None = None,
    ) -> Coded:
        """Code y, or decode it to shape (M, h, w); the level does not matter for the tables."""
        M, best, moves, symbols = shape[0], None, None, None
        if latent is not None:
            first = self.indexes_of(*self.best_sets(round_latent(latent.y)), shape)
            symbols = round_frugally(latent.y, self.tables, first)
            best, moves = self.best_sets(symbols)
        best = coders["y"].code(best, np.array([self.sets * M]))
        if not 0 <= best.item() < self.sets:
            raise BitstreamError("The file names tables that do not exist: it is damaged.")
        moves = coders["y"].code(moves, of_moves := np.full(M, self.sets * M + 1))
        indexes = self.indexes_of(best, moves, shape)
        symbols = coders["y"].code(symbols, indexes)
        streams = {
            "corrections": (self.tables, moves, of_moves),
            "y": (self.tables, symbols, indexes),
        }
        return Coded(symbols.astype(np.float32), streams)

    def indexes_of(
        self, best: np.ndarray, moves: np.ndarray, shape: tuple[int, int, int]
    ) -> np.ndarray:
        """The tables for a set, (1,), and moves of the channels, (M,): integers of `shape`."""
        sets = np.clip(best + np.clip(moves, MOVES[0], MOVES[-1]), 0, self.sets - 1)
        return np.broadcast_to((sets * shape[0] + np.arange(shape[0]))[:, None, None], shape)

    def best_sets(self, symbols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The set, (1,), and the moves of the channels, (M,), with the fewest bits for symbols."""
        M = len(symbols)
        near = np.clip(symbols, -LONGEST - 1, LONGEST + 1).reshape(M, -1).astype(np.int64)
        pairs, counts = np.unique(near + 4 * LONGEST * np.arange(M)[:, None], return_counts=True)
        channels = (pairs + 2 * LONGEST) // (4 * LONGEST)
        values = pairs - 4 * LONGEST * channels
        tables = np.arange(self.sets)[:, None] * M + channels
        bits = self.tables.bits(np.broadcast_to(values, tables.shape), tables) * counts
        costs = np.stack([np.bincount(channels, row, M) for row in bits])
        told = self.tables.bits(MOVES, np.full(len(MOVES), self.sets * M + 1))
        moved = np.clip(np.arange(self.sets)[:, None] + MOVES, 0, self.sets - 1)
        costs = np.round(costs[moved] + told[:, None])  # (sets, moves, M)
        best = costs.min(axis=1).sum(axis=1).argmin()
        return np.array([best]), MOVES[costs[best].argmin(axis=0)]

    def arrays(self) -> dict[str, np.ndarray]:
        """All that a weights file must hold, as integer arrays by name."""
        return table_arrays(self.tables, "y_tables") | {"sets": np.array([self.sets])}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "FactorizedCoder":
        """The coder that `arrays` wrote."""
        return cls(tables_from(arrays, "y_tables"), int(arrays["sets"][0]))

    @classmethod
    def from_prior(cls, prior: Factorized, gate: Gain, sets: int = 22) -> "FactorizedCoder":
        """Make the tables of a trained prior for gains evenly spaced on its gate, and beyond."""
        with torch.no_grad():
            gains = gate(torch.linspace(0, gate.levels - 1, sets)).gain[:, :, 0, 0].double()
        step = (gains[-1] / gains[0]).log().mean().div(sets - 1).exp()
        beyond = step ** torch.arange(1, WIDER + 1, dtype=torch.float64)[:, None]
        gains = torch.cat([gains[:1] / beyond.flip(0), gains, gains[-1:] * beyond])
        rows = [row for gain in gains for row in mixture_rows(prior.density, gain)]
        rows += [(np.full(len(gains), 1 / len(gains)), 0), (HOW_OFTEN, MOVES[0])]
        tables = FrequencyTables.from_probabilities([p for p, _ in rows], [k for _, k in rows])
        return cls(tables, len(gains))


class HyperpriorCoder:
    """Codes z with a table per channel, and y with the tables that h_s picks from z."""

    streams = ("z", "y")
    phases = 1  # means of the tables for each scale

    def __init__(
        self,
        z_tables: FrequencyTables,
        y_tables: FrequencyTables,
        h_s: IntegerNetwork,
        shifts: np.ndarray,  # (256, M) integers: how far each level moves the indexes
    ) -> None:
        self.z_tables, self.y_tables, self.h_s, self.shifts = z_tables, y_tables, h_s, shifts

    def to(self, device: str) -> None:
        """Compute the integer network on a device from now on."""
        self.h_s.to(device)

    def table_of(self, stream: str) -> FrequencyTables:
        """The tables that the stream's coder needs."""
        return self.z_tables if stream == "z" else self.y_tables

    def code(
        self,
        coders: dict[str, Coder],
        shape: tuple[int, int, int],
        level: int,
        latent: Latent | None = None,
    ) -> Coded:
        """Code z and y, or decode them to y of shape (M, h, w), at a level from 0 to 255."""
        z, z_indexes = self.code_z(coders["z"], shape, latent)
        mean, indexes = self.parameters_of(z, shape, level)
        mu = mean / np.float32(GRID)
        symbols, best = None, None
        if latent is not None:
            symbols = round_frugally(latent.y - mu, self.y_tables, indexes)
            best = self.best_corrections(symbols, indexes)
        moves = self.code_corrections(coders["y"], shape[0], best)
        indexes = corrected(indexes, moves)
        symbols = coders["y"].code(symbols, indexes)
        return Coded(
            symbols + mu,
            {
                "z": (self.z_tables, z, z_indexes),
                "corrections": (self.y_tables, moves, self.of_corrections(shape[0])),
                "y": (self.y_tables, symbols, indexes),
            },
        )

    def code_z(
        self, coder: Coder, shape: tuple[int, int, int], latent: Latent | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Code z, or decode it for a y of `shape`; returns its values and their tables."""
        N = len(self.z_tables)
        z_shape = (N, -(-shape[1] // 4), -(-shape[2] // 4))
        indexes = np.broadcast_to(np.arange(N)[:, None, None], z_shape)
        z = None if latent is None else round_latent(latent.z)
        return coder.code(z, indexes), indexes

    def code_corrections(self, coder: Coder, M: int, best: np.ndarray | None) -> np.ndarray:
        """Code the corrections of the scales, or decode them: (M,) integers.

        Where h_s takes a channel of this picture for calmer or busier than it is, all indexes of
        the channel move by up to four tables. It costs 1 to 2 bits for a channel.
        """
        return np.clip(coder.code(best, self.of_corrections(M)), MOVES[0], MOVES[-1])

    def of_corrections(self, M: int) -> np.ndarray:
        """The indexes of the table for corrections, (M,)."""
        return np.full(M, SCALES * self.phases)

    def best_corrections(self, symbols: np.ndarray, indexes: np.ndarray) -> np.ndarray:
        """The corrections that save most bits, (M,), for symbols and tables (M, h, w)."""
        told = self.y_tables.bits(MOVES, self.of_corrections(len(MOVES)))
        return best_moves(symbols, indexes // self.phases, self._class_bits, told)

    @cached_property
    def _class_bits(self) -> np.ndarray:
        return class_bits(self.y_tables, self.phases)

    @staticmethod
    def with_level(z: np.ndarray, level: int) -> np.ndarray:
        """The input of the integer network: z, clipped, and the level as one more channel."""
        plane = np.full_like(z[:1], level * LEVEL_MAX // (LEVELS - 1))
        return np.concatenate([np.clip(z, -Z_MAX, Z_MAX), plane])

    def parameters_of(
        self, z: np.ndarray, shape: tuple[int, int, int], level: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Means in sixteenths and indexes of scales, int32 (M, h, w) each, from integers alone."""
        out = self.h_s(self.with_level(z, level))[:, : shape[1], : shape[2]]
        indexes = out[shape[0] :] + self.shifts[level].astype(np.int32)[:, None, None]
        return out[: shape[0]], np.clip(indexes, 0, SCALES - 1)

    def fit_tables(self, latents: Sequence[tuple[int, Latent]]) -> None:
        """Give the tables of y the shapes that latents of typical pictures have.

        latents: levels and what there is to code at each of them.
        """
        found = []
        for level, latent in latents:
            coders = for_each_stream(self, lambda stream, tables: Encoder(tables))
            found.append(self.code(coders, latent.y.shape, level, latent).streams["y"])
        _, symbols, indexes = zip(*found, strict=True)
        self.y_tables = tables_of(fit_weights(symbols, indexes, self.phases), self.phases)
        self.__dict__.pop("_class_bits", None)

    def arrays(self) -> dict[str, np.ndarray]:
        """All that a weights file must hold, as integer arrays by name."""
        tables = table_arrays(self.z_tables, "z_tables") | table_arrays(self.y_tables, "y_tables")
        return tables | self.h_s.arrays("h_s") | {"shifts": self.shifts.astype(np.int8)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "HyperpriorCoder":
        """The coder that `arrays` wrote."""
        tables = (tables_from(arrays, f"{name}_tables") for name in cls.streams)
        return cls(*tables, IntegerNetwork.from_arrays(arrays, "h_s"), arrays["shifts"])

    @classmethod
    def from_prior(
        cls, prior: MeanScaleHyperprior, gate: Gain, z_samples: torch.Tensor
    ) -> "HyperpriorCoder":
        """Make the integers of a trained prior.

        z_samples: (B, N + 1, h, w) typical inputs of h_s, from which the ranges are taken.
        """
        ones = torch.ones(len(prior.z_prior.means), dtype=torch.float64)
        rows = mixture_rows(prior.z_prior, ones)
        z_tables = FrequencyTables.from_probabilities([p for p, _ in rows], [k for _, k in rows])
        y_tables = tables_of(GAUSSIAN)
        M = prior.h_s[-1].out_channels // 2
        steps = torch.cat([torch.full((M,), 1 / GRID), torch.full((M,), 1 / INDEX_UNIT)])
        limits = torch.tensor([-MEAN_LIMIT, MEAN_LIMIT])
        h_s = deepcopy(prior.h_s)
        if not prior.with_mean:
            nn.init.zeros_(h_s[-1].weight[:M])
            nn.init.zeros_(h_s[-1].bias[:M])
        network = to_integers(h_s, z_samples, Z_MAX, steps, limits)
        with torch.no_grad():
            setting = gate(torch.linspace(0, gate.levels - 1, LEVELS))
            shifts = torch.round(index_shift(setting.gain[:, :, 0, 0])).clamp(-127, 127)
        return cls(z_tables, y_tables, network, shifts.numpy().astype(np.int8))


def round_latent(y: np.ndarray) -> np.ndarray:
    """Round to integers that the entropy coder takes: what is too large or no number is clipped."""
    return np.rint(bounded(y)).astype(np.int32)


def table_arrays(tables: FrequencyTables, prefix: str) -> dict[str, np.ndarray]:
    """The arrays of tables, with a prefix to their names."""
    return {f"{prefix}.{name}": array for name, array in tables.to_arrays().items()}


def tables_from(arrays: dict[str, np.ndarray], prefix: str) -> FrequencyTables:
    """The tables that `table_arrays` wrote."""
    own = {name.split(".", 1)[1]: a for name, a in arrays.items() if name.startswith(prefix + ".")}
    return FrequencyTables.from_arrays(own)


def for_each_stream(
    coder: FactorizedCoder | HyperpriorCoder, make: Callable[[str, FrequencyTables], Coder]
) -> dict[str, Coder]:
    """One entropy coder per stream of a latent coder."""
    return {stream: make(stream, coder.table_of(stream)) for stream in coder.streams}
