"""Context models on frozen latents: the transform and the hyperprior of a codec stay as they are.

Trained end to end, two context models change the transform too, and after a short training their
difference drowns in noise. Here every crop is fixed: its integers, and what the hyperprior of the
codec predicts for them. A context model only learns to move these predictions, so that a minute of
training on a CPU is enough to tell one kind of context from another. A prior is any module with

    bits(batch) -> Tensor      # a Batch of B crops to the bits of each, (B,)
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from lic_course.entropy.tables import Decoder, Encoder
from lic_course.neural.codec import Model
from lic_course.neural.context import SEEN_MAX, context_parts, refined
from lic_course.neural.context_coder import ContextCoder
from lic_course.neural.latent_coders import GRID, Latent, for_each_stream, round_latent
from lic_course.neural.layers import lower_bound
from lic_course.neural.minimize import minimize
from lic_course.neural.neighborhoods import KINDS
from lic_course.neural.priors import (
    SCALES,
    LogisticMixture,
    bits_of,
    gaussian_likelihood,
    scale_of,
)

FEATURE_STEP = 1 / 64  # what 1 means in the hyperprior's features, integers from 0 to 255


@dataclass(frozen=True)
class Frozen:
    """What a codec makes of n crops of one size: integers, the first axis being the crop."""

    trunk: Tensor  # (n, N, h, w), the features that the hyperprior predicts from
    mean: Tensor  # (n, M, h, w), in sixteenths
    index: Tensor  # (n, M, h, w), of the scales
    symbols: Tensor  # (n, M, h, w), round(y - mean)
    rounded: Tensor  # (n, M, h, w), round(y), for priors that know no mean
    z: Tensor  # (n, N, h/4, w/4)
    z_bits: Tensor  # (n,), what z costs

    def __len__(self) -> int:
        """How many crops there are."""
        return len(self.z_bits)

    def __getitem__(self, chosen: Tensor | slice) -> "Frozen":
        """Some of the crops."""
        return Frozen(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def batch(self) -> "Batch":
        """All of them as floats."""
        mean = self.mean / GRID
        return Batch(
            self.symbols + mean,
            self.trunk * FEATURE_STEP,
            mean,
            self.index.float(),
            self.rounded.float(),
            self.z_bits,
        )


@dataclass(frozen=True)
class Batch:
    """Crops as a prior takes them: y_hat, features, means and indexes from z, as in `Frozen`."""

    y_hat: Tensor
    trunk: Tensor
    mean: Tensor
    index: Tensor
    rounded: Tensor
    z_bits: Tensor


def freeze(model: Model, crops: Sequence[np.ndarray], level: int) -> Frozen:
    """Code crops, uint8 (H, W, 3) of one size, with a codec's hyperprior at a level from 0 to 255.

    H and W: multiples of 64.
    """
    base = ContextCoder(model.coder, model.coder.y_tables, "none", [])
    rows = []
    for crop in crops:
        latent = model.analyze(crop, level)
        z, shape = round_latent(latent.z), latent.y.shape
        kinds = np.broadcast_to(np.arange(len(z))[:, None, None], z.shape)
        trunk, mean, index = base.features(z, shape, level)
        symbols = round_latent(latent.y - mean / np.float32(GRID))
        found = trunk, mean, index, symbols, round_latent(latent.y), z
        bits = base.z_tables.bits(z, kinds).sum()
        rows.append([torch.from_numpy(a.astype(np.int16)) for a in found] + [torch.tensor(bits)])
    columns = [torch.stack(column) for column in zip(*rows, strict=True)]
    return Frozen(*columns[:-1], columns[-1].float())


class Flat(nn.Module):
    """A density for each channel, everywhere the same, and no z: the factorized prior.

    sigma: (M,), the scales to start from.
    """

    def __init__(self, sigma: Tensor) -> None:
        super().__init__()
        self.density = LogisticMixture(len(sigma))
        self.density.start_at(sigma)

    def bits(self, batch: Batch) -> Tensor:
        """Bits of each crop, (B,)."""
        return bits_of(self.density.likelihood(batch.rounded))


class Refined(nn.Module):
    """The frozen hyperprior, refined by a context; arguments as of context.ContextModel.

    With the kind "none" and one group it sees z alone: the fair comparison for all others.
    unit: (M,), the scales of the channels. What the context sees is divided by them, at least by 1:
    else the few strong channels drown all others, and a short training does not get anywhere.
    """

    def __init__(
        self,
        N: int,
        M: int,
        kind: str = "none",
        groups: tuple[int, ...] = (),
        width: int = 64,
        hidden: tuple[int, ...] = (128,),
        unit: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.kind, self.groups = kind, tuple(groups) or (M,)
        self.parts = context_parts(N, M, kind, self.groups, width, hidden)
        unit = torch.ones(M) if unit is None else unit.clamp(min=1.0)
        self.register_buffer("unit", unit)

    def seen(self, batch: Batch) -> Tensor:
        """What the context sees, in units of the channels, (B, M, h, w)."""
        return batch.y_hat.clamp(-SEEN_MAX, SEEN_MAX) / self.unit[:, None, None]

    def steps(self, h: int, w: int) -> int:
        """How many steps a decoder needs for a latent of h x w positions."""
        return len(KINDS[self.kind].schedule(sum(self.groups), h, w, self.groups))

    def moves(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """How means and indexes move, (B, M, h, w) each."""
        return refined(self.parts, self.seen(batch), batch.trunk)

    @torch.no_grad()
    def folded(self) -> nn.ModuleList:
        """The parts for latents as they are: convolutions divided by the units instead."""
        parts = deepcopy(self.parts).requires_grad_(False)
        for part in parts:
            if part.earlier is not None:
                part.earlier.weight /= self.unit[: part.near.earlier, None, None]
            if part.own is not None:
                part.own.weight /= part.near.units(self.unit)[:, None, None]
        return parts

    def bits(self, batch: Batch) -> Tensor:
        """Bits of each crop, (B,), z included."""
        mean, index = self.moves(batch)
        errors = batch.y_hat - batch.mean - mean
        return bits_of(gaussian_likelihood(errors, scales(batch.index + index))) + batch.z_bits


class ScaleOnly(Refined):
    """Scales from z, means of 0: the scale hyperprior of Ballé et al., 2018."""

    def bits(self, batch: Batch) -> Tensor:
        """Bits of each crop, (B,), z included."""
        _, index = self.moves(batch)
        likelihood = gaussian_likelihood(batch.rounded, scales(batch.index + index))
        return bits_of(likelihood) + batch.z_bits


def scales(index: Tensor) -> Tensor:
    """The scales of fractional indexes, which are clipped to the table; gradients lead back in."""
    return scale_of(lower_bound(index, 0.0).clamp(max=SCALES - 1))


class Prior(Protocol):
    """What can be fitted."""

    def bits(self, batch: Batch) -> Tensor:
        """Bits of each crop, (B,)."""
        ...


def fit(
    prior: Prior,
    train: Frozen,
    seconds: float = 0.0,
    steps: int = 0,
    seed: int = 0,
    batch: int = 4,
    rate: float = 5e-3,
) -> int:
    """Fit a prior to crops for a budget of seconds or of steps; returns how many steps it took."""
    generator = torch.Generator().manual_seed(seed)
    elements = train.symbols[0].numel()

    def loss() -> Tensor:
        chosen = torch.randint(len(train), (batch,), generator=generator)
        return prior.bits(train[chosen].batch()).mean() / elements

    return len(minimize(prior, loss, seconds, steps, rate))


@torch.no_grad()
def bits_of_all(prior: Prior, crops: Frozen, batch: int = 8) -> np.ndarray:
    """Bits of each crop under a prior, (n,)."""
    parts = [prior.bits(crops[k : k + batch].batch()) for k in range(0, len(crops), batch)]
    return torch.cat(parts).numpy()


def integers_of(prior: Refined, model: Model, samples: Frozen) -> ContextCoder:
    """The coder of a fitted prior on top of a codec's hyperprior; samples: typical crops."""
    batch = samples.batch()
    typical = batch.trunk, batch.y_hat
    return ContextCoder.from_parts(model.coder, prior.kind, prior.folded(), typical, FEATURE_STEP)


def bytes_of(coder: ContextCoder, crops: Frozen, level: int) -> list[dict[str, bytes]]:
    """Each crop as it is written: the bytes of each stream."""
    files = []
    for crop in (crops[k] for k in range(len(crops))):
        encoders = for_each_stream(coder, lambda stream, tables: Encoder(tables))
        y = (crop.symbols + crop.mean / GRID).numpy()
        coder.code(encoders, y.shape, level, Latent(y, crop.z.numpy()))
        files.append({stream: encoder.finish() for stream, encoder in encoders.items()})
    return files


def read_again(
    coder: ContextCoder, data: dict[str, bytes], shape: tuple[int, int, int], level: int
) -> np.ndarray:
    """The latent of a file of `bytes_of`, decoded step by step: (M, h, w)."""
    decoders = for_each_stream(coder, lambda stream, tables: Decoder(tables, data[stream]))
    return coder.code(decoders, shape, level).y_hat
