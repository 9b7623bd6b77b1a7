"""The bake-off of priors: one frozen transform, and every prior fitted on its rounded latents.

Trained end to end, two entropy models change the transform too, and after a short training their
difference drowns in noise. Here the transform is frozen, so the distortion is the same for all, and
what is compared is only how many bits the same integers cost. A prior is any module with

    bits(y_hat) -> Tensor      # integers (B, M, h, w), as float, to bits of each picture (B,)

made by a function of sigma, (M,), the scales of the channels. Orderings come out within minutes on
a CPU.

    python -m lic_course.neural.variants bake-off --data FOLDER --seconds 60
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from lic_course.errors import LicError
from lic_course.neural.codec import Model
from lic_course.neural.latent_coders import round_latent
from lic_course.neural.minimize import minimize
from lic_course.neural.rounded_priors import FactorizedPrior, HyperpriorOnRounded

TEST_EVERY = 5  # each fifth picture is for testing


class Prior(Protocol):
    """What takes part: a module that tells the bits of rounded latents."""

    def bits(self, y_hat: Tensor) -> Tensor:
        """Bits of each picture, (B,), of integers y_hat, (B, M, h, w)."""
        ...


MakePrior = Callable[[Tensor], Prior]

PRIORS: dict[str, MakePrior] = {
    "factorized": FactorizedPrior,
    "scale hyperprior": partial(HyperpriorOnRounded, head="scale"),
    "mean-scale hyperprior": partial(HyperpriorOnRounded, head="mean-scale"),
}


@dataclass(frozen=True)
class Latents:
    """Rounded latents of crops, int16 (n, M, h, w), from different pictures for train and test."""

    train: Tensor
    test: Tensor
    pixels: int  # of one crop

    @property
    def sigma(self) -> Tensor:
        """The scale of each channel of the training latents, (M,), at least 0.2."""
        return self.train.float().std(dim=(0, 2, 3)).clamp(min=0.2)


def cache(
    model: Model,
    pictures: Sequence[np.ndarray],
    level: int = 128,
    size: int = 256,
    crops: int = 4,
    seed: int = 0,
) -> Latents:
    """Round the latents of some random crops of each picture, at a level of the gate from 0 to 255.

    An integer is subtracted from each channel, so that its training latents have a mean near 0.
    pictures: uint8 (H, W, 3), each at least size x size; LicError when fewer than ten are.
    """
    rng = np.random.default_rng(seed)
    large = [picture for picture in pictures if min(picture.shape[:2]) >= size]
    if len(large) < 10:
        raise LicError(f"The bake-off needs at least ten pictures of {size}x{size} pixels.")
    train, test = [], []
    for number, picture in enumerate(large):
        for _ in range(crops):
            top, left = (rng.integers(n - size + 1) for n in picture.shape[:2])
            y = model.analyze(picture[top : top + size, left : left + size], level).y
            rounded = torch.from_numpy(round_latent(y).astype(np.int16))
            (train if number % TEST_EVERY else test).append(rounded)
    y = torch.stack(train)
    center = y.float().mean(dim=(0, 2, 3)).round().to(torch.int16)[:, None, None]
    return Latents(y - center, torch.stack(test) - center, size * size)


@dataclass(frozen=True)
class Fitted:
    """A prior after its fit: test and training bits per pixel, and the steps it took."""

    prior: Prior
    bpp: float
    train_bpp: float
    steps: int


@torch.no_grad()
def bits_per_pixel(prior: Prior, y: Tensor, pixels: int, batch: int = 16) -> float:
    """What latents y, (n, M, h, w), cost under a prior in evaluation mode."""
    return sum(prior.bits(part.float()).sum().item() for part in y.split(batch)) / len(y) / pixels


def fit(
    make: MakePrior,
    latents: Latents,
    seconds: float = 0.0,
    steps: int = 0,
    seed: int = 0,
    batch: int = 8,
    rate: float = 3e-3,
) -> Fitted:
    """Fit one prior by maximum likelihood on the training latents, for a budget."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    prior = make(latents.sigma)

    def loss() -> Tensor:
        chosen = torch.randint(len(latents.train), (batch,), generator=generator)
        return prior.bits(latents.train[chosen].float()).mean() / latents.pixels

    losses = []
    if any(p.requires_grad for p in prior.parameters()):
        losses = minimize(prior, loss, seconds, steps, rate)
    prior.eval()
    test = bits_per_pixel(prior, latents.test, latents.pixels)
    train = bits_per_pixel(prior, latents.train[: len(latents.test)], latents.pixels)
    return Fitted(prior, test, train, len(losses))


def bake_off(
    latents: Latents,
    priors: Mapping[str, MakePrior] = PRIORS,
    seconds: float = 0.0,
    steps: int = 0,
    seed: int = 0,
    batch: int = 8,
    rate: float = 3e-3,
) -> dict[str, Fitted]:
    """Fit each prior on the same latents, with the same batches and the same budget."""
    budget = (seconds, steps, seed, batch, rate)
    return {name: fit(make, latents, *budget) for name, make in priors.items()}


def table(fitted: Mapping[str, Fitted]) -> dict[str, dict[str, float]]:
    """What to record: test and training bits per pixel, steps, and the change from the first."""
    first = next(iter(fitted.values())).bpp
    return {
        name: {
            "bpp": round(entry.bpp, 5),
            "train_bpp": round(entry.train_bpp, 5),
            "change_percent": round(100 * (entry.bpp / first - 1), 2),
            "steps": entry.steps,
        }
        for name, entry in fitted.items()
    }
