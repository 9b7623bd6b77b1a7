"""Layers and likelihoods of the learned codecs: formulas, bounds, and gradients."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from lic_course.neural import layers, priors, quantizers
from lic_course.neural.gates import Gain, Setting
from lic_course.neural.transforms import Balle2017, Balle2018, PlusLinear, Pyramid


def test_a_lower_bound_lets_gradients_raise_what_is_below():
    x = torch.tensor([-1.0, 0.5, 2.0], requires_grad=True)
    y = layers.lower_bound(x, 1.0)
    assert y.tolist() == [1.0, 1.0, 2.0]
    (y * torch.tensor([1.0, -1.0, 3.0])).sum().backward()
    assert x.grad.tolist() == [0.0, -1.0, 3.0]  # a clamp would give 0 for the second one


def test_a_scale_under_its_bound_comes_back():
    x = torch.nn.Parameter(torch.tensor(0.05))
    optimizer = torch.optim.SGD([x], lr=0.1)
    for _ in range(50):
        optimizer.zero_grad()
        (layers.lower_bound(x, 0.11) - 1).square().backward()
        optimizer.step()
    assert x.item() > 0.9


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("exponent", [1, 2])
def test_gdn_is_its_formula(inverse, exponent):
    torch.manual_seed(0)
    gdn = layers.GDN(3, inverse, exponent)
    with torch.no_grad():
        gdn.beta.root.uniform_(0.5, 1.5)
        gdn.gamma.root.uniform_(0.1, 0.9)
    u = torch.randn(2, 3, 4, 5)
    beta, gamma = gdn.beta().detach().numpy(), gdn.gamma().detach().numpy()
    activity = np.einsum("ij,bjhw->bihw", gamma, np.abs(u.numpy()) ** exponent)
    norm = (beta[:, None, None] + activity) ** (1 / exponent)
    expected = u.numpy() * norm if inverse else u.numpy() / norm
    np.testing.assert_allclose(gdn(u).detach().numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("exponent", [1, 2])
def test_gradients_of_gdn(exponent):
    torch.manual_seed(0)
    gdn = layers.GDN(2, exponent=exponent).double()
    u = torch.randn(1, 2, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(gdn, (u,))


def test_parameters_of_gdn_stay_positive():
    torch.manual_seed(0)
    gdn = layers.GDN(4)
    optimizer = torch.optim.SGD(gdn.parameters(), lr=10.0)
    for _ in range(20):
        optimizer.zero_grad()
        gdn(torch.randn(1, 4, 8, 8)).square().sum().neg().backward()  # wants beta to vanish
        optimizer.step()
    assert gdn.beta().min() >= 0.99e-6 and gdn.gamma().min() >= -1e-10


def test_strided_layers_divide_and_multiply_sizes():
    x = torch.zeros(1, 3, 16, 32)
    assert layers.conv(3, 5)(x).shape == (1, 5, 8, 16)
    assert layers.deconv(3, 5)(x).shape == (1, 5, 32, 64)


def test_gaussian_likelihood_against_scipy():
    v = torch.linspace(-30, 30, 241, dtype=torch.float64)
    for sigma in (0.11, 0.5, 3.0, 20.0):
        expected = stats.norm.cdf((0.5 - v.abs()) / sigma) - stats.norm.cdf(
            (-0.5 - v.abs()) / sigma
        )
        got = priors.gaussian_likelihood(v, torch.tensor(sigma, dtype=torch.float64))
        np.testing.assert_allclose(got.numpy(), expected, rtol=1e-9, atol=1e-300)


def test_laplace_likelihood_against_scipy():
    v = torch.linspace(-30, 30, 241, dtype=torch.float64)
    for b in (0.2, 1.0, 7.0):
        expected = stats.laplace.cdf(v + 0.5, scale=b) - stats.laplace.cdf(v - 0.5, scale=b)
        got = priors.laplace_likelihood(v, torch.tensor(b, dtype=torch.float64))
        np.testing.assert_allclose(got.numpy(), expected, rtol=1e-6, atol=1e-15)


def test_the_table_of_scales_has_the_ends_of_the_field():
    scales = priors.scale_of(torch.tensor([0.0, 63.0]))
    assert scales.tolist() == pytest.approx([0.11, 256.0], rel=1e-5)


def test_a_gain_moves_the_index_by_its_logarithm():
    index = torch.tensor(20.0)
    moved = index + priors.index_shift(torch.tensor(3.0))
    assert priors.scale_of(moved) / priors.scale_of(index) == pytest.approx(3.0, rel=1e-5)


def test_likelihoods_of_a_mixture_sum_to_one_and_follow_its_cdf():
    torch.manual_seed(0)
    density = priors.LogisticMixture(4)
    with torch.no_grad():
        density.logits.normal_()
        density.means.normal_(std=3)
    k = torch.arange(-200.0, 201.0).expand(1, 4, -1)
    p = density.likelihood(k)
    np.testing.assert_allclose(p.sum(-1).detach().numpy(), 1, atol=1e-4)
    difference = density.cdf(k + 0.5) - density.cdf(k - 0.5)
    np.testing.assert_allclose(p.detach(), difference.detach(), atol=2e-6)


def test_a_mixture_starts_as_wide_as_asked():
    density = priors.LogisticMixture(2)
    density.start_at(torch.tensor([0.5, 20.0]))
    k = torch.arange(-4000.0, 4001.0).expand(1, 2, -1) / 10
    p = density.likelihood(k, 0.05)[0].detach()
    deviations = (p * k[0] ** 2).sum(-1).sqrt()
    assert 0.4 < deviations[0] < 0.8 and 16 < deviations[1] < 32


def test_a_mixture_learns_a_distribution():
    torch.manual_seed(0)
    density = priors.LogisticMixture(1)
    y = torch.round(5 * torch.distributions.Laplace(0.0, 1.0).sample((1, 1, 4000)) + 7)
    optimizer = torch.optim.Adam(density.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        bits = priors.bits_of(density.likelihood(y)).mean() / 4000
        bits.backward()
        optimizer.step()
    _, counts = np.unique(y, return_counts=True)
    entropy = stats.entropy(counts, base=2)
    assert entropy < bits.item() < 1.02 * entropy


def test_surrogates_in_training_and_rounding_in_use():
    torch.manual_seed(0)
    y, mu = torch.randn(1, 2, 50, 50) * 3, torch.full((1, 2, 50, 50), 0.3)
    for kind in (quantizers.Noise, quantizers.StraightThrough, quantizers.Mixed):
        quantizer = kind()
        rate, seen = quantizer(y, mu)
        assert (rate - y).abs().max() <= 0.5 + 1e-6 and (seen - y).abs().max() <= 0.5 + 1e-6
        is_grid = torch.allclose(seen - mu, torch.round(seen - mu), atol=1e-5)
        assert is_grid == (kind is not quantizers.Noise)
        quantizer.eval()
        rate, seen = quantizer(y, mu)
        assert torch.equal(rate, seen) and torch.equal(seen, torch.round(y - mu) + mu)


def test_noise_overestimates_the_rate_of_small_scales():
    """Entropy of round(y) and of y + U for Gaussians: .109 and .521 bits at a scale of .2."""
    torch.manual_seed(0)
    y = 0.2 * torch.randn(1, 400_000)
    sigma = torch.tensor(0.2)
    noisy = priors.bits_of(priors.gaussian_likelihood(quantizers.add_noise(y), sigma)) / y.numel()
    hard = priors.bits_of(priors.gaussian_likelihood(torch.round(y), sigma)) / y.numel()
    assert noisy.item() == pytest.approx(0.521, abs=0.01)
    assert hard.item() == pytest.approx(0.109, abs=0.005)


@pytest.mark.parametrize("kind", [Balle2017, Balle2018, Pyramid])
def test_transforms_go_to_a_sixteenth_and_back(kind):
    transform = PlusLinear(kind(8, 12))
    x = torch.rand(1, 3, 64, 96)
    y = transform.analysis(x)
    assert y.shape == (1, 12, 4, 6)
    assert transform.synthesis(y).shape == x.shape


def test_a_transform_that_starts_from_blocks_is_the_klt():
    torch.manual_seed(0)
    coarse = torch.rand(64, 3, 4, 4).repeat_interleave(4, 2).repeat_interleave(4, 3)
    transform = PlusLinear(Pyramid(8, 48))
    transform.start_from_blocks(coarse)
    for layer in (transform.g_a, transform.g_s):
        for parameter in layer.parameters():
            torch.nn.init.zeros_(parameter)
    for module in (*transform.g_a.modules(), *transform.g_s.modules()):
        if isinstance(module, layers.GDN):
            torch.nn.init.ones_(module.beta.root)
    x_hat = transform.synthesis(transform.analysis(coarse))
    assert (x_hat - coarse).abs().max() < 1e-4  # 48 numbers a block are enough for these


def test_gains_between_two_levels_are_geometric_means():
    torch.manual_seed(0)
    gate = Gain(5, levels=4)
    with torch.no_grad():
        gate.log_gain.normal_()
    low, middle, high = (gate(torch.tensor([level])).gain for level in (1.0, 1.5, 2.0))
    torch.testing.assert_close(middle, torch.sqrt(low * high))
    last = gate(torch.tensor([3.0]))
    torch.testing.assert_close(last.gain[0, :, 0, 0], gate.log_gain[3].exp())
    assert last.level.item() == 1
    ratio = gate.lmbda(3) / gate.lmbda(0)
    assert ratio.item() == pytest.approx(gate.lmbda_max / gate.lmbda_min)


def test_a_hyperprior_starts_with_the_given_scales():
    prior = priors.MeanScaleHyperprior(4, 6)
    sigma = torch.tensor([0.2, 0.5, 1.0, 4.0, 16.0, 64.0])
    prior.start_at(sigma)
    torch.nn.init.zeros_(prior.h_s[-1].weight)
    ones = torch.ones(1, 6, 1, 1)
    setting = Setting(2 * ones, ones, torch.tensor([0.5]))
    mu, scales = prior.parameters_of(torch.zeros(1, 4, 2, 2), setting)
    assert mu.abs().max() == 0
    torch.testing.assert_close(scales[0, :, 3, 3], 2 * sigma, rtol=1e-4, atol=0)


def test_a_better_model_takes_fewer_bits():
    """Scales that are right cost less than scales that are off by e, by about 1.44 eps^2 bits."""
    torch.manual_seed(0)
    y = torch.round(8 * torch.randn(1, 200_000))
    right = priors.bits_of(priors.gaussian_likelihood(y, torch.tensor(8.0))).item() / y.numel()
    wrong = priors.bits_of(priors.gaussian_likelihood(y, torch.tensor(8.0 * 1.1))).item()
    assert wrong / y.numel() - right == pytest.approx(0.1**2 / math.log(2), rel=0.25)
