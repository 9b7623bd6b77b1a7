"""Experiments of the variational family that train transforms or filters; see variational.py."""

from itertools import combinations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lic_course import codec
from lic_course.neural.codec import Model, write_streams
from lic_course.neural.conditional import ConditionalAutoencoder
from lic_course.neural.latent_coders import LEVELS
from lic_course.neural.minimize import minimize
from lic_course.neural.post_filter import PostFilter
from lic_course.neural.recurrent_vae import Draw
from lic_course.neural.variants import experiment
from lic_course.training import Crops

LMBDAS = (0.002, 0.008, 0.032)
STEPS = (0.5, 0.7, 0.84, 1.0, 1.2, 1.4, 2.0)


def _tensor(pictures: list[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


def _psnr(x: Tensor, x_hat: Tensor) -> float:
    """Mean PSNR of pictures from 0 to 1, each rounded to 8 bits."""
    rounded = torch.round(x_hat.clamp(0, 1) * 255) / 255
    mse = (x - rounded).flatten(1).square().mean(1).clamp(min=1e-9)
    return round((-10 * torch.log10(mse)).mean().item(), 3)


def _decoded(name: str, quality: float, pictures: list[np.ndarray]) -> Tensor:
    coder = codec.get(name)
    return _tensor([coder.decode(coder.encode(p, quality), p.shape) for p in pictures])


def _filter_gain(x: Tensor, x_hat: Tensor, test: int, seconds: float, seed: int) -> dict:
    """Train a filter on all but the first `test` pictures; PSNR of those before and after."""
    torch.manual_seed(seed)
    net = PostFilter()

    def loss() -> Tensor:
        k = torch.randint(test, len(x), (8,))
        top, left = (2 * torch.randint(0, (x.shape[-1] - 64) // 2, (2,))).tolist()
        window = (k, slice(None), slice(top, top + 64), slice(left, left + 64))
        return (net(x_hat[window]) - x[window]).square().mean() * 255**2

    losses = minimize(net, loss, seconds, rate=2e-3)
    with torch.no_grad():
        after = net(x_hat[:test])
    before = _psnr(x[:test], x_hat[:test])
    return {"before": before, "after": _psnr(x[:test], after), "steps": len(losses)}


@experiment("post-filter", "47", "a gain at low rate, none at high rate; and it helps JPEG too")
def run_post_filter(pictures: list[np.ndarray], seconds: float, seed: int) -> dict:
    """The same filter behind three decoders: 40 crops for testing, 160 of other pictures before."""
    torch.set_num_threads(1)
    fifth, chosen = max(1, len(pictures) // 5), []
    for part, count in ((pictures[:fifth], 40), (pictures[fifth:], 160)):
        crops = Crops(part, 128, 1, seed)
        chosen += [np.ascontiguousarray(crops.crop(128)) for _ in range(count)]
    settings = {"hyperprior, low": ("hyperprior", 10), "hyperprior, high": ("hyperprior", 80)}
    settings["jpeg"] = ("jpeg", 10)
    return {
        name: {"quality": setting[1]}
        | _filter_gain(_tensor(chosen), _decoded(*setting, chosen), 40, seconds, seed)
        for name, setting in settings.items()
    }


def _train_rates(
    lmbdas: tuple[float, ...], widths: bool, crops: Crops, seconds: float, seed: int
) -> ConditionalAutoencoder:
    """Train one network for all of these lambdas, with a random step from 1/2 to 2 if `widths`."""
    torch.manual_seed(seed)
    every = torch.tensor(lmbdas)
    net = ConditionalAutoencoder(len(lmbdas), gains=(every / LMBDAS[1]).sqrt())

    def loss() -> Tensor:
        x = crops.next()
        rate = torch.randint(len(lmbdas), (len(x),))
        step = 2 ** (2 * torch.rand(len(x), 1, 1, 1) - 1) if widths else torch.ones(len(x), 1, 1, 1)
        x_hat, bits = net(x, rate, step)
        mse = (x_hat - x).flatten(1).square().mean(1) * 255**2
        bpp = bits / x[0, 0].numel()
        return ((bpp + every[rate] * mse) * (every[rate] / 0.008) ** -0.5).mean()

    minimize(net, loss, seconds, rate=2e-3)
    return net


def _point(
    net: ConditionalAutoencoder, x: Tensor, rate: int, lmbda: float, step: float = 1.0
) -> dict:
    """Bits per pixel and PSNR of one rate and step, and the loss: bpp + lambda * MSE."""
    torch.manual_seed(0)
    rates, steps = torch.full((len(x),), rate), torch.full((len(x), 1, 1, 1), step)
    with torch.no_grad():
        x_hat, bits = net(x, rates, steps)
    bpp = bits.mean().item() / x[0, 0].numel()
    loss = bpp + lmbda * (255**2) * (x_hat.clamp(0, 1) - x).square().mean().item()
    return {"bpp": round(bpp, 4), "psnr": _psnr(x, x_hat), "loss": round(loss, 4)}


@experiment("conditional", "97", "one conditional model within 0.3 dB of one model for each rate")
def run_conditional(pictures: list[np.ndarray], seconds: float, seed: int) -> dict:
    """One model for three rates against three, each trained as long as it, and a sweep of steps."""
    torch.set_num_threads(1)
    crops = Crops(pictures[len(pictures) // 5 :], 64, 8, seed)
    x = Crops(pictures[: len(pictures) // 5], 128, 32, seed).next()
    one = {w: _train_rates(LMBDAS, w, crops, seconds, seed) for w in (True, False)}
    each = [_train_rates((lmbda,), False, crops, seconds, seed) for lmbda in LMBDAS]
    points = list(enumerate(LMBDAS))
    return {
        "lambdas": LMBDAS,
        "separate": [_point(each[k], x, 0, lmbda) for k, lmbda in points],
        "conditional": [_point(one[False], x, k, lmbda) for k, lmbda in points],
        "conditional, random steps": [_point(one[True], x, k, lmbda) for k, lmbda in points],
        "steps 0.5 to 2 at the middle rate": {
            name: [_point(one[w], x, 1, LMBDAS[1], step) for step in STEPS]
            for name, w in (("trained with random steps", True), ("trained with 1", False))
        },
    }


def linear_inverse(model: Model, level: int) -> Tensor:
    """The inverse gain at a level when it is interpolated linearly: the bug of lesson 07."""
    gate = model.network.gate
    place = level / (LEVELS - 1) * (gate.levels - 1)
    low = min(int(place), gate.levels - 2)
    ends = gate.log_inverse[low : low + 2].exp()
    return (1 - (place - low)) * ends[0] + (place - low) * ends[1]


@experiment("gain-vectors", "98", "rates between two trained ones are monotone and on the curve")
def run_gains(pictures: list[np.ndarray], seconds: float, seed: int) -> dict:
    """Bytes and PSNR of the codec `hyperprior` at and between the levels of its gate."""
    torch.set_num_threads(1)
    model = Model.load("hyperprior")
    chosen = [p[:256, :256] for p in pictures[:: max(1, len(pictures) // 12)][:12]]
    x, rows = _tensor(chosen), []
    for quarter in range(4, 25, 2):  # in quarters of the distance between two levels
        level = round(quarter / 4 / (model.network.gate.levels - 1) * (LEVELS - 1))
        size, right, wrong = 0, [], []
        for picture in chosen:
            latent = model.analyze(picture, level)
            size += sum(map(len, write_streams(model, latent, level).values()))
            y = np.rint(latent.y)
            right.append(model.synthesize(y, level, picture.shape))
            with torch.no_grad():
                gate = model._setting(level).inverse[0]
                ratio = (linear_inverse(model, level)[:, None, None] / gate).numpy()
            wrong.append(model.synthesize(y * ratio, level, picture.shape))
        rows.append(
            {
                "level": quarter / 4,
                "bpp": round(8 * size / x[:, 0].numel(), 4),
                "psnr": _psnr(x, _tensor(right)),
                "psnr, inverse interpolated linearly": _psnr(x, _tensor(wrong)),
            }
        )
    return {"weights": model.fingerprint.hex(), "rows": rows}


def _gray(pictures: list[np.ndarray], count: int, seed: int) -> Tensor:
    """Gray pictures of 16x16, each 128x128 pixels made small: (count, 1, 16, 16), about -1 to 1."""
    x = Crops(pictures, 128, count, seed).next().mean(dim=1, keepdim=True)
    return 2 * F.avg_pool2d(x, 8) - 1


def _train_draw(steps: int, x: Tensor, seconds: float, seed: int) -> Draw:
    torch.manual_seed(seed)
    net = Draw(steps)

    def loss() -> Tensor:
        batch = x[torch.randint(len(x), (32,))]
        drawing = net(batch)
        error = (drawing.canvas - batch).square().flatten(1).sum(1) / (2 * 0.1**2)
        return (error / np.log(2) + drawing.bits.sum(1)).mean() / 256

    minimize(net, loss, seconds, rate=3e-3)
    return net


def _errors(x: Tensor, canvas: Tensor) -> dict[str, float]:
    """Mean squared error in all, and what is left of it after averaging 4x4 pixels."""
    error = canvas - x
    coarse = F.avg_pool2d(error, 4).square().mean().item()
    return {"mse": round(error.square().mean().item(), 5), "coarse": round(coarse, 5)}


@experiment("conceptual-compression", "50", "the first steps tell structure, the later ones detail")
def run_draw(pictures: list[np.ndarray], seconds: float, seed: int) -> dict:
    """DRAW with 1 and 6 steps: bits of each step, and what any two of six steps tell."""
    torch.set_num_threads(1)
    x = _gray(pictures[len(pictures) // 5 :], 1024, seed)
    test = _gray(pictures[: len(pictures) // 5], 256, seed)
    result = {}
    for steps in (1, 6):
        net = _train_draw(steps, x, seconds, seed)
        with torch.no_grad():
            whole = net(test)
            result[f"{steps} steps"] = _errors(test, whole.canvas) | {
                "bits of each step": [round(b, 1) for b in whole.bits.mean(0).tolist()]
            }
            if steps > 1:
                result["two of six"] = {
                    f"{a + 1} and {b + 1}": _errors(test, net(test, frozenset({a, b})).canvas)
                    for a, b in combinations(range(steps), 2)
                }
    return result
