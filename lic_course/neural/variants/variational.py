"""The variational family of the survey (section IV-B), each method as an experiment.

Here are those that compare probability models on frozen latents; `variational_networks.py` has
those that train transforms.
"""

from functools import partial

import numpy as np
import torch
from torch import Tensor

from lic_course import bake_off, images
from lic_course.neural.attention import NonLocalAttention
from lic_course.neural.codec import Model
from lic_course.neural.rounded_priors import (
    CoarseToFine,
    FactorizedPrior,
    HyperpriorOnRounded,
    LaplacePerPicture,
)
from lic_course.neural.variants import experiment, variational_networks

__all__ = ["variational_networks"]  # registers its experiments too
LEVEL = 100  # of the gate, 0 to 255, at which latents are cached
MEAN_SCALE = partial(HyperpriorOnRounded, head="mean-scale")


def _compare(
    pictures: list[np.ndarray], priors: dict[str, bake_off.MakePrior], seconds: float, seed: int
) -> dict:
    """One bake-off on the latents of the codec `hyperprior`: what to record."""
    torch.set_num_threads(1)
    model = Model.load("hyperprior")
    latents = bake_off.cache(model, pictures, LEVEL, seed=seed)
    fitted = bake_off.bake_off(latents, priors, seconds=seconds, seed=seed)
    return {
        "weights": model.fingerprint.hex(),
        "level": LEVEL,
        "train_crops": len(latents.train),
        "test_crops": len(latents.test),
        "priors": bake_off.table(fitted),
    }


@experiment("bake-off", "30", "factorized > scale > mean-scale in bits, on the same latents")
def run_bake_off(pictures: list[np.ndarray], seconds: float, seed: int) -> dict:
    """The three priors of lessons 06 and 07."""
    return _compare(pictures, bake_off.PRIORS, seconds, seed)


@experiment("laplace-hyperprior", "47", "a Laplace distribution in the place of a Gaussian")
def run_laplace(pictures: list[np.ndarray], seconds: float, seed: int) -> dict:
    """Gaussian against Laplace, both with mean and scale from side information."""
    priors = {"gaussian": MEAN_SCALE, "laplace": partial(HyperpriorOnRounded, head="laplace")}
    return _compare(pictures, priors, seconds, seed)


@experiment("asymmetric-gaussian", "98", "two scales for each element: never worse, a small gain")
def run_asymmetric(pictures: list[np.ndarray], seconds: float, seed: int) -> dict:
    """One scale against one for each side of the mean."""
    priors = {
        "symmetric": MEAN_SCALE,
        "asymmetric": partial(HyperpriorOnRounded, head="asymmetric"),
    }
    return _compare(pictures, priors, seconds, seed)


@experiment("coarse-to-fine", "94, 52", "bits fall with levels, and with the neighborhood")
def run_coarse_to_fine(pictures: list[np.ndarray], seconds: float, seed: int) -> dict:
    """One hyper-latent against two, with and without a neighborhood of 5x5."""
    priors = {
        "one level": MEAN_SCALE,
        "two levels, 5x5": CoarseToFine,
        "two levels, 1x1": partial(CoarseToFine, near=1),
    }
    return _compare(pictures, priors, seconds, seed)


@experiment("non-local-attention", "48", "attention gains a little, and costs the square of h w")
def run_attention(pictures: list[np.ndarray], seconds: float, seed: int) -> dict:
    """Attention in the hyper-decoder: none, from the neighborhood, from everywhere."""
    local = partial(NonLocalAttention, local=True)
    priors = {
        "none": MEAN_SCALE,
        "local attention": partial(MEAN_SCALE, attention=local),
        "non-local attention": partial(MEAN_SCALE, attention=NonLocalAttention),
    }
    sizes = {"512x768": 32 * 48, "2048x3072": 128 * 192, "4096x6144": 256 * 384}
    matrix = {name: round(4 * places**2 / 1e6, 1) for name, places in sizes.items()}
    result = _compare(pictures, priors, seconds, seed)
    return result | {"megabytes of the attention matrix at the latent": matrix}


def _texture(model: Model, name: str) -> tuple[Tensor, Tensor]:
    """Latents of the upper and of the lower half of a texture, from the same statistics."""
    y = model.analyze(images.builtin(name), LEVEL).y
    y = torch.from_numpy(np.rint(y)).to(torch.int16)
    top, bottom = y[None, :, :16], y[None, :, 16:]
    return (torch.cat(t.split(16, dim=3)) for t in (top, bottom))


@experiment("reduced-complexity", "38", "a scale per channel and picture: cheap, and adapts")
def run_reduced(pictures: list[np.ndarray], seconds: float, seed: int) -> dict:
    """Laplace scales that are sent, against one fixed density, on mixed and on alike pictures."""
    priors = {
        "factorized": FactorizedPrior,
        "laplace per picture": LaplacePerPicture,
        "mean-scale hyperprior": MEAN_SCALE,
    }
    result = _compare(pictures, priors, seconds, seed)
    model = Model.load("hyperprior")
    for name in ("gravel", "grass"):
        train, test = _texture(model, name)
        latents = bake_off.Latents(train, test, 256 * 256)
        two = {key: priors[key] for key in ("factorized", "laplace per picture")}
        fitted = bake_off.bake_off(latents, two, seconds=seconds / 4, seed=seed)
        result[f"alike: {name}"] = bake_off.table(fitted)
    result["operations"] = {key: operations(make) for key, make in priors.items()}
    return result


def operations(make: bake_off.MakePrior, M: int = 192) -> float:
    """Multiplications per pixel that a prior's decoder needs in its networks."""
    prior = make(torch.ones(M))
    if not hasattr(prior, "h_s"):
        return 0.0
    count, area = 0, (4 * 16) ** 2  # pixels for one element of z
    side = 1
    for layer in prior.h_s:
        if hasattr(layer, "weight"):
            inputs = side * side
            side *= layer.stride[0]
            places = inputs if isinstance(layer, torch.nn.ConvTranspose2d) else side * side
            count += layer.weight.numel() * places
    return round(count / area, 1)
