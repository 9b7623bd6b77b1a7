"""Parts of the autoencoder family: each behaves as its paper says, on cases known in advance."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from lic_course.neural import early_transforms, sparse_gates
from lic_course.neural.code_length import best_sigma, code_length, residual_bits, rounded_bits
from lic_course.neural.kalman import KalmanTrainer, TinyAutoencoder
from lic_course.neural.quantizers import LearnedStep, SoftToHard, Universal, add_noise
from lic_course.neural.variants import handwriting, small, sparse_latents


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def test_universal_errors_are_uniform_and_independent_of_y():
    y = 0.3 * torch.randn(1, 20000)
    quantizer = Universal(seed=3).eval()
    y_hat, _ = quantizer(y)
    error = (y_hat - y).numpy().ravel()
    assert stats.kstest(error, stats.uniform(-0.5, 1).cdf).pvalue > 0.01
    assert abs(np.corrcoef(error, y.numpy().ravel())[0, 1]) < 0.02
    plain = (torch.round(y) - y).numpy().ravel()
    assert stats.kstest(plain, stats.uniform(-0.5, 1).cdf).pvalue < 1e-6


def test_universal_is_whole_numbers_minus_a_dither_that_both_sides_know():
    y, quantizer = 4 * torch.randn(2, 3, 4, 4), Universal(seed=7).eval()
    y_hat = quantizer(y)[0]
    whole = y_hat + Universal(seed=7).dither(y)
    assert torch.allclose(whole, whole.round(), atol=1e-5)
    assert not torch.equal(quantizer.dither(y), Universal(seed=8).dither(y))
    assert torch.equal(quantizer(y)[0], y_hat)


def test_noise_costs_more_than_rounding_when_sigma_is_small():
    rounded = small.entropy(torch.round(0.2 * torch.randn(200000)))
    noisy = add_noise(0.2 * torch.randn(200000))
    density, edges = np.histogram(noisy.numpy(), 100, density=True)
    h = -np.sum(density * np.log2(np.maximum(density, 1e-12))) * (edges[1] - edges[0])
    assert rounded == pytest.approx(0.109, abs=0.01)
    assert h == pytest.approx(0.521, abs=0.02)


def test_soft_assignments_become_hard():
    quantizer = SoftToHard(torch.tensor([[-1.0], [0.0], [2.0]]), (1.0, 1000.0))
    z = torch.tensor([[-0.9, 0.6, 1.7, 0.2]])
    assert torch.equal(quantizer.eval()(z), torch.tensor([[-1.0, 0.0, 2.0, 0.0]]))
    quantizer.train()
    gaps = []
    for share in (0.0, 0.5, 1.0):
        quantizer.anneal(share)
        gaps.append((quantizer(z) - quantizer.hard(z)).abs().max().item())
    assert quantizer.hardness == pytest.approx(1000.0)
    assert gaps[0] > gaps[1] > gaps[2] and gaps[2] < 1e-6
    assert quantizer.soft(z)[1].sum(dim=1).tolist() == pytest.approx([1.0] * 4)


def test_soft_to_hard_bits_are_those_of_the_indices():
    quantizer = SoftToHard(torch.tensor([[0.0], [1.0]])).eval()
    z = torch.tensor([0.0] * 60 + [1.0] * 20)
    expected = 60 * math.log2(82 / 61) + 20 * math.log2(82 / 21)
    assert quantizer.bits(z).item() == pytest.approx(expected, rel=1e-5)


def test_centers_in_the_plane_beat_levels_on_each_axis():
    assert sparse_gain(0.9) > 1.5
    assert 0.0 < sparse_gain(0.0) < 1.0


def sparse_gain(correlation: float) -> float:
    from lic_course.neural.variants.autoencoders import vectors_against_scalars

    return vectors_against_scalars(correlation, 0)


def test_learned_steps_are_per_channel_and_multiplied_later():
    gate = LearnedStep(3, 0.5)
    with torch.no_grad():
        gate.log_step[1] = math.log(2.0)
    gate.multiplier = 3.0
    setting = gate(torch.zeros(2))
    assert setting.inverse[1].flatten().tolist() == pytest.approx([1.5, 6.0, 1.5])
    assert (setting.gain * setting.inverse).flatten().tolist() == pytest.approx([1.0] * 6)
    setting.inverse.sum().backward()
    assert gate.log_step.grad.tolist() == pytest.approx([3.0, 12.0, 3.0])


def test_winners_compete_everywhere_or_place_by_place():
    y = torch.randn(2, 8, 4, 4)
    y[0] *= 10
    mask = sparse_gates.WinnerTakeAll()(y, 0.25)
    assert mask.sum() == y.numel() // 4
    assert y.abs()[mask == 1].min() > y.abs()[mask == 0].max()
    assert mask[0].sum() > 4 * mask[1].sum()
    alike = sparse_gates.WinnerTakeAll(everywhere_alike=True)(y, 0.25)
    assert (alike.sum(dim=1) == 2).all()
    kept = y.abs().where(alike == 1, torch.tensor(math.inf)).amin(dim=1)
    lost = y.abs().where(alike == 0, torch.tensor(0.0)).amax(dim=1)
    assert (kept > lost).all()


def test_importance_mask_keeps_the_first_channels():
    gate = sparse_gates.ImportanceMap(4, channels=32, levels=16)
    p = torch.tensor([0.0, 0.0626, 0.5, 0.999]).view(1, 1, 2, 2)
    mask = gate.mask(p)
    assert mask.sum(dim=1).flatten().tolist() == [0, 2, 16, 30]
    assert (mask[:, :-1] >= mask[:, 1:]).all()


def test_importance_gradient_comes_from_channels_at_the_border():
    gate = sparse_gates.ImportanceMap(4, channels=8, levels=8)
    p = torch.full((1, 1, 1, 1), 0.5, requires_grad=True)
    weights = torch.arange(1.0, 9.0).view(1, 8, 1, 1)
    (gate.mask(p) * weights).sum().backward()
    # 8 p = 4: channels with 3 <= k <= 6, which weigh 4, 5, 6 and 7, times 8 levels.
    assert p.grad.item() == pytest.approx(8 * (4 + 5 + 6 + 7))


def test_bits_pass_gradients_between_0_and_1_only():
    e = torch.tensor([-0.1, 0.2, 0.7, 1.2], requires_grad=True)
    bits = sparse_gates.binarize(e)
    bits.sum().backward()
    assert bits.tolist() == [0, 0, 1, 1] and e.grad.tolist() == [0, 1, 1, 0]


def test_nested_dropout_keeps_the_first_channels():
    gate = sparse_gates.NestedDropout(8, (2, 4, 8))
    mask = gate(2, torch.tensor([3, 8]))
    assert mask[:, :, 0, 0].tolist() == [[1] * 3 + [0] * 5, [1] * 8]
    drawn = gate(300).sum(dim=1).flatten()
    assert set(drawn.tolist()) == {2, 4, 8}


@pytest.mark.parametrize(
    ("transform", "stride"),
    [
        (early_transforms.CompressiveAutoencoder(8, 6, 1), 8),
        (early_transforms.PReluAutoencoder(6, 5), 8),
        (early_transforms.MultiScale(6, 5), 16),
        (sparse_latents.Dictionary(6), 4),
    ],
    ids=lambda value: type(value).__name__,
)
def test_transforms_have_the_shapes_they_promise(transform, stride):
    y = transform.analysis(torch.rand(2, 3, 64, 32))
    assert transform.stride == stride
    assert y.shape == (2, transform.M, 64 // stride, 32 // stride)
    assert transform.synthesis(y).shape == (2, 3, 64, 32)


def test_multi_scale_sees_far_only_with_its_coarse_scale():
    def reach(scales: int) -> int:
        transform = early_transforms.MultiScale(6, 5, scales)
        x = torch.rand(1, 3, 128, 128, requires_grad=True)
        transform.analysis(x)[0, :, 4, 4].sum().backward()
        return int((x.grad.abs().sum(dim=(0, 1, 2)) > 0).sum())

    assert reach(1) < reach(3)


def test_rotation_makes_channels_uncorrelated_and_can_be_undone():
    y = torch.einsum("km,bmhw->bkhw", torch.randn(5, 5), torch.randn(4, 5, 8, 8)) + 3
    rotation = early_transforms.Rotation(y)
    r = rotation(y)
    covariance = torch.cov(r.transpose(0, 1).flatten(1), correction=0)
    assert torch.allclose(covariance, torch.diag(rotation.variances), atol=1e-3)
    assert (rotation.variances.diff() <= 0).all()
    assert torch.allclose(rotation.back(r), y, atol=1e-4)


def test_residual_bits_are_a_code():
    x = torch.arange(-40, 41, dtype=torch.float64)
    p = 2 ** -residual_bits(x, torch.tensor(0.3, dtype=torch.float64), 2.5)
    assert p.sum().item() == pytest.approx(1.0, abs=1e-6)
    q = 2 ** -rounded_bits(x, torch.tensor(1.7, dtype=torch.float64))
    assert q.sum().item() == pytest.approx(1.0, abs=1e-6)


def test_a_smaller_error_can_be_a_longer_code():
    x, tests = handwriting.handwritten(0)
    mean, V = handwriting.components(x)
    few, all_of_them = (
        handwriting.bits_with(x, tests, mean, V[:, :k], step) for k, step in ((30, 4.0), (64, 1.0))
    )
    assert all_of_them["mse"] < few["mse"]
    assert all_of_them["bits"] > few["bits"]


def test_code_length_adds_both_messages_and_the_best_sigma_is_best():
    x = torch.randn(400, 6, dtype=torch.float64) * 3
    x_hat, y_bits = torch.zeros_like(x), torch.ones(400, 2, dtype=torch.float64)
    sigma = best_sigma(x, x_hat)
    length = code_length(x, x_hat, y_bits, sigma).mean()
    assert length == pytest.approx(2 + residual_bits(x, x_hat, sigma).sum(dim=1).mean())
    assert length < code_length(x, x_hat, y_bits, 0.7 * sigma).mean()
    assert length < code_length(x, x_hat, y_bits, 1.4 * sigma).mean()


def test_jacobian_of_the_tiny_autoencoder():
    network = TinyAutoencoder(6, 3)
    x = torch.rand(6, dtype=torch.float64)
    expected = torch.autograd.functional.jacobian(lambda w: network(x[None], w)[0], network.w)
    assert torch.allclose(network.jacobian(x), expected)


def test_kalman_filter_solves_a_linear_problem_like_least_squares():
    """With the codes frozen the network is linear, and the filter is recursive least squares."""
    network = TinyAutoencoder(4, 2)
    frozen = sum(network.sizes[:2])
    trainer = KalmanTrainer(network, spread=1e4, r=1.0, q=0.0)
    trainer.P[:frozen] = 0
    trainer.P[:, :frozen] = 0
    X = torch.rand(40, 4, dtype=torch.float64)
    h = network.code(X)
    for x in X:
        trainer.learn(x)
    A = torch.cat([h, torch.ones(40, 1, dtype=torch.float64)], dim=1)
    best = A @ torch.linalg.lstsq(A, X).solution
    assert torch.allclose(network(X), best, atol=1e-2)


def test_kalman_filter_learns_more_from_a_few_samples_than_adam():
    x = handwriting.handwritten(0)[0][:150] / 16
    ours, other = TinyAutoencoder(64, 4), TinyAutoencoder(64, 4)
    trainer = KalmanTrainer(ours)
    for sample in x[:100]:
        trainer.learn(sample)
    handwriting.adam(other, x[:100], 1, 3e-3, 0)
    errors = [(network(x[100:]) - x[100:]).square().mean() for network in (ours, other)]
    assert errors[0] < 0.8 * errors[1]


def test_adaptive_bits_are_those_of_a_sequential_estimator():
    rng = np.random.default_rng(0)
    bits, contexts = (rng.random(200) < 0.2).astype(int), rng.integers(0, 3, 200)
    counts, total = np.full((3, 2), 0.5), 0.0
    for bit, context in zip(bits, contexts, strict=True):
        total -= math.log2(counts[context, bit] / counts[context].sum())
        counts[context, bit] += 1
    found = sparse_latents.adaptive_bits(torch.from_numpy(bits), torch.from_numpy(contexts))
    assert found == pytest.approx(total)


def test_sizes_are_chosen_where_they_help_most():
    errors = torch.tensor([[9.0, 1.0], [9.0, 8.5], [9.0, 8.0], [9.0, 2.0]])
    chosen = sparse_latents.choose_sizes(errors, torch.tensor([4, 8]), 6.0)
    assert chosen.tolist() == [1, 0, 0, 1]


def test_experiments_keep_tests_apart_and_repeat_exactly():
    pictures = [
        np.random.default_rng(n).integers(0, 256, (256, 256, 3), np.uint8) for n in range(8)
    ]
    task = small.task_of(pictures, 0.1, 0)
    assert len(task.pictures) == 6 and task.tests.shape == (2, 3, 256, 256)
    assert torch.equal(task.tests[0], torch.from_numpy(pictures[6]).permute(2, 0, 1) / 255)
    losses = []
    for _ in range(2):
        torch.manual_seed(0)
        network = small.compose(early_transforms.PReluAutoencoder(4, 4))
        losses.append(small.train(task, network, small.rate_distortion(network, 0.01)))
    assert len(losses[0]) == 3 and losses[0] == losses[1]
    assert small.measure(network, task.tests, 0.01)["bpp"] > 0
