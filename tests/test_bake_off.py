import json
from functools import partial

import numpy as np
import pytest
import torch

from lic_course import evaluate
from lic_course.bake_off import Latents, bake_off, bits_per_pixel, fit, table
from lic_course.errors import LicError
from lic_course.files import data_dir
from lic_course.neural.priors import bits_of, gaussian_likelihood
from lic_course.neural.rounded_priors import (
    HEADS,
    CoarseToFine,
    FactorizedPrior,
    HyperpriorOnRounded,
    LaplacePerPicture,
    asymmetric_likelihood,
)

torch.set_num_threads(1)
STEPS = 300
SMALL = {
    "factorized": FactorizedPrior,
    "scale": partial(HyperpriorOnRounded, head="scale", N=8),
    "mean-scale": partial(HyperpriorOnRounded, head="mean-scale", N=8),
}


def structured(n: int, seed: int, channels: int = 16) -> tuple[torch.Tensor, float]:
    """Integers, and the bits of a picture for who knows all that changes from block to block:

    the scale, 0.3 to 12, in half of the channels, and the mean, -4 to 4, in the others.
    """
    g = torch.Generator().manual_seed(seed)
    half = torch.arange(channels).view(-1, 1, 1) < channels // 2
    scale, mean = (
        torch.rand(n, 1, 3, 3, generator=g).repeat_interleave(4, 2).repeat_interleave(4, 3)
        for _ in range(2)
    )
    scale = torch.where(half, 0.3 * 40**scale, torch.tensor(1.0))
    mean = torch.where(half, torch.tensor(0.0), 8 * mean - 4)
    y = torch.round(mean + scale * torch.randn(n, channels, 12, 12, generator=g))
    truth = bits_of(gaussian_likelihood(y - mean, scale)).mean().item()
    return y.to(torch.int16), truth


TRAIN, (TEST, TRUTH) = structured(96, 1)[0], structured(24, 2)
PIXELS = 144 * 256


@pytest.fixture(scope="module")
def latents() -> Latents:
    return Latents(TRAIN, TEST, PIXELS)


@pytest.fixture(scope="module")
def fitted(latents) -> dict:
    return bake_off(latents, SMALL, steps=STEPS, rate=1e-2)


def test_priors_come_out_in_the_order_of_what_they_can_know(fitted):
    bpp = {name: entry.bpp for name, entry in fitted.items()}
    truth = TRUTH / PIXELS
    assert bpp["scale"] < 0.98 * bpp["factorized"]
    assert bpp["mean-scale"] < 0.97 * bpp["scale"]
    assert truth < bpp["mean-scale"] < 1.3 * truth
    assert table(fitted)["mean-scale"]["change_percent"] < -8


def test_nobody_beats_the_entropy_of_what_it_can_know(fitted):
    # Without side information a channel's density is the mixture over all blocks: its entropy is
    # the least that a factorized prior can need; the histogram of the test set is below it.
    y = TEST.float()
    histogram = sum(
        -(p[p > 0] * torch.log2(p[p > 0])).sum().item()
        for channel in y.transpose(0, 1)
        for p in [torch.bincount((channel.flatten() - channel.min()).long()) / channel.numel()]
    )
    least = histogram * 144 / PIXELS
    assert least < fitted["factorized"].bpp < 1.1 * least
    assert fitted["mean-scale"].bpp < least


def test_a_fit_repeats_itself(latents):
    first, second = (fit(FactorizedPrior, latents, steps=5, seed=3) for _ in range(2))
    assert first.bpp == second.bpp
    assert first.bpp != fit(FactorizedPrior, latents, steps=5, seed=4).bpp


def test_factorized_approaches_the_entropy_of_independent_integers():
    g = torch.Generator().manual_seed(0)
    y = torch.round(2 * torch.randn(60, 2, 8, 8, generator=g)).to(torch.int16)
    fitted = fit(FactorizedPrior, Latents(y[:50], y[50:], 64), steps=150)
    assert fitted.bpp == pytest.approx(2 * 3.062, rel=0.03)  # H(round(N(0, 2))) = 3.062 bits


def test_hyperprior_needs_its_own_z(latents, fitted):
    prior = fitted["mean-scale"].prior
    y = latents.test.float()
    with torch.no_grad():
        _, z = prior.quantizer(prior.h_a(torch.asinh(y)))
        own, other, none = (
            -torch.log2(prior.head.probability(y, prior.h_s(z), prior.unit).clamp(1e-9)).sum()
            for z in (z, z.roll(1, 0), 0 * z)
        )
    assert own < 0.99 * none
    assert own < 0.97 * other


def test_every_prior_gives_bits_of_each_picture(latents):
    y = latents.test[:3].float()
    makes = [FactorizedPrior, LaplacePerPicture, CoarseToFine]
    makes += [lambda sigma, head=head: HyperpriorOnRounded(sigma, head, 8) for head in HEADS]
    for make in makes:
        prior = make(latents.sigma).eval()
        bits = prior.bits(y)
        assert bits.shape == (3,) and bool((bits > 0).all())
        assert torch.allclose(bits[1:2], prior.bits(y[1:2]), rtol=1e-4)


def test_laplace_per_picture_follows_the_picture():
    g = torch.Generator().manual_seed(0)
    y = torch.distributions.Laplace(0.0, 1.0).icdf(torch.rand(2, 4, 32, 32, generator=g))
    y = torch.round(y * torch.tensor([0.5, 8.0]).view(2, 1, 1, 1))
    sigma = y.std(dim=(0, 2, 3))
    own = LaplacePerPicture(sigma).bits(y).sum()
    pooled = FactorizedPrior(sigma)
    latents = Latents(y.to(torch.int16), y.to(torch.int16), 1024)
    static = fit(lambda _: pooled, latents, steps=150, batch=2).bpp * 2 * 1024
    assert own < 0.97 * static
    side = LaplacePerPicture(sigma).bits(torch.zeros(1, 4, 1, 1))
    assert float(side) == pytest.approx(16 * 4, abs=0.01)  # side information alone


def test_asymmetric_gaussian():
    v = torch.arange(-60.0, 61.0, dtype=torch.float64)
    left, right = torch.tensor(2.0).double(), torch.tensor(7.0).double()
    p = asymmetric_likelihood(v, left, right)
    assert float(p.sum()) == pytest.approx(1, abs=1e-9)
    assert bool((p > 0).all())
    share = float(p[:60].sum() + p[60] / 2)
    assert share == pytest.approx(2 / 9, abs=0.02)  # the mass left of the mode is l / (l + r)
    equal = asymmetric_likelihood(v, right, right)
    symmetric = HEADS["scale"].likelihood(v, right)
    assert torch.allclose(equal, symmetric, atol=1e-12)


def test_coarse_to_fine_sees_its_neighborhood_and_nothing_of_y(latents):
    for near, reach in ((5, True), (1, False)):
        prior = CoarseToFine(latents.sigma, width=8, near=near).eval()
        z = torch.zeros(1, 8, 6, 6, requires_grad=True)
        out = prior.fine.up(z)[:, :, 6, 6].sum()
        (g,) = torch.autograd.grad(out, z)
        touched = g[0].abs().sum(0) > 0
        assert touched[3, 3]
        assert bool(touched[3, 4] | touched[2, 3]) == reach


def test_too_few_pictures_are_refused():
    from lic_course.bake_off import cache

    with pytest.raises(LicError, match="at least ten"):
        cache(None, [np.zeros((300, 300, 3), np.uint8)] * 9)


def test_evaluate_knows_the_bake_off():
    assert evaluate.bake_off is bake_off


def test_bits_per_pixel_counts_all_pictures(latents):
    prior = LaplacePerPicture()
    whole = bits_per_pixel(prior, latents.test, latents.pixels, batch=24)
    assert bits_per_pixel(prior, latents.test, latents.pixels, batch=7) == pytest.approx(whole)


def test_recorded_bake_off_has_the_order_of_the_literature():
    path = data_dir() / "results" / "variants" / "bake-off.json"
    record = json.loads(path.read_text("utf-8"))
    assert len(record["runs"]) >= 2
    for run in record["runs"].values():
        bpp = {name: row["bpp"] for name, row in run["priors"].items()}
        assert bpp["factorized"] > bpp["scale hyperprior"] > bpp["mean-scale hyperprior"]
        assert bpp["mean-scale hyperprior"] < 0.92 * bpp["factorized"]
