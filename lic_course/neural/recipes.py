"""Recipes: what a network consists of, and how it is trained, as small dataclasses."""

from dataclasses import asdict, dataclass, field, replace

from lic_course.errors import BitstreamError, LicError
from lic_course.neural import gates, priors, quantizers, transforms
from lic_course.neural.composition import Composition
from lic_course.neural.context import ContextModel

TRANSFORMS = {
    "balle2017": transforms.Balle2017,
    "balle2018": transforms.Balle2018,
    "pyramid": transforms.Pyramid,
}
QUANTIZERS = {
    "noise": quantizers.Noise,
    "straight-through": quantizers.StraightThrough,
    "mixed": quantizers.Mixed,
}
PRIORS = ("factorized", "scale-hyperprior", "hyperprior")
CONTEXTS = {  # what each kind of context sees of its own group of channels
    "context": "raster",
    "checkerboard": "checkerboard",
    "slices": "none",
    "uneven": "checkerboard",
    "halves": "raster",
    "diagonal": "diagonal",
    "tiles": "tiles-8",
    "blocks": "blocks-4",
}

UNEVEN = (8, 16, 32, 136)  # channels of a latent that starts from the KLT, so the first matter most


@dataclass(frozen=True)
class Parts:
    """The parts of a learned codec: everything needed to build its network."""

    transform: str = "pyramid"
    N: int = 128
    M: int = 192
    linear: bool = True  # a linear path beside the transform, see transforms.PlusLinear
    quantizer: str = "mixed"
    levels: int = 8
    lmbda_min: float = 0.001
    lmbda_max: float = 0.064
    prior: str = "hyperprior"
    hyper_N: int = 64
    groups: tuple[int, ...] = ()  # of a context model, see context.ContextModel
    width: int = 128
    hidden: tuple[int, ...] = (192,)


@dataclass(frozen=True)
class Recipe:
    """How the weights of a name are trained. The budget is `minutes` of training.

    In `polish` more minutes only the prior goes on to learn (for as many steps again, when the
    budget is a number of steps).
    """

    name: str
    parts: Parts = field(default_factory=Parts)
    minutes: float = 60.0
    steps: int = 0  # when not 0, the budget is a number of steps instead
    crop: int = 256
    batch: int = 8
    learning_rate: float = 1e-3
    warm_up: int = 200  # steps
    ema: float = 0.999  # of the averaged weights
    seed: int = 0
    distortion: str = "mse"
    start: str = "blocks"  # or "noise", or names of weights to copy, as in "context+hyperprior"
    polish: float = 0.0

    @property
    def as_card(self) -> dict:
        """All settings by name, for the card of the weights."""
        return asdict(self)


def _further(name: str, parts: Parts, minutes: float, polish: float) -> Recipe:
    """A recipe that goes on from the weights of `hyperprior`."""
    return Recipe(name, parts, minutes, learning_rate=5e-4, start="hyperprior", polish=polish)


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("hyperprior", minutes=155),
        _further("factorized", Parts(prior="factorized"), 40, 0),
        _further("context", Parts(prior="context"), 0, 20),
        _further("context-fast", Parts(prior="uneven", groups=UNEVEN), 0, 20),
        replace(_further("hyperprior-msssim", Parts(), 40, 0), distortion="ms-ssim"),
    )
}


def from_card(card: dict) -> Recipe:
    """The recipe that `as_card` wrote; settings that did not exist then have their defaults."""
    try:
        parts = {k: tuple(v) if isinstance(v, list) else v for k, v in card["parts"].items()}
        return Recipe(**{**card, "parts": Parts(**parts)})
    except (KeyError, TypeError, AttributeError) as error:
        raise BitstreamError("The card of the weights does not say what they are.") from error


def build(card: dict | Parts) -> Composition:
    """The network of some parts, or of the "recipe" in a card, with fresh weights."""
    parts = from_card(card).parts if isinstance(card, dict) else card
    if parts.transform not in TRANSFORMS or parts.prior not in (*PRIORS, *CONTEXTS):
        raise BitstreamError("The card of the weights names parts that this version lacks.")
    transform = TRANSFORMS[parts.transform](parts.N, parts.M)
    if parts.linear:
        transform = transforms.PlusLinear(transform)
    gate = gates.Gain(parts.M, parts.levels, parts.lmbda_min, parts.lmbda_max)
    if parts.prior == "factorized":
        prior = priors.Factorized(parts.M)
    elif parts.prior in CONTEXTS:
        widths = tuple(parts.groups), parts.width, tuple(parts.hidden)
        prior = ContextModel(parts.hyper_N, parts.M, CONTEXTS[parts.prior], *widths)
    else:
        prior = priors.MeanScaleHyperprior(parts.hyper_N, parts.M, parts.prior == "hyperprior")
    return Composition(transform, QUANTIZERS[parts.quantizer](), gate, prior)


def find(name: str, **changes) -> Recipe:
    """The recipe of a name, with some settings changed; LicError when there is none."""
    if name not in RECIPES:
        raise LicError(f"There is no recipe {name!r}: take one of {', '.join(RECIPES)}.")
    return replace(RECIPES[name], **changes)
