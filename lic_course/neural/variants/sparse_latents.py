"""Autoencoders that choose which numbers they send: the survey's [43], [37, 46], [35] and [31]."""

import time

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from lic_course.neural.early_transforms import CompressiveAutoencoder, MultiScale
from lic_course.neural.layers import conv, deconv, straight_through_round
from lic_course.neural.objectives import mse_255
from lic_course.neural.sparse_gates import (
    ImportanceMap,
    NestedDropout,
    WinnerTakeAll,
    binarize,
)
from lic_course.neural.transforms import Balle2017, Transform
from lic_course.neural.variants import experiment
from lic_course.neural.variants.small import (
    Task,
    compose,
    digits,
    entropy,
    measure,
    psnr,
    rate_distortion,
    task_of,
    train,
)

SHARES = (0.005, 0.01, 0.02, 0.04, 0.08)


class Dictionary(Transform):
    """One 9x9 convolution of stride 4 each way, without anything between: patterns that add up."""

    stride = 4

    def __init__(self, M: int = 48) -> None:
        super().__init__(conv(3, M, 9, 4), deconv(M, 3, 9, 4), M)


@torch.no_grad()
def sparse_code(transform: Transform, gate: WinnerTakeAll, tests: Tensor, share: float) -> dict:
    """PSNR, and bits for places and values (in steps of 1/4) by their own entropies."""
    y = transform.analysis(tests)
    mask = gate(y, share)
    q = torch.round(y * mask * 4)
    mse = mse_255(tests, transform.synthesis(q / 4).clamp(0, 1)).mean().item()
    bits = sum(entropy(channel) for channel in q.transpose(0, 1)) / transform.stride**2
    return {"bpp": digits(bits), "psnr": digits(psnr(mse))}


@experiment("winner-take-all", "43", "one network serves five shares of winners, hence five rates")
def winner_take_all(pictures, seconds: float, seed: int) -> dict:
    """A share drawn for each batch, against a network for the largest share only."""
    task, found, gate = task_of(pictures, seconds, seed), {}, WinnerTakeAll()
    for name, shares in {"all shares": SHARES, "only 0.08": SHARES[-1:]}.items():
        torch.manual_seed(seed)
        transform = Dictionary()

        def loss(x: Tensor, transform=transform, shares=shares) -> Tensor:
            y = transform.analysis(x)
            share = shares[int(torch.randint(len(shares), ()))]
            return 0.01 * mse_255(x, transform.synthesis(y * gate(y, share))).mean()

        train(task, transform, loss)
        rows = {str(share): sparse_code(transform, gate, task.tests, share) for share in SHARES}
        found[name] = rows
        if name == "all shares":
            alike = WinnerTakeAll(everywhere_alike=True)
            found["one winner everywhere"] = sparse_code(transform, alike, task.tests, 1 / 48)
            found["as many, anywhere"] = sparse_code(transform, gate, task.tests, 1 / 48)
    return found


def busyness(x: Tensor, size: int) -> Tensor:
    """Mean squared gradient of pictures in squares of size x size pixels, (B, 1, h, w)."""
    gray = x.mean(dim=1, keepdim=True)
    dy = torch.diff(gray, dim=2, append=gray[:, :, -1:])
    dx = torch.diff(gray, dim=3, append=gray[..., -1:])
    return avg_pool2d(dy**2 + dx**2, size)


def rank_correlation(a: Tensor, b: Tensor) -> float:
    """Spearman's rank correlation of two tensors."""
    ranks = torch.stack([t.flatten().argsort().argsort().double() for t in (a, b)])
    return digits(float(torch.corrcoef(ranks)[0, 1]), 3)


class BitsAndMap(nn.Module):
    """Binary codes, and a map that says how many of them count, place by place.

    fixed: keep so many everywhere instead.
    """

    def __init__(self, M: int = 32, fixed: int | None = None) -> None:
        super().__init__()
        self.transform = CompressiveAutoencoder(24, M, blocks=1)
        self.map, self.fixed = ImportanceMap(M, M), fixed

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x_hat, the mask, and the map p."""
        y = self.transform.analysis(x)
        p = self.map.importance(y)
        mask = self.map.mask(p)
        if self.fixed is not None:
            mask = torch.zeros_like(y)
            mask[:, : self.fixed] = 1
        bits = (2 * binarize(torch.sigmoid(y)) - 1) * mask
        return self.transform.synthesis(bits), mask, p


@experiment("importance-map", "46", "a learned map beats the same number of bits everywhere")
def importance_map(pictures, seconds: float, seed: int) -> dict:
    """Bits where a small network wants them, against a constant number; the map is paid for."""
    task, found, fixed = task_of(pictures, seconds, seed), {}, None
    for name in ("map", "constant"):
        torch.manual_seed(seed)
        network = BitsAndMap(fixed=fixed)

        def loss(x: Tensor, network=network) -> Tensor:
            x_hat, _, p = network(x)
            return 0.01 * mse_255(x, x_hat).mean() + 5 * torch.relu(p.mean() - 0.5)

        train(task, network, loss)
        with torch.no_grad():
            x_hat, mask, p = network(task.tests)
        kept = float(mask.sum(dim=1).mean())
        levels = torch.floor(p * network.map.levels)
        for_map = entropy(levels) if fixed is None else 0.0
        error = mse_255(task.tests, x_hat.clamp(0, 1)).mean().item()
        found[name] = {"bpp": digits((kept + for_map) / 64), "psnr": digits(psnr(error))}
        if fixed is None:
            found[name]["bpp_of_the_map"] = digits(for_map / 64)
            found[name]["rank_correlation"] = rank_correlation(levels, busyness(task.tests, 8))
            fixed = max(1, round(kept + for_map))
    return found


TILE = 64


def errors_of(transform: Transform, gate: NestedDropout, tiles: Tensor, k: int) -> Tensor:
    """Squared error of each tile with the first k channels, rounded."""
    with torch.no_grad():
        y = torch.round(transform.analysis(tiles)) * gate(len(tiles), torch.full((len(tiles),), k))
        return mse_255(tiles, transform.synthesis(y).clamp(0, 1))


def choose_sizes(errors: Tensor, sizes: Tensor, mean_size: float) -> Tensor:
    """For each tile the column of errors that minimizes error + price * size, (n,).

    The price is the one for which the mean of the sizes is just not above mean_size.
    """
    low, high = 0.0, 1e6
    for _ in range(60):
        price = (low + high) / 2
        columns = (errors + price * sizes).argmin(dim=1)
        low, high = (price, high) if sizes[columns].float().mean() > mean_size else (low, price)
    return (errors + high * sizes).argmin(dim=1)


@experiment("variable-size", "35", "a size chosen for each tile beats one size at an equal mean")
def variable_size(pictures, seconds: float, seed: int) -> dict:
    """Nested dropout: cut the latent at 4, 8, 16 or 32 channels, everywhere or tile by tile."""
    task, found, sizes = task_of(pictures, seconds, seed), {}, (4, 8, 16, 32)
    tiles = task.tests.unfold(2, TILE, TILE).unfold(3, TILE, TILE)
    tiles = tiles.permute(0, 2, 3, 1, 4, 5).reshape(-1, 3, TILE, TILE)
    for name in ("nested", "ordinary"):
        torch.manual_seed(seed)
        transform, gate = Balle2017(24, 32), NestedDropout(32, sizes if name == "nested" else (32,))

        def loss(x: Tensor, transform=transform, gate=gate) -> Tensor:
            y = straight_through_round(transform.analysis(x)) * gate(len(x))
            return 0.01 * mse_255(x, transform.synthesis(y)).mean()

        train(task, transform, loss)
        errors = torch.stack([errors_of(transform, gate, tiles, k) for k in sizes], dim=1)
        means = errors.mean(dim=0).tolist()
        found[name] = {str(k): digits(psnr(e)) for k, e in zip(sizes, means, strict=True)}
        if name == "nested":
            chosen = choose_sizes(errors, torch.tensor(sizes), 16.0)
            error = errors[torch.arange(len(errors)), chosen].mean().item()
            size = torch.tensor(sizes)[chosen].float().mean().item()
            found["chosen"] = {"psnr": digits(psnr(error)), "mean_size": digits(size)}
    return found


def adaptive_bits(bits: Tensor, contexts: Tensor) -> float:
    """Code length of bits by an adaptive binary model per context (Krichevsky and Trofimov).

    The length depends only on how often each bit occurs in each context, so no loop is needed.
    """
    size = int(contexts.max()) + 1
    ones = torch.bincount(contexts, bits.double(), size)
    count = torch.bincount(contexts, minlength=size).double()
    half = torch.tensor(0.5, dtype=torch.float64)
    log_p = torch.lgamma(ones + 0.5) + torch.lgamma(count - ones + 0.5) - torch.lgamma(count + 1)
    return float(-(log_p - 2 * torch.lgamma(half)).sum() / torch.log(torch.tensor(2.0)))


def bit_plane_bits(q: Tensor, planes: int = 6) -> float:
    """Bits of latents q, (B, M, h, w), by planes of magnitudes; contexts are neighbors' sizes."""
    size = q.abs().long().clamp(max=2**planes - 1)
    left, above = torch.zeros_like(size), torch.zeros_like(size)
    left[..., 1:], above[..., 1:, :] = size[..., :-1], size[..., :-1, :]
    near = torch.floor(torch.log2(1.0 + left + above)).long().clamp(max=7)
    channel = torch.arange(q.shape[1]).view(1, -1, 1, 1).expand_as(q)
    total, prefix = float((q != 0).sum()), torch.zeros_like(size)  # a bit for each sign
    for plane in reversed(range(planes)):
        bit = (size >> plane) & 1
        context = ((channel * planes + plane) * 8 + near) * 2 + (prefix > 0)
        total += adaptive_bits(bit.flatten(), context.flatten())
        prefix = 2 * prefix + bit
    return total


def milliseconds(task: Task, transform: Transform) -> float:
    """Median time of the analysis of a test crop on one core."""
    times = []
    for _ in range(9):
        started = time.process_time()
        with torch.no_grad():
            transform.analysis(task.tests[:1])
        times.append(1000 * (time.process_time() - started))
    return digits(sorted(times)[4], 2)


@experiment("multi-scale", "31", "features of several scales, and adaptive coding of bit-planes")
def multi_scale(pictures, seconds: float, seed: int) -> dict:
    """Three scales, one scale and Ballé's network, with the time of analysis on a 256x256 crop."""
    task, found = task_of(pictures, seconds, seed), {}
    kinds = {"three scales": MultiScale(24, 48), "one scale": MultiScale(24, 48, 1)}
    for name, transform in (kinds | {"gdn": Balle2017(24, 48)}).items():
        torch.manual_seed(seed)
        network = compose(transform)
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                module.reset_parameters()
        train(task, network, rate_distortion(network, 0.01))
        found[name] = measure(network, task.tests, 0.01)
        found[name]["analysis_ms"] = milliseconds(task, transform)
        if name == "three scales":
            with torch.no_grad():
                q = torch.round(transform.analysis(task.tests))
            pixels = task.tests.shape[0] * task.tests.shape[2] * task.tests.shape[3]
            found[name]["bpp_of_bit_planes"] = digits(bit_plane_bits(q) / pixels)
    return found
