"""The context family of the survey (section IV-H): every kind of context on the same latents.

The transform, z and the hyperprior are those of the codec `hyperprior`, and stay frozen. Each prior
is fitted for the same time and tells bits per pixel; those that a file can be written with are
written, and read again. See frozen.py for how, and neighborhoods.py for what the kinds see.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lic_course import metrics
from lic_course.entropy.tables import Encoder
from lic_course.errors import LicError
from lic_course.neural import frozen
from lic_course.neural.boundary_net import BoundaryNet, near_boundaries
from lic_course.neural.codec import Model
from lic_course.neural.frozen import Flat, Frozen, Refined, ScaleOnly
from lic_course.neural.global_context import GlobalHalves, NonLocalContext
from lic_course.neural.latent_coders import for_each_stream
from lic_course.neural.minimize import minimize
from lic_course.neural.recipes import UNEVEN
from lic_course.neural.variants import experiment

LEVEL = 100  # of the gate, 0 to 255, as in the other bake-offs
CROPS = 4  # of each picture for training
SIZE, BLOCK = 256, 64  # of the crops and of blocks that are coded for themselves, in pixels
SQUARE = 32  # pixels of the squares that the boundary net is trained on
PERIOD = 96  # pixels after which a repeated texture comes again: 6 positions of the latent
FILES = 10  # crops that are written and read again
KODAK = 32, 48  # positions of the latent for which steps are counted

Make = Callable[[Frozen], frozen.Prior]


@dataclass(frozen=True)
class Crops:
    """Crops that are frozen: for training, and for tests of three kinds."""

    train: Frozen
    tests: dict[str, Frozen]  # photos, repeated texture, noise


def crop_of(picture: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """A random square of size x size pixels."""
    top, left = (rng.integers(n - size + 1) for n in picture.shape[:2])
    return picture[top : top + size, left : left + size]


def repeated(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random square of PERIOD x PERIOD pixels, laid out as tiles to a crop."""
    tiles = -(-SIZE // PERIOD)
    return np.tile(crop_of(picture, PERIOD, rng), (tiles, tiles, 1))[:SIZE, :SIZE]


def crops_of(model: Model, pictures: Sequence[np.ndarray], seed: int) -> Crops:
    """Crops of each picture, every fifth for tests; of every fifth of both, a repeated texture."""
    rng = np.random.default_rng(seed)
    large = [picture for picture in pictures if min(picture.shape[:2]) >= SIZE]
    if len(large) < 10:
        raise LicError(f"The bake-off needs at least ten pictures of {SIZE}x{SIZE} pixels.")
    held = large[4::5]
    rest = [picture for number, picture in enumerate(large) if number % 5 != 4]
    noise = [rng.integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8) for _ in range(4)]
    train = [crop_of(p, SIZE, rng) for p in rest for _ in range(CROPS)]
    train += [repeated(p, rng) for p in rest[::5] for _ in range(CROPS)]
    tests = {
        "photos": [crop_of(p, SIZE, rng) for p in held],
        "repeated texture": [repeated(p, rng) for p in held[::5]],
        "noise": noise,
    }
    return Crops(
        frozen.freeze(model, train, LEVEL),
        {name: frozen.freeze(model, crops, LEVEL) for name, crops in tests.items()},
    )


def refined(kind: str, groups: Callable[[int], tuple[int, ...]] = lambda M: ()) -> Make:
    """A maker of a refined hyperprior; groups: from M, the sizes of the groups of channels."""

    def make(train: Frozen) -> Refined:
        N, M = sizes(train)
        return Refined(N, M, kind, groups(M), unit=spread(train))

    return make


def sizes(train: Frozen) -> tuple[int, int]:
    """N and M."""
    return train.trunk.shape[1], train.mean.shape[1]


def uneven(M: int) -> tuple[int, ...]:
    """Small groups for the channels that matter most; the last group is what is left."""
    return *UNEVEN[:3], M - sum(UNEVEN[:3])


def spread(train: Frozen) -> Tensor:
    """The scale of each channel, (M,)."""
    return train.rounded.float().std(dim=(0, 2, 3)).clamp(min=0.2)


PRIORS: dict[str, Make] = {
    "factorized": lambda train: Flat(spread(train)),
    "scale hyperprior": lambda train: ScaleOnly(*sizes(train)),
    "mean-scale hyperprior": refined("none"),
    "checkerboard": refined("checkerboard"),
    "raster": refined("raster"),
    "slices": refined("none", lambda M: (M // 4,) * 4),
    "uneven + checkerboard": refined("checkerboard", uneven),
    "diagonal": refined("diagonal", uneven),
    "halves": refined("raster", lambda M: (M // 2, M // 2)),
    "halves + global": lambda train: GlobalHalves(*sizes(train), unit=spread(train)),
    "non-local": lambda train: NonLocalContext(*sizes(train), unit=spread(train)),
    "tiles of 4": refined("tiles-4"),
    "tiles of 8": refined("tiles-8"),
    "blocks of 2": refined("blocks-2"),
    "blocks of 4": refined("blocks-4"),
    "blocks of 8": refined("blocks-8"),
}
ESTIMATES = "halves + global", "non-local"  # no files: their search would need integers


def decoder_steps(prior: frozen.Prior) -> int:
    """Steps of a decoder for y of a Kodak picture, once z is known."""
    return prior.steps(*KODAK) if isinstance(prior, Refined) else 1


def written(prior: Refined, model: Model, crops: Crops) -> dict[str, float]:
    """What complete streams cost on some crops, and by how much more than estimated."""
    some = crops.tests["photos"][:FILES]
    coder = frozen.integers_of(prior, model, crops.train[:32])
    files = frozen.bytes_of(coder, some, LEVEL)
    wanted = some[0].symbols + some[0].mean / 16
    again = frozen.read_again(coder, files[0], tuple(wanted.shape), LEVEL)
    if not np.array_equal(again, wanted.numpy()):
        raise LicError("A file of the bake-off was not read as it was written.")
    bits = 8 * sum(len(part) for file in files for part in file.values())
    estimate = float(frozen.bits_of_all(prior, some).sum())
    return {
        "file_bpp": round(bits / FILES / SIZE**2, 5),
        "file_over_estimate_percent": round(100 * (bits / estimate - 1), 2),
    }


def measure(make: Make, name: str, model: Model, crops: Crops, seconds: float, seed: int) -> dict:
    """Fit one prior: bits per pixel of each kind of test, steps of a decoder, and files."""
    torch.manual_seed(seed)
    prior = make(crops.train)
    updates = frozen.fit(prior, crops.train, seconds, seed=seed)
    result = {
        kind: round(float(frozen.bits_of_all(prior, test).mean()) / SIZE**2, 5)
        for kind, test in crops.tests.items()
    }
    result |= {"decoder_steps": decoder_steps(prior), "updates": updates}
    codable = isinstance(prior, Refined) and not isinstance(prior, ScaleOnly)
    if codable and name not in ESTIMATES:
        return result | {"rate": "bytes"} | written(prior, model, crops)
    return result | {"rate": "estimate"}


@experiment("contexts", "92", "factorized > hyperprior > checkerboard >= raster in bits")
def run_contexts(pictures: list[np.ndarray], seconds: float, seed: int) -> dict:
    """All kinds of context, each fitted for `seconds` on the same frozen latents."""
    torch.set_num_threads(1)
    model = Model.load("hyperprior")
    crops = crops_of(model, pictures, seed)
    untouched = Refined(*sizes(crops.train))
    plain = frozen.bits_of_all(untouched, crops.tests["photos"]).mean() / SIZE**2
    return {
        "weights": model.fingerprint.hex(),
        "level": LEVEL,
        "train_crops": len(crops.train),
        "test_crops": {name: len(test) for name, test in crops.tests.items()},
        "hyperprior as it came": round(float(plain), 5),
        "priors": {
            name: measure(make, name, model, crops, seconds, seed) for name, make in PRIORS.items()
        },
    }


def code_and_decode(model: Model, picture: np.ndarray) -> tuple[np.ndarray, float]:
    """A picture after the codec, and its bits by the integer tables."""
    latent = model.analyze(picture, LEVEL)
    coders = for_each_stream(model.coder, lambda stream, tables: Encoder(tables))
    coded = model.coder.code(coders, latent.y.shape, LEVEL, latent)
    bits = sum(float(cost.sum()) for cost in coded.bits.values())
    return model.synthesize(coded.y_hat, LEVEL, picture.shape), bits


def in_blocks(model: Model, picture: np.ndarray) -> tuple[np.ndarray, float]:
    """The same, each block of BLOCK x BLOCK pixels for itself."""
    result, total = np.empty_like(picture), 0.0
    for top in range(0, picture.shape[0], BLOCK):
        for left in range(0, picture.shape[1], BLOCK):
            block = slice(top, top + BLOCK), slice(left, left + BLOCK)
            result[block], bits = code_and_decode(model, picture[block])
            total += bits
    return result, total


def quality(pictures: list[np.ndarray], decoded: list[np.ndarray]) -> dict[str, float]:
    """PSNR and how much steeper pixels change across block boundaries, relative to the original."""
    pairs = list(zip(pictures, decoded, strict=True))
    seams = [metrics.blockiness(y, BLOCK) / metrics.blockiness(x, BLOCK) for x, y in pairs]
    return {
        "psnr": round(float(np.mean([metrics.psnr(x, y) for x, y in pairs])), 3),
        "seams": round(float(np.mean(seams)), 4),
    }


@experiment("block-seams", "106", "blocks for themselves cost bits and seams; a net removes them")
def run_block_seams(pictures: list[np.ndarray], seconds: float, seed: int) -> dict:
    """A picture at once, in blocks of 64x64 pixels, and in blocks with a net along boundaries."""
    torch.set_num_threads(1)
    rng, model = np.random.default_rng(seed), Model.load("hyperprior")
    crops = [crop_of(p, SIZE, rng) for p in pictures[:60] if min(p.shape[:2]) >= SIZE]
    blocks = [in_blocks(model, crop) for crop in crops]
    tests = crops[4::5]
    whole = [code_and_decode(model, crop) for crop in tests]
    net = fit_boundary_net(crops, [picture for picture, _ in blocks], seconds, seed)
    plane = near_boundaries(SIZE, SIZE, BLOCK)
    with torch.no_grad():
        filtered = [from_tensor(net(to_tensor([x]), plane)) for x, _ in blocks[4::5]]

    def row(decoded: list[np.ndarray], bits: list[float]) -> dict[str, float]:
        return quality(tests, decoded) | {"bpp": round(float(np.mean(bits)) / SIZE**2, 4)}

    bits = [bits for _, bits in blocks[4::5]]
    return {
        "weights": model.fingerprint.hex(),
        "at once": row([x for x, _ in whole], [bits for _, bits in whole]),
        "in blocks": row([x for x, _ in blocks[4::5]], bits),
        "in blocks, boundary net": row(filtered, bits),
    }


def fit_boundary_net(
    pictures: list[np.ndarray], decoded: list[np.ndarray], seconds: float, seed: int
) -> BoundaryNet:
    """Train the net on all but every fifth picture, on squares across a boundary."""
    torch.manual_seed(seed)
    rng, net, half = np.random.default_rng(seed), BoundaryNet(), SQUARE // 2
    chosen = [number for number in range(len(pictures)) if number % 5 != 4]
    x, x_hat = (to_tensor([group[number] for number in chosen]) for group in (pictures, decoded))
    plane = near_boundaries(SIZE, SIZE, BLOCK)[0]

    def squares() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for number in rng.integers(len(x), size=16):
            place = [BLOCK * rng.integers(1, SIZE // BLOCK) - half, rng.integers(SIZE - SQUARE)]
            top, left = rng.permutation(place)
            part = slice(None), slice(top, top + SQUARE), slice(left, left + SQUARE)
            yield x[number][part], x_hat[number][part], plane[part]

    def loss() -> Tensor:
        original, blocks, near = (torch.stack(group) for group in zip(*squares(), strict=True))
        return 1000 * ((net(blocks, near) - original) ** 2).mean()

    minimize(net, loss, seconds, rate=3e-3)
    return net


def to_tensor(pictures: list[np.ndarray]) -> Tensor:
    """uint8 (H, W, 3) pictures to (B, 3, H, W) from 0 to 1."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


def from_tensor(x: Tensor) -> np.ndarray:
    """The first of (B, 3, H, W) to uint8 (H, W, 3)."""
    return x[0].permute(1, 2, 0).mul(255).round().clamp(0, 255).to(torch.uint8).numpy()
