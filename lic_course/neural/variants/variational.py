"""The variational family of the survey (section IV-B), each method as an experiment.

Here are those that compare probability models on frozen latents; `variational_networks.py` has
those that train transforms. A budget of seconds stands for STEPS_PER_SECOND steps of each prior:
all priors get equally many, and a run can be repeated exactly on a busier machine.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from lic_course import bake_off, images
from lic_course.neural.attention import NonLocalAttention
from lic_course.neural.codec import Model
from lic_course.neural.composition import Composition
from lic_course.neural.latent_coders import Latent
from lic_course.neural.minimize import minimize
from lic_course.neural.quantizers import Noise
from lic_course.neural.rounded_priors import (
    CoarseToFine,
    HyperpriorOnRounded,
    LaplacePerPicture,
)
from lic_course.neural.transforms import Balle2017
from lic_course.neural.variants import experiment, variational_networks
from lic_course.neural.variants.small import compose, rate_distortion
from lic_course.training import Crops

__all__ = ["variational_networks"]  # registers its experiments too
STEPS_PER_SECOND = 20
LEVEL = 100  # of the gate of `hyperprior`, 0 to 255, at which its latents are cached
LMBDA = 0.01  # of the transform that starts from noise
MEAN_SCALE = partial(HyperpriorOnRounded, head="mean-scale")

FAMILY = bake_off.PRIORS | {
    "Laplace": partial(HyperpriorOnRounded, head="laplace"),
    "asymmetric Gaussian": partial(HyperpriorOnRounded, head="asymmetric"),
    "two levels, 5x5": CoarseToFine,
    "two levels, 1x1": partial(CoarseToFine, near=1),
    "non-local attention": partial(MEAN_SCALE, attention=NonLocalAttention),
}


@dataclass(frozen=True)
class Frozen:
    """A small transform after its training, with the `analyze` of a codec's model."""

    network: Composition

    @torch.no_grad()
    def analyze(self, image: np.ndarray, level: int) -> Latent:
        """The latent of a picture, uint8 (H, W, 3); there is one level only."""
        x = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float() / 255
        return Latent(self.network.transform.analysis(x)[0].numpy())


def train_from_noise(pictures: list[np.ndarray], steps: int, seed: int) -> Frozen:
    """A transform with a factorized prior, from random weights, trained on all but test pictures.

    It takes part in no contest: it only makes the latents, before any of the priors is there.
    """
    torch.manual_seed(seed)
    network = compose(Balle2017(32, 48), Noise())
    chosen = [p for number, p in enumerate(pictures) if number % bake_off.TEST_EVERY]
    crops, loss = Crops(chosen, 64, 8, seed), rate_distortion(network, LMBDA)
    minimize(network, lambda: loss(crops.next()), steps=steps)
    return Frozen(network)


def _record(latents: bake_off.Latents, fitted: dict[str, bake_off.Fitted]) -> dict:
    """What to record of a bake-off."""
    return {
        "pixels of a crop": latents.pixels,
        "train_crops": len(latents.train),
        "test_crops": len(latents.test),
        "priors": bake_off.table(fitted),
    }


@experiment("bake-off", "30, 47, 48, 94, 52, 98", "factorized > scale > mean-scale in bits")
def run_bake_off(pictures: list[np.ndarray], seconds: float, seed: int) -> dict:
    """All priors of the family on the latents of one transform that started from noise."""
    torch.set_num_threads(1)
    steps = max(1, round(seconds * STEPS_PER_SECOND))
    transform = train_from_noise(pictures, 2 * steps, seed)
    latents = bake_off.cache(transform, pictures, seed=seed)
    return _record(latents, bake_off.bake_off(latents, FAMILY, steps=steps, seed=seed))


def _texture(model: Model, name: str) -> tuple[Tensor, Tensor]:
    """Latents of the upper and of the lower half of a texture, from the same statistics."""
    y = model.analyze(images.builtin(name), LEVEL).y
    y = torch.from_numpy(np.rint(y)).to(torch.int16)
    return y[None, :, :16], y[None, :, 16:]


@experiment("reduced-complexity", "38", "a scale per channel and picture: cheap, and adapts")
def run_reduced(pictures: list[np.ndarray], seconds: float, seed: int) -> dict:
    """Laplace scales that are sent, against the three priors, on the latents of `hyperprior`.

    Whole pictures of 512x512, because the scales cost as much for a small one; and two textures,
    where one density per channel has learned exactly the statistics that are needed.
    """
    torch.set_num_threads(1)
    steps = max(1, round(seconds * STEPS_PER_SECOND))
    model = Model.load("hyperprior")
    priors = bake_off.PRIORS | {"Laplace per picture": LaplacePerPicture}
    latents = bake_off.cache(model, pictures, LEVEL, size=512, crops=1, seed=seed)
    fitted = bake_off.bake_off(latents, priors, steps=steps, seed=seed, batch=2)
    result = {"weights": model.fingerprint.hex(), "level": LEVEL} | _record(latents, fitted)
    for name in ("gravel", "grass"):
        latents = bake_off.Latents(*_texture(model, name), 256 * 512)
        two = {key: priors[key] for key in ("factorized", "Laplace per picture")}
        fitted = bake_off.bake_off(latents, two, steps=steps // 4, seed=seed, batch=1)
        result[f"alike: {name}"] = bake_off.table(fitted)
    return result | {"operations": {key: operations(make) for key, make in priors.items()}}


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
