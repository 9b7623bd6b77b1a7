"""What the experiments share: held-out crops, a short training, and a measurement.

A budget of seconds stands for 30 steps each, so that a run can be repeated exactly on a machine
that is faster or busier. Pictures are float tensors (B, 3, H, W) from 0 to 1.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from lic_course.errors import LicError
from lic_course.neural.composition import Composition
from lic_course.neural.objectives import mse_255
from lic_course.neural.priors import Factorized
from lic_course.neural.quantizers import Mixed
from lic_course.neural.sparse_gates import NoGate
from lic_course.neural.transforms import PlusLinear, Transform
from lic_course.training import Crops

STEPS_PER_SECOND = 30
CROP, BATCH, TESTS, TEST_SIZE = 64, 4, 12, 256

Loss = Callable[[Tensor], Tensor]


@dataclass
class Task:
    """Pictures to train on, crops to test on, the number of steps, and the seed."""

    pictures: list[np.ndarray]
    tests: Tensor
    steps: int
    seed: int

    def crops(self, size: int = CROP, batch: int = BATCH) -> Crops:
        """A fresh supply of training crops."""
        return Crops(self.pictures, size, batch, self.seed)


def task_of(pictures: list[np.ndarray], seconds: float, seed: int) -> Task:
    """Keep the last pictures, at most a quarter, for testing: their central crops."""
    count = min(TESTS, max(1, len(pictures) // 4))
    held, rest = pictures[-count:], pictures[:-count]
    held = [p for p in held if min(p.shape[:2]) >= TEST_SIZE]
    if not held or not rest:
        raise LicError(f"Experiments need several pictures of {TEST_SIZE}x{TEST_SIZE} and more.")
    tests = []
    for picture in held:
        top, left = ((n - TEST_SIZE) // 2 for n in picture.shape[:2])
        tests.append(picture[top : top + TEST_SIZE, left : left + TEST_SIZE])
    stack = torch.from_numpy(np.stack(tests)).permute(0, 3, 1, 2).float() / 255
    return Task(rest, stack, max(1, round(seconds * STEPS_PER_SECOND)), seed)


def compose(
    transform: Transform, quantizer: nn.Module | None = None, gate: nn.Module | None = None
) -> Composition:
    """A codec for one rate: by default mixed quantization, no gate; a factorized prior."""
    prior = Factorized(transform.M)
    return Composition(transform, quantizer or Mixed(), gate or NoGate(), prior)


def start_from_klt(network: Composition, task: Task) -> None:
    """Let the linear path of a transform start as the KLT of training blocks."""
    transform = network.transform
    assert isinstance(transform, PlusLinear)
    n = transform.stride
    transform.start_from_blocks(Crops(task.pictures, n, 1, 0).blocks(4000, n))


def rate_distortion(network: Composition, lmbda: float) -> Loss:
    """The loss bits per pixel + lambda * MSE of a network."""

    def loss(x: Tensor) -> Tensor:
        coded = network(x, torch.zeros(len(x)))
        return (coded.rate + lmbda * mse_255(x, coded.x_hat)).mean()

    return loss


def train(
    task: Task,
    modules: nn.Module,
    loss: Loss,
    steps: int | None = None,
    rate: float = 3e-3,
    parameters: Iterable[nn.Parameter] | None = None,
    at: Callable[[float], None] = lambda share: None,
) -> list[float]:
    """Minimize the loss by Adam, with a rate that falls to zero; returns the loss at each step.

    parameters: all of `modules` when None. at: called before each step with the share done.
    """
    torch.manual_seed(task.seed)
    crops, steps, history = task.crops(), steps or task.steps, []
    chosen = list(modules.parameters() if parameters is None else parameters)
    optimizer = torch.optim.Adam(chosen, rate, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    modules.train()
    for step in range(steps):
        at(step / steps)
        value = loss(crops.next())
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(chosen, 1.0)
        optimizer.step()
        schedule.step()
        history.append(value.item())
    modules.eval()
    return history


@torch.no_grad()
def measure(network: Composition, tests: Tensor, lmbda: float) -> dict[str, float]:
    """Bits per pixel, PSNR of the mean squared error, and the loss on tests, with true rounding."""
    network.eval()
    coded = network(tests, torch.zeros(len(tests)))
    bpp = coded.rate.mean().item()
    mse = mse_255(tests, coded.x_hat.clamp(0, 1)).mean().item()
    return {"bpp": digits(bpp), "psnr": digits(psnr(mse)), "loss": digits(bpp + lmbda * mse)}


def psnr(mse: float) -> float:
    """PSNR in dB of a squared error on the 8-bit scale."""
    return 10 * float(np.log10(255**2 / max(mse, 1e-9)))


def digits(value: float, count: int = 4) -> float:
    """A number as it is recorded: rounded to `count` significant digits."""
    return float(f"{value:.{count}g}")


def entropy(symbols: Tensor) -> float:
    """Bits for each of the whole numbers, by their own histogram."""
    numbers = symbols.flatten().long()
    counts = torch.bincount(numbers - numbers.min()).double()
    p = counts[counts > 0] / counts.sum()
    return float(-(p * torch.log2(p)).sum())
