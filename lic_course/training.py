"""Training of learned codecs: one function, `fit`, that survives a kill and ends in a weights file.

    lic train hyperprior --data FOLDER --minutes 60      # one process
    torchrun --nproc-per-node 2 -m lic_course train ...  # several, each with its part of the batch

At the end only the prior may go on to learn, with the transform frozen: see `PriorTrainer`.
The loss of a picture is bpp + lambda * MSE (8-bit scale), weighted so that no rate dominates.
"""

import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from lic_course.errors import LicError
from lic_course.neural import cards, export, weights
from lic_course.neural.codec import fast_dtype
from lic_course.neural.composition import Composition
from lic_course.neural.objectives import DISTORTIONS
from lic_course.neural.priors import Factorized
from lic_course.neural.quantizers import StraightThrough
from lic_course.neural.recipes import Recipe, build, from_card
from lic_course.neural.transforms import PlusLinear
from lic_course.training_data import Crops, pictures_in, sources_of

SAVE_EVERY = 60.0  # seconds between two checkpoints
SAMPLES = 96  # pictures to which ranges and tables are fitted at the end
LMBDA_REFERENCE, LMBDA_POWER = 0.0067, -0.45  # of the weights of the rates


@dataclass
class Progress:
    """How far a training is, for whoever watches it."""

    step: int
    seconds: float
    share: float  # of the budget, 0 to 1
    loss: float  # running mean
    bpp: float
    psnr: float
    skipped: int


class Trainer:
    """A training in progress: network, averaged weights, optimizer, and where it stands."""

    def __init__(
        self,
        recipe: Recipe,
        pictures: list[np.ndarray],
        device: str = "cpu",
        network: Composition | None = None,
    ) -> None:
        self.recipe, self.device = recipe, torch.device(device)
        self.rank, self.processes = _process()
        torch.manual_seed(recipe.seed + 1000 * self.rank)
        share = max(1, recipe.batch // self.processes)
        self.crops = Crops(pictures, recipe.crop, share, recipe.seed + 1000 * self.rank)
        network = network or self._start()
        self.network = network.to(self.device, memory_format=torch.channels_last)
        self.average = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        self.optimizer = torch.optim.Adam(self._groups(), lr=recipe.learning_rate, fused=True)
        self.distortion = DISTORTIONS[recipe.distortion]
        self.step, self.seconds, self.skipped = 0, 0.0, 0
        self.means: dict[str, float] = {}

    def _start(self) -> Composition:
        """The network as the recipe starts it: from blocks, from noise, or from other weights."""
        torch.manual_seed(self.recipe.seed)  # the same in all processes
        network = build(self.recipe.parts)
        if self.recipe.start == "blocks" and isinstance(network.transform, PlusLinear):
            blocks = Crops(self.crops.pictures, network.transform.stride, 1, 0).blocks(
                8000, network.transform.stride
            )
            sigma = network.transform.start_from_blocks(blocks)
            if hasattr(network.prior, "start_at"):
                network.prior.start_at(sigma)
        elif self.recipe.start not in ("blocks", "noise"):
            for name in self.recipe.start.split("+"):
                copy_floats(network, weights.load(weights.path_of(name)).arrays)
            if isinstance(network.prior, Factorized):
                network.prior.start_at(self._scales(network))
        torch.manual_seed(self.recipe.seed + 1000 * self.rank)
        return network

    @torch.no_grad()
    def _scales(self, network: Composition) -> Tensor:
        """The standard deviations of the latent's channels before the gain, (M,)."""
        x = Crops(self.crops.pictures, self.recipe.crop, 16, 0).next()
        return network.transform.analysis(x).float().std(dim=(0, 2, 3))

    def _groups(self) -> list[dict]:
        """The parameters, and how much faster than the rest each group learns: gains do 5 times."""
        gains = list(self.network.gate.parameters())
        rest = [p for n, p in self.network.named_parameters() if not n.startswith("gate.")]
        return [{"params": rest, "faster": 1.0}, {"params": gains, "faster": 5.0}]

    @property
    def share(self) -> float:
        """How much of the budget is spent, from 0 to 1."""
        if self.recipe.steps:
            return min(1.0, self.step / self.recipe.steps)
        return min(1.0, self.seconds / (60 * self.recipe.minutes)) if self.recipe.minutes else 1.0

    def levels(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Random levels of the gate, their lambda, and their weight in the loss, (count,) each."""
        gate = self.network.gate
        level = torch.rand(count, device=self.device) * (gate.levels - 1)
        lmbda = gate.lmbda(level)
        return level, lmbda, (lmbda / LMBDA_REFERENCE) ** LMBDA_POWER

    def fast(self) -> torch.autocast:
        """Computes in bfloat16 where the device is fast with it."""
        short = torch.bfloat16 if self.device.type == "cuda" else fast_dtype()
        return torch.autocast(self.device.type, short, enabled=short != torch.float32)

    def loss_of(self, x: Tensor) -> tuple[Tensor, float, float]:
        """The loss of a batch at random rates, its bits per pixel and its PSNR."""
        level, lmbda, weight = self.levels(len(x))
        with self.fast():
            coded = self.network(x, level)
        x_hat = coded.x_hat.float()
        loss = ((coded.rate + lmbda * self.distortion(x, x_hat)) * weight).mean()
        mse = (x_hat.detach() - x).square().mean().item()
        return loss, coded.rate.mean().item(), -10 * math.log10(max(mse, 1e-10))

    def advance(self) -> None:
        """One step: a batch, its gradients, the optimizer, and the averaged weights."""
        started = time.monotonic()
        warm = min(1.0, (self.step + 1) / max(1, self.recipe.warm_up))
        rate = self.recipe.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * self.share))
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["faster"]
        loss, bpp, psnr = self.loss_of(self.crops.next().to(self.device))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._share_gradients()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        if torch.isfinite(norm):
            self.optimizer.step()
            self._average()
            self._note(loss=loss.item(), bpp=bpp, psnr=psnr)
        else:
            self.skipped += 1
        self.step += 1
        self.seconds += time.monotonic() - started

    def _share_gradients(self) -> None:
        if self.processes > 1:
            for parameter in self.network.parameters():
                if parameter.grad is not None:
                    dist.all_reduce(parameter.grad)
                    parameter.grad /= self.processes

    @torch.no_grad()
    def _average(self) -> None:
        keep = min(self.recipe.ema, (1 + self.step) / (10 + self.step))
        now = self.network.state_dict()
        torch._foreach_lerp_(
            list(self.average.values()), [now[name] for name in self.average], 1 - keep
        )

    def _note(self, **values: float) -> None:
        for name, value in values.items():
            self.means[name] = 0.98 * self.means.get(name, value) + 0.02 * value

    def progress(self) -> Progress:
        """Where the training stands."""
        means = (self.means.get(name, math.nan) for name in ("loss", "bpp", "psnr"))
        return Progress(self.step, self.seconds, self.share, *means, self.skipped)

    def result(self) -> Composition:
        """The network with the averaged weights."""
        network = build(self.recipe.parts)
        network.load_state_dict({name: value.cpu() for name, value in self.average.items()})
        return network.eval()

    def save(self, path: Path) -> None:
        """Write a checkpoint beside, then rename: a kill leaves the old one or the new one."""
        state = {
            "recipe": json.dumps(self.recipe.as_card), "step": self.step, "seconds": self.seconds,
            "skipped": self.skipped, "means": self.means, "network": self.network.state_dict(),
            "average": self.average, "optimizer": self.optimizer.state_dict(),
            "crops": self.crops.generator.get_state(), "random": torch.get_rng_state(),
        }  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            torch.save(state, temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint of the same recipe; only its budget may have changed."""
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            recipe = from_card(json.loads(state["recipe"]))
        except Exception as error:
            raise LicError(
                f"The checkpoint {path} cannot be read: delete it to start anew."
            ) from error
        if without_budget(recipe) != without_budget(self.recipe):
            raise LicError(f"The checkpoint {path} is of other settings: delete it to start anew.")
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average = state["average"]
        self.step, self.seconds = state["step"], state["seconds"]
        self.skipped, self.means = state["skipped"], state["means"]
        self.crops.generator.set_state(state["crops"].cpu())
        torch.set_rng_state(state["random"].cpu())


class PriorTrainer(Trainer):
    """Only the prior of a network learns, for latents of its frozen transform, without a decoder.

    The rate is that of latents rounded as in use, with a derivative of 1, so that small scales are
    learned without the bias of noise.
    """

    def __init__(
        self, recipe: Recipe, pictures: list[np.ndarray], device: str, network: Composition
    ) -> None:
        recipe = replace(recipe, minutes=recipe.polish)
        network.requires_grad_(False).prior.requires_grad_(True)
        super().__init__(recipe, pictures, device, network.train())
        self.quantizer = StraightThrough()

    def _groups(self) -> list[dict]:
        """A new context learns fast, what it refines slowly, as it was trained before."""
        prior = dict(self.network.prior.named_parameters())
        new = [p for name, p in prior.items() if name.startswith("parts.")]
        known = [p for name, p in prior.items() if not name.startswith("parts.")]
        if not new:
            return [{"params": known, "faster": 1.0}]
        return [{"params": known, "faster": 0.1}, {"params": new, "faster": 1.0}]

    def loss_of(self, x: Tensor) -> tuple[Tensor, float, float]:
        """The rate of a batch at random levels; there is no PSNR."""
        level, _, weight = self.levels(len(x))
        setting = self.network.gate(level)
        with self.fast():
            y = self.network.transform.analysis(x) * setting.gain
            rated = self.network.prior(y, self.quantizer, setting)
        rate = sum(rated.bits.values()) / (x.shape[-2] * x.shape[-1])
        return (rate * weight).mean(), rate.mean().item(), math.nan


def fit(
    recipe: Recipe,
    pictures: list[np.ndarray],
    checkpoint: Path | None = None,
    device: str = "cpu",
    report: Callable[[Progress], None] = lambda progress: None,
) -> Trainer:
    """Train until the budget is spent; a restart goes on from the last checkpoint, one a minute."""
    return _run(Trainer(recipe, pictures, device), checkpoint, report)


def polish(
    trainer: Trainer,
    pictures: list[np.ndarray],
    checkpoint: Path | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Trainer:
    """Let only the prior of a trained network learn on, for the recipe's minutes of that."""
    own = checkpoint and checkpoint.with_suffix(".prior.pt")
    found = PriorTrainer(trainer.recipe, pictures, str(trainer.device), trainer.result())
    return _run(found, own, report)


def _run(trainer: Trainer, checkpoint: Path | None, report: Callable[[Progress], None]) -> Trainer:
    if checkpoint is not None and checkpoint.is_file():
        trainer.resume(checkpoint)
    saved = time.monotonic()
    while trainer.share < 1:
        trainer.advance()
        report(trainer.progress())
        if checkpoint is not None and trainer.rank == 0 and time.monotonic() - saved > SAVE_EVERY:
            trainer.save(checkpoint)
            saved = time.monotonic()
    if checkpoint is not None and trainer.rank == 0:
        trainer.save(checkpoint)
    return trainer


def train_weights(
    recipe: Recipe,
    folder: Path | None,
    target: Path,
    checkpoint: Path,
    device: str = "cpu",
    report: Callable[[Progress], None] = lambda progress: None,
) -> str:
    """Train, and write weights and card; returns the fingerprint ("" in all processes but one)."""
    pictures = pictures_in(folder)
    trainer = fit(recipe, pictures, checkpoint, device, report)
    steps, seconds = trainer.step, trainer.seconds
    if recipe.polish:
        trainer = polish(trainer, pictures, checkpoint, report)
    if trainer.rank:
        return ""
    samples = [Crops(pictures, 256, 1, seed).blocks(1, 256) for seed in range(SAMPLES)]
    arrays = export.arrays_of(trainer.result(), recipe.parts, samples)
    card = cards.card_of(recipe, trainer.progress(), sources_of(folder, len(pictures)), device)
    if recipe.polish:
        card |= {"steps": steps, "seconds": round(seconds)}
        card |= {"prior_steps": trainer.step, "prior_seconds": round(trainer.seconds)}
    weights.store(target, arrays, card)
    return weights.fingerprint(arrays).hex()


def without_budget(recipe: Recipe) -> Recipe:
    """The recipe with its budget left open."""
    return replace(recipe, minutes=0.0, steps=0, polish=0.0)


def copy_floats(network: Composition, arrays: dict[str, np.ndarray]) -> None:
    """Copy from weights all parameters that the network has under the same name and shape."""
    own = network.state_dict()
    for key, array in arrays.items():
        name = key.removeprefix("net.")
        if key.startswith("net.") and name in own and own[name].shape == array.shape:
            own[name].copy_(torch.from_numpy(array.astype(np.float32)))


def _process() -> tuple[int, int]:
    """Rank and number of the processes that torchrun started, 0 and 1 without it."""
    if "RANK" not in os.environ:
        return 0, 1
    if not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return dist.get_rank(), dist.get_world_size()
