"""The autoencoder family of the survey (section IV-A): transforms, quantizers and starts."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lic_course.neural.composition import Composition
from lic_course.neural.early_transforms import PReluAutoencoder, Rotation
from lic_course.neural.layers import GDN
from lic_course.neural.objectives import mse_255
from lic_course.neural.quantizers import (
    LearnedStep,
    Mixed,
    Noise,
    Quantizer,
    SoftToHard,
    StraightThrough,
)
from lic_course.neural.transforms import Balle2017, PlusLinear
from lic_course.neural.variants import experiment
from lic_course.neural.variants.small import (
    Task,
    compose,
    digits,
    entropy,
    measure,
    psnr,
    rate_distortion,
    start_from_klt,
    task_of,
    train,
)

N, M, LMBDA = 24, 48, 0.01


def replace_gdn(network: nn.Sequential, make) -> None:
    """Put make(GDN) in place of each GDN of a network."""
    for index, layer in enumerate(network):
        if isinstance(layer, GDN):
            network[index] = make(layer)


@experiment("gdn", "29", "GDN has a lower loss than LeakyReLU after equally many steps")
def gdn(pictures, seconds: float, seed: int) -> dict:
    """GDN, LeakyReLU, and GDN that divides in the decoder too, each from the same noise."""
    task, found = task_of(pictures, seconds, seed), {}
    for name in ("gdn", "leaky-relu", "gdn-in-the-decoder"):
        torch.manual_seed(seed)
        network = compose(Balle2017(N, M))
        if name == "leaky-relu":
            for part in (network.transform.g_a, network.transform.g_s):
                replace_gdn(part, lambda layer: nn.LeakyReLU())
        if name == "gdn-in-the-decoder":
            replace_gdn(network.transform.g_s, lambda layer: GDN(len(layer.beta.root)))
        train(task, network, rate_distortion(network, LMBDA))
        found[name] = measure(network, task.tests, LMBDA)
    return found


@experiment("start", "29", "a linear path that starts as the KLT is ahead of a start from noise")
def start(pictures, seconds: float, seed: int) -> dict:
    """The same network from noise and from the KLT: loss while it trains, and on tests."""
    task, found = task_of(pictures, seconds, seed), {}
    for name in ("noise", "klt"):
        torch.manual_seed(seed)
        network = compose(PlusLinear(Balle2017(N, M)))
        if name == "klt":
            start_from_klt(network, task)
        history = torch.tensor(train(task, network, rate_distortion(network, LMBDA)))
        curve = [digits(float(part.mean()), 3) for part in history.chunk(20)]
        found[name] = measure(network, task.tests, LMBDA) | {"curve": curve}
    return found


class Unrounded(Quantizer):
    """No surrogate: training sees y itself, as if nothing were ever rounded."""

    def surrogate(self, y: Tensor, mu: Tensor | float) -> tuple[Tensor, Tensor]:
        """See Quantizer."""
        return y, y


@torch.no_grad()
def as_trained(network: Composition, tests: Tensor, lmbda: float) -> float:
    """The loss on tests with the surrogate in place of rounding."""
    network.train()
    return digits(float(rate_distortion(network, lmbda)(tests)))


@experiment("surrogates", "41", "without a surrogate the loss jumps when rounding sets in")
def surrogates(pictures, seconds: float, seed: int) -> dict:
    """The loss on tests as training sees it, and with true rounding, for four quantizers."""
    task, found = task_of(pictures, seconds, seed), {}
    kinds = {
        "none": Unrounded,
        "noise": Noise,
        "straight-through": StraightThrough,
        "mixed": Mixed,
    }
    for name, kind in kinds.items():
        torch.manual_seed(seed)
        network = compose(PlusLinear(Balle2017(N, M)), kind())
        start_from_klt(network, task)
        train(task, network, rate_distortion(network, LMBDA))
        seen = as_trained(network, task.tests, LMBDA)
        found[name] = {"loss_as_trained": seen} | measure(network, task.tests, LMBDA)
    return found


def with_steps(task: Task, lmbda: float, learn: bool, quantizer: Quantizer) -> Composition:
    """A codec trained from the KLT at one rate, with a step per channel, learned or fixed.

    The steps start where theory wants them: in proportion to 1 / sqrt(lambda).
    """
    torch.manual_seed(task.seed)
    step = (LMBDA / lmbda) ** 0.5
    network = compose(PlusLinear(Balle2017(N, M)), quantizer, LearnedStep(M, step))
    start_from_klt(network, task)
    network.gate.requires_grad_(learn)
    train(task, network, rate_distortion(network, lmbda), parameters=trainable(network))
    return network


def trainable(network: nn.Module) -> list[nn.Parameter]:
    """The parameters that want gradients."""
    return [p for p in network.parameters() if p.requires_grad]


@experiment("scale-vectors", "41", "one network and a vector of scales per rate give a curve")
def scale_vectors(pictures, seconds: float, seed: int) -> dict:
    """Freeze a network, learn only scales for other rates; against one common factor."""
    task = task_of(pictures, seconds, seed)
    network = with_steps(task, 0.02, False, Mixed())
    network.requires_grad_(False)
    found = {"base at 0.02": measure(network, task.tests, 0.02)}
    for lmbda in (0.01, 0.005, 0.0025):
        found[f"common factor at {lmbda}"] = best_factor(network, task.tests, lmbda)
    network.gate.requires_grad_(True)
    for lmbda in (0.01, 0.005, 0.0025):
        train(task, network, rate_distortion(network, lmbda), task.steps // 4, 2e-2,
              network.gate.parameters())  # fmt: skip
        found[f"scales at {lmbda}"] = measure(network, task.tests, lmbda)
    alone = with_steps(task, 0.0025, False, Mixed())
    return found | {"own network at 0.0025": measure(alone, task.tests, 0.0025)}


def best_factor(network: Composition, tests: Tensor, lmbda: float) -> dict[str, float]:
    """The best of several factors for all steps at a rate."""
    rows = []
    for factor in (1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0):
        network.gate.multiplier = factor
        rows.append({"factor": factor} | measure(network, tests, lmbda))
    network.gate.multiplier = 1.0
    return min(rows, key=lambda row: row["loss"])


@experiment("learned-step", "44", "one transform serves many steps, nearly as well as its own")
def learned_step(pictures, seconds: float, seed: int) -> dict:
    """Multiply the learned steps after the training; compare with training for the other rate."""
    task = task_of(pictures, seconds, seed)
    network = with_steps(task, 0.02, True, Noise())
    step = network.gate.log_step.detach().exp()
    found = {"steps": [digits(float(v), 3) for v in (step.min(), step.median(), step.max())]}
    for factor in (0.7, 1.0, 1.5, 2.0, 3.0, 4.0):
        network.gate.multiplier = factor
        found[f"times {factor:g}"] = measure(network, task.tests, 0.02)
    for lmbda in (0.005, 0.002):
        alone = with_steps(task, lmbda, True, Noise())
        found[f"own network at {lmbda}"] = measure(alone, task.tests, lmbda)
    return found


def vectors_against_scalars(correlation: float, seed: int) -> float:
    """How many dB 16 centers in the plane gain over 4 times 4 levels, on Gaussian pairs."""
    torch.manual_seed(seed)
    mix = torch.linalg.cholesky(torch.tensor([[1.0, correlation], [correlation, 1.0]]))
    z = torch.randn(2000, 2) @ mix.T
    errors = []
    for centers, data in (
        (z[:16], z),
        (torch.linspace(-1.5, 1.5, 4)[:, None], z.flatten()[:, None]),
    ):
        quantizer = SoftToHard(centers, (2.0, 200.0))
        optimizer = torch.optim.Adam(quantizer.parameters(), 0.03)
        for step in range(150):
            quantizer.anneal(step / 150)
            loss = (quantizer(data) - data).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        errors.append((quantizer.hard(data) - data).square().mean().detach())
    return digits(float(10 * torch.log10(errors[1] / errors[0])), 3)


def whitened_klt(task: Task) -> PlusLinear:
    """The KLT with channels of variance 1, as few centers around 0 need it."""
    transform = PlusLinear(Balle2017(N, N))
    sigma = transform.start_from_blocks(task.crops().blocks(4000, transform.stride))
    with torch.no_grad():
        transform.P[1].weight.div_(sigma[:, None, None, None])
        transform.Q[0].weight.mul_(sigma[:, None, None])
    return transform


@experiment("soft-to-hard", "42", "annealing closes the gap between soft and hard assignments")
def soft_to_hard(pictures, seconds: float, seed: int) -> dict:
    """Six centers per value, soft in training: annealed, and as soft to the end as at the start."""
    task, found = task_of(pictures, seconds, seed), {}
    for name, hardness in {"annealed": (1.0, 50.0), "constant": (1.0, 1.0)}.items():
        torch.manual_seed(seed)
        transform = whitened_klt(task)
        quantizer = SoftToHard(torch.linspace(-2, 2, 6)[:, None], hardness)

        def loss(x: Tensor, transform=transform, quantizer=quantizer) -> Tensor:
            y = transform.analysis(x)
            bpp = quantizer.bits(y) / (x.shape[0] * x.shape[2] * x.shape[3])
            return bpp + LMBDA * mse_255(x, transform.synthesis(quantizer(y))).mean()

        both = nn.ModuleList([transform, quantizer])
        train(task, both, loss, at=quantizer.anneal)
        with torch.no_grad():
            hard = float(loss(task.tests))
            quantizer.train()
            soft = float(loss(task.tests))
        found[name] = {"soft_loss": digits(soft), "hard_loss": digits(hard)}
    gains = {f"correlation {c}": vectors_against_scalars(c, seed) for c in (0.0, 0.9)}
    return found | {"vectors_against_scalars_db": gains}


@torch.no_grad()
def rotated_bits(transform: PReluAutoencoder, task: Task, relative_step: float) -> dict:
    """Bits per pixel of the maps as they are and rotated, and what the rotation does to them."""
    y_train = transform.analysis(task.crops(batch=64).next())
    rotation, y = Rotation(y_train), transform.analysis(task.tests)
    step, found = relative_step * float(y_train.std(dim=(0, 2, 3)).mean()), {}
    for name, maps in {
        "as they are": y - rotation.mean[:, None, None],
        "rotated": rotation(y),
    }.items():
        q = torch.round(maps / step)
        back = q * step
        back = rotation.back(back) if name == "rotated" else back + rotation.mean[:, None, None]
        mse = F.mse_loss(transform.synthesis(back).clamp(0, 1), task.tests).item() * 255**2
        variance = maps.var(dim=(0, 2, 3))
        bits = sum(entropy(channel) for channel in q.transpose(0, 1)) / transform.stride**2
        gain = 10 * torch.log10(variance.mean() / variance.clamp(min=1e-12).log().mean().exp())
        found[name] = {
            "bpp": digits(bits),
            "psnr": digits(psnr(mse)),
            "coding_gain_db": digits(float(gain), 3),
            "maps_with_99_percent": int((variance.sort(descending=True)[0].cumsum(0)
                                         < 0.99 * variance.sum()).sum()) + 1,
        }  # fmt: skip
    return found


@experiment("pca-rotation", "45", "rotating the latent to its principal axes saves bits")
def pca_rotation(pictures, seconds: float, seed: int) -> dict:
    """A PReLU autoencoder trained for the squared error alone, and one trained with a rate."""
    task, found = task_of(pictures, seconds, seed), {}
    for name in ("without a rate", "with a rate"):
        torch.manual_seed(seed)
        network = compose(PReluAutoencoder(16, 24))

        def squared_error(x: Tensor, network=network) -> Tensor:
            transform = network.transform
            return 0.01 * mse_255(x, transform.synthesis(transform.analysis(x))).mean()

        with_rate = name == "with a rate"
        train(task, network, rate_distortion(network, LMBDA) if with_rate else squared_error)
        found[name] = rotated_bits(network.transform, task, 0.5)
    return found
