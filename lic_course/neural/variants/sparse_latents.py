"""Autoencoders that choose which numbers they send: the survey's [43], [37, 46], [35] and [31]."""

import time

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from lic_course.neural.early_transforms import MultiScale
from lic_course.neural.layers import conv, deconv, straight_through_round
from lic_course.neural.objectives import mse_255
from lic_course.neural.sparse_gates import (
    ImportanceMap,
    NestedDropout,
    WinnerTakeAll,
)
from lic_course.neural.transforms import Balle2017, PlusLinear, Transform
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


class NumbersAndMap(nn.Module):
    """The rounded KLT, and a map that says how many of its numbers count at each place.

    fixed: when set, so many count everywhere instead. The mean color always does.
    """

    def __init__(self, task: Task, M: int = 48) -> None:
        super().__init__()
        self.transform = PlusLinear(Balle2017(24, M)).requires_grad_(False)
        n = self.transform.stride
        self.transform.start_from_blocks(task.crops().blocks(4000, n))
        self.map, self.fixed = ImportanceMap(M, M), 0
        nn.init.constant_(self.map.net[-1].bias, -1.0)  # about a quarter, as the loss wants it

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """x_hat, the rounded latent, the mask, and the map p."""
        y = self.transform.analysis(x)
        p = self.map.importance(torch.asinh(y.abs()))
        channel = torch.arange(y.shape[1]).view(1, -1, 1, 1)
        mask = torch.where(channel < 3, 1.0, self.map.mask(p))
        if self.fixed:
            mask = (channel < self.fixed).float().expand_as(y)
        q = torch.round(y)
        return self.transform.synthesis(q * mask), q, mask, p


def bits_of_kept(q: Tensor, mask: Tensor) -> float:
    """Bits of the numbers that a mask keeps, each channel by its own entropy."""
    channels = zip(q.transpose(0, 1), mask.transpose(0, 1), strict=True)
    kept = [channel[chosen > 0] for channel, chosen in channels]
    return sum(entropy(numbers) * numbers.numel() for numbers in kept if numbers.numel())


@torch.no_grad()
def measure_map(network: NumbersAndMap, tests: Tensor) -> dict[str, float]:
    """Rate, its part for the map, PSNR and loss on tests; how many numbers count, and where."""
    x_hat, q, mask, p = network(tests)
    pixels = tests.shape[0] * tests.shape[2] * tests.shape[3]
    levels = torch.floor(p * network.map.levels)
    for_map = 0.0 if network.fixed else entropy(levels) * levels.numel() / pixels
    bpp = bits_of_kept(q, mask) / pixels + for_map
    error = mse_255(tests, x_hat.clamp(0, 1)).mean().item()
    row = {"bpp": bpp, "psnr": psnr(error), "loss": bpp + 0.01 * error, "bpp_of_the_map": for_map}
    row["numbers_at_a_place"] = float(mask.sum(dim=1).mean())
    busy = busyness(tests, network.transform.stride)
    row["rank_correlation"] = 0.0 if network.fixed else rank_correlation(levels, busy)
    return {key: digits(value) for key, value in row.items()}


@experiment("importance-map", "46", "a learned map beats as many bits without a map")
def importance_map(pictures, seconds: float, seed: int) -> dict:
    """Numbers where a small network wants them, against constant counts; the map is paid for."""
    task = task_of(pictures, seconds, seed)
    torch.manual_seed(seed)
    network = NumbersAndMap(task)

    def loss(x: Tensor) -> Tensor:
        x_hat, _, _, p = network(x)
        return 0.01 * mse_255(x, x_hat).mean() + 20 * torch.relu(p.mean() - 0.25)

    train(task, network.map, loss)
    found = {"map": measure_map(network, task.tests)}
    network.fixed = round(found["map"]["numbers_at_a_place"])
    found["as many numbers everywhere"] = measure_map(network, task.tests)
    while measure_map(network, task.tests)["bpp"] < found["map"]["bpp"]:
        network.fixed += 1
    return found | {"as many bits everywhere": measure_map(network, task.tests)}


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


SIZES = (4, 8, 16, 32)


@experiment("variable-size", "35", "a size chosen for each tile beats one size at an equal mean")
def variable_size(pictures, seconds: float, seed: int) -> dict:
    """Nested dropout: cut the latent at 4, 8, 16 or 32 channels, everywhere or tile by tile."""
    task, found = task_of(pictures, seconds, seed), {}
    tiles = task.tests.unfold(2, TILE, TILE).unfold(3, TILE, TILE)
    tiles = tiles.permute(0, 2, 3, 1, 4, 5).reshape(-1, 3, TILE, TILE)
    for name, sizes in {"nested": SIZES, "ordinary": (32,), "nested klt": SIZES}.items():
        torch.manual_seed(seed)
        transform, gate = Balle2017(24, 32), NestedDropout(32, sizes)
        if name == "nested klt":
            transform = PlusLinear(transform)
            transform.start_from_blocks(task.crops().blocks(4000, transform.stride))

        def loss(x: Tensor, transform=transform, gate=gate) -> Tensor:
            y = straight_through_round(transform.analysis(x)) * gate(len(x))
            return 0.01 * mse_255(x, transform.synthesis(y)).mean()

        train(task, transform, loss)
        errors = torch.stack([errors_of(transform, gate, tiles, k) for k in SIZES], dim=1)
        means = errors.mean(dim=0).tolist()
        found[name] = {str(k): digits(psnr(e)) for k, e in zip(SIZES, means, strict=True)}
        chosen = choose_sizes(errors, torch.tensor(SIZES), 16.0)
        error = errors[torch.arange(len(errors)), chosen].mean().item()
        found[name]["chosen"] = digits(psnr(error))
        found[name]["mean size"] = digits(torch.tensor(SIZES)[chosen].float().mean().item())
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
