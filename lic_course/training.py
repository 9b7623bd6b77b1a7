"""Training of learned codecs: one function, `fit`, that survives a kill and ends in a weights file.

    lic train hyperprior --data FOLDER --minutes 60      # one process
    torchrun --nproc-per-node 2 -m lic_course train ...  # several, each with its part of the batch

The loss of a picture is bpp + lambda * MSE (8-bit scale), weighted so that no rate dominates.
"""

import csv
import json
import math
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from lic_course import images
from lic_course.errors import LicError
from lic_course.neural import cards, export, weights
from lic_course.neural.codec import fast_dtype
from lic_course.neural.composition import Composition
from lic_course.neural.objectives import DISTORTIONS
from lic_course.neural.priors import Factorized
from lic_course.neural.recipes import Recipe, build, from_card
from lic_course.neural.transforms import PlusLinear

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"}
SAVE_EVERY = 60.0  # seconds between two checkpoints
LMBDA_REFERENCE, LMBDA_POWER = 0.0067, -0.45  # of the weights of the rates


def pictures_in(folder: str | Path | None) -> list[np.ndarray]:
    """All color pictures below a folder; without one, the built-in pictures and dead leaves."""
    if folder is None:
        leaves = [images.dead_leaves(512, 512, seed) for seed in range(12)]
        return [p for name in images.BUILTIN if (p := images.builtin(name)).ndim == 3] + leaves
    paths = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in SUFFIXES)
    found = [images.read(path) for path in paths]
    found = [picture for picture in found if picture.ndim == 3]
    if not found:
        raise LicError(f"There are no color pictures (PNG, JPEG, WebP, TIFF) below {folder}.")
    return found


class Crops:
    """Random crops of pictures, flipped and turned at random: an endless supply of batches."""

    def __init__(self, pictures: list[np.ndarray], size: int, batch: int, seed: int) -> None:
        self.pictures = [p for p in pictures if min(p.shape[:2]) >= size]
        if not self.pictures:
            raise LicError(f"No picture is as large as a crop of {size}x{size} pixels.")
        self.size, self.batch = size, batch
        self.generator = torch.Generator().manual_seed(seed)

    def _integer(self, below: int) -> int:
        return int(torch.randint(below, (), generator=self.generator))

    def crop(self, size: int) -> np.ndarray:
        """One crop, uint8 (size, size, 3)."""
        picture = self.pictures[self._integer(len(self.pictures))]
        top, left = (self._integer(n - size + 1) for n in picture.shape[:2])
        patch = picture[top : top + size, left : left + size]
        turns = self._integer(8)
        if turns & 1:
            patch = patch[:, ::-1]
        if turns & 2:
            patch = patch[::-1]
        return patch.transpose(1, 0, 2) if turns & 4 else patch

    def blocks(self, count: int, size: int) -> Tensor:
        """`count` crops as float, (count, 3, size, size) from 0 to 1."""
        stack = np.stack([self.crop(size) for _ in range(count)])
        return torch.from_numpy(stack).permute(0, 3, 1, 2).float() / 255

    def next(self) -> Tensor:
        """A batch, (batch, 3, size, size) from 0 to 1."""
        return self.blocks(self.batch, self.size).contiguous(memory_format=torch.channels_last)


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

    def __init__(self, recipe: Recipe, pictures: list[np.ndarray], device: str = "cpu") -> None:
        self.recipe, self.device = recipe, torch.device(device)
        self.rank, self.processes = _process()
        torch.manual_seed(recipe.seed + 1000 * self.rank)
        share = max(1, recipe.batch // self.processes)
        self.crops = Crops(pictures, recipe.crop, share, recipe.seed + 1000 * self.rank)
        self.network = self._start().to(self.device, memory_format=torch.channels_last)
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
            copy_floats(network, weights.load(weights.path_of(self.recipe.start)).arrays)
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
        return min(1.0, self.seconds / (60 * self.recipe.minutes))

    def loss_of(self, x: Tensor) -> tuple[Tensor, float, float]:
        """The loss of a batch at random rates, its bits per pixel and its PSNR."""
        gate = self.network.gate
        level = torch.rand(len(x), device=x.device) * (gate.levels - 1)
        lmbda = gate.lmbda(level)
        short = torch.bfloat16 if x.device.type == "cuda" else fast_dtype()
        with torch.autocast(x.device.type, short, enabled=short != torch.float32):
            coded = self.network(x, level)
        x_hat = coded.x_hat.float()
        weight = (lmbda / LMBDA_REFERENCE) ** LMBDA_POWER
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


def fit(
    recipe: Recipe,
    pictures: list[np.ndarray],
    checkpoint: Path | None = None,
    device: str = "cpu",
    report: Callable[[Progress], None] = lambda progress: None,
) -> Trainer:
    """Train until the budget is spent; a restart goes on from the last checkpoint, one a minute."""
    trainer = Trainer(recipe, pictures, device)
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
    if trainer.rank:
        return ""
    samples = [Crops(trainer.crops.pictures, 256, 1, seed).blocks(1, 256) for seed in range(32)]
    arrays = export.arrays_of(trainer.result(), recipe.parts, samples)
    card = cards.card_of(recipe, trainer.progress(), sources_of(folder, len(pictures)), device)
    weights.store(target, arrays, card)
    return weights.fingerprint(arrays).hex()


def sources_of(folder: Path | None, count: int) -> dict:
    """What the card says of the pictures: how many by license, if a file FOLDER.csv tells."""
    if folder is None:
        return {"pictures": count, "source": "the built-in pictures and dead leaves"}
    table = Path(folder).with_suffix(".csv")
    if not table.is_file():
        return {"pictures": count, "source": f"a folder named {Path(folder).name}"}
    with table.open(newline="", encoding="utf-8") as file:
        licenses = Counter(_license(row) for row in csv.DictReader(file))
    return {
        "pictures": count,
        "source": f"a folder named {Path(folder).name}",
        "licenses": dict(licenses.most_common()),
    }


def _license(row: dict[str, str]) -> str:
    """The column "license" of a table's row, in any spelling; "?" when it is empty or missing."""
    return next((text for name, text in row.items() if name.startswith("licen") and text), "?")


def without_budget(recipe: Recipe) -> Recipe:
    """The recipe with its budget left open."""
    return replace(recipe, minutes=0.0, steps=0)


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
