"""Contexts on frozen latents: causal, found by the decoder alone, and repeated texture pays."""

import numpy as np
import pytest
import torch

from lic_course.images import builtin
from lic_course.neural import frozen, schedules
from lic_course.neural.boundary_net import BoundaryNet, near_boundaries
from lic_course.neural.codec import Model
from lic_course.neural.context import dependence, refined
from lic_course.neural.frozen import Batch, Flat, Frozen, Refined, ScaleOnly
from lic_course.neural.global_context import (
    GlobalHalves,
    NonLocalContext,
    causal_attention,
    directions,
    earlier,
    most_similar,
    wavefront_time,
)
from lic_course.neural.minimize import minimize
from lic_course.neural.recipes import Parts
from lic_course.non_local_means import non_local_means

torch.set_num_threads(1)
N, M, h, w = 4, 6, 7, 8


def batch_of(y_hat, mean=None):
    g = torch.Generator().manual_seed(1)
    trunk = torch.randn(len(y_hat), N, *y_hat.shape[2:], generator=g)
    zero = torch.zeros_like(y_hat)
    mean = zero if mean is None else mean
    return Batch(y_hat, trunk, mean, zero + 20, torch.round(y_hat), torch.zeros(len(y_hat)))


def lively(model):
    """A model whose outputs depend on all that they may depend on."""
    torch.manual_seed(0)
    for name, parameter in model.named_parameters():
        if "refine.2" in name or name == "strength":
            torch.nn.init.normal_(parameter, std=0.5)
    return model


MODELS = {
    "global": (lambda: GlobalHalves(N, M, 16, (16,)), schedules.staggered(M, h, w, (3, 3))),
    "non-local": (lambda: NonLocalContext(N, M, 16, (16,)), schedules.wavefront(M, h, w)),
}


@pytest.mark.parametrize("place", [(0, 0), (3, 4), (6, 7)])
@pytest.mark.parametrize("name", MODELS)
def test_nothing_depends_on_what_is_decoded_later(name, place):
    """By gradient; and, as a choice of the most similar has none, by changing all that is later."""
    make, schedule = MODELS[name]
    torch.manual_seed(0)
    model = lively(make())
    time = torch.from_numpy(schedules.times(schedule, (M, h, w)))
    y_hat = 3 * torch.randn(1, M, h, w)
    for channel in (0, M - 1):
        at = (channel, *place)
        late = time >= time[at]
        seen = dependence(lambda y: model.moves(batch_of(y)), y_hat, at)
        assert not seen[late].any()
        other = torch.where(late, 3 * torch.randn(1, M, h, w), y_hat)
        with torch.no_grad():
            before, after = (model.moves(batch_of(y)) for y in (y_hat, other))
        for one, two in zip(before, after, strict=True):
            assert float(one[(0, *at)]) == pytest.approx(float(two[(0, *at)]), abs=1e-5)
    if place == (6, 7) and name == "non-local":
        assert seen[:, 0, 0].all()  # as far away as can be


def test_steps_are_those_of_the_schedules():
    assert GlobalHalves(N, M).steps(32, 48) == 3 * 31 + 48 + 9
    assert NonLocalContext(N, M).steps(32, 48) == 3 * 31 + 48
    assert Refined(N, M, "diagonal", (1, 2, 3)).steps(32, 48) == 3 + 32 + 48 - 2


def test_the_most_similar_place_is_an_earlier_one():
    torch.manual_seed(0)
    key = directions(torch.randn(2, 3, h, w))
    time = wavefront_time(h, w)
    q, cosine = most_similar(key, earlier(time))
    assert q[0, 0] == 0 and cosine[0, 0] == -1  # the first has nothing to look at
    for p in range(1, h * w):
        assert time[q[0, p]] < time[p]
        others = [float(key[0, :, p] @ key[0, :, k]) for k in range(h * w) if time[k] < time[p]]
        assert float(cosine[0, p]) == pytest.approx(max(others), abs=1e-5)


def test_attention_is_an_average_of_what_is_earlier():
    torch.manual_seed(0)
    key, value = torch.nn.functional.normalize(torch.randn(1, 5, 12), dim=1), torch.rand(1, 2, 12)
    allowed = earlier(wavefront_time(3, 4))
    total, weight = causal_attention(key, value, allowed, torch.tensor(3.0), torch.tensor(0.5))
    scores = torch.exp(3 * key[0].T @ key[0]) * allowed
    expected = scores / (np.exp(0.5) + scores.sum(1, keepdim=True))
    torch.testing.assert_close(weight[0, 0], expected.sum(1))
    torch.testing.assert_close(total[0], value[0] @ expected.T)
    assert weight[0, 0, 0] == 0


def periodic(count, period=6, size=12, seed=0):
    """Latents that come again after `period` positions in both directions."""
    g = torch.Generator().manual_seed(seed)
    tile = torch.round(3 * torch.randn(count, 8, period, period, generator=g))
    return tile.repeat(1, 1, size // period, size // period)


def test_a_repeated_texture_is_found():
    y_hat = periodic(1)
    taken, cosine = GlobalHalves(N, 8).reference(y_hat)
    inside = (slice(None), slice(None), slice(1, 11), slice(7, 11))
    assert torch.equal(taken[inside], y_hat[:, 4:][inside])
    assert float(cosine[:, :, 1:11, 7:11].min()) > 0.999
    assert float(cosine[:, :, :6, :6].max()) < 0.9


def test_a_repeated_texture_pays_and_noise_does_not():
    g = torch.Generator().manual_seed(3)
    noise = torch.round(3 * torch.randn(64, 8, 12, 12, generator=g))
    train, tests = torch.cat([periodic(64), noise]), (periodic(8, seed=1), noise[:8].flip(3))

    def bits(model):
        def loss():
            chosen = torch.randint(128, (8,), generator=g)
            return model.bits(batch_of(train[chosen])).mean() / 1000

        minimize(model, loss, steps=80, rate=5e-3)
        with torch.no_grad():
            return [float(model.bits(batch_of(test)).mean()) for test in tests]

    torch.manual_seed(0)
    plain = bits(Refined(N, 8, "raster", (4, 4), 16, (16,)))
    helped = bits(GlobalHalves(N, 8, 16, (16,)))
    assert helped[0] < 0.95 * plain[0]
    assert helped[1] == pytest.approx(plain[1], rel=0.03)


@pytest.fixture(scope="module")
def model():
    return Model.untrained(Parts(N=8, M=6, hyper_N=4))


@pytest.fixture(scope="module")
def crops(model):
    picture = builtin("chelsea")
    return frozen.freeze(model, [picture[k : k + 64, 64:192] for k in (0, 64, 128)], 100)


def test_frozen_is_what_the_codec_does(model, crops):
    batch = crops.batch()
    assert batch.y_hat.shape == (3, 6, 4, 8) and batch.trunk.shape == (3, 4, 4, 8)
    assert np.allclose((batch.y_hat - batch.mean).numpy(), crops.symbols.numpy())
    assert len(crops[1:]) == 2 and torch.equal(crops[1:].z, crops.z[1:])


def test_all_start_as_the_hyperprior(crops):
    batch = crops.batch()
    expected = frozen.bits_of_all(Refined(4, 6), crops)
    for prior in (GlobalHalves(4, 6), NonLocalContext(4, 6), Refined(4, 6, "blocks-4", (2, 4))):
        assert np.allclose(frozen.bits_of_all(prior, crops), expected, rtol=1e-5)
    assert ScaleOnly(4, 6).bits(batch).shape == Flat(torch.ones(6)).bits(batch).shape == (3,)


@pytest.mark.parametrize(
    ("kind", "groups"), [("raster", (3, 3)), ("diagonal", (1, 2, 3)), ("blocks-4", ())]
)
def test_a_fitted_prior_becomes_files(model, crops, kind, groups):
    torch.manual_seed(0)
    unit = torch.tensor([8.0, 4, 2, 1, 1, 1])
    prior = Refined(4, 6, kind, groups, 16, (16,), unit)
    assert frozen.fit(prior, crops, steps=3) == 3
    batch = crops.batch()
    with torch.no_grad():
        pair = refined(prior.folded(), batch.y_hat, batch.trunk), prior.moves(batch)
    for one, two in zip(*pair, strict=True):
        torch.testing.assert_close(one, two, atol=1e-4, rtol=1e-3)
    coder = frozen.integers_of(prior, model, crops)
    files = frozen.bytes_of(coder, crops, 100)
    for k, file in enumerate(files):
        y_hat = frozen.read_again(coder, file, (6, 4, 8), 100)
        assert np.array_equal(y_hat, crops.batch().y_hat[k].numpy())
    size = 8 * sum(len(part) for file in files for part in file.values())
    assert size == pytest.approx(frozen.bits_of_all(prior, crops).sum(), rel=0.1, abs=300)


def test_fitting_saves_bits(crops):
    prior = Flat(torch.full((6,), 5.0))
    before = frozen.bits_of_all(prior, crops).sum()
    frozen.fit(prior, crops, steps=30, rate=2e-2)
    assert frozen.bits_of_all(prior, crops).sum() < before
    assert isinstance(crops, Frozen)


def test_non_local_means_of_a_small_picture():
    x = np.full((5, 5), 10.0)
    x[:, 3:] = 50
    x[1, 1], x[2, 4], x[4, 1] = 12, 48, 11
    assert non_local_means(x, 10, patch=3, search=9)[1, 1] == pytest.approx(10.302518, abs=1e-6)


def test_non_local_means_removes_noise_and_keeps_edges():
    rng = np.random.default_rng(0)
    x = np.where(np.arange(40)[:, None] // 10 % 2, 60.0, 180.0) * np.ones((1, 30))
    noisy = x + rng.normal(0, 10, x.shape)
    clean = non_local_means(noisy, 6, patch=5, search=13, sigma=10)
    assert np.mean((clean - x) ** 2) < 0.1 * np.mean((noisy - x) ** 2)


def test_a_boundary_net_starts_as_the_identity_and_knows_where_blocks_meet():
    plane = near_boundaries(48, 9, 16)[0]
    assert plane[0, :, 0].nonzero().flatten().tolist() == [*range(8, 40)]
    assert plane[0, [15, 16, 31, 32], 3].tolist() == [1] * 4 and plane[0, 14, 0] == 1 - 1 / 8
    assert not plane[1].any() and not near_boundaries(8, 8, 8).any()
    net, x = BoundaryNet(), torch.rand(1, 3, 16, 24)
    near = near_boundaries(16, 24, 12)
    assert torch.equal(net(x, near), x)
    torch.nn.init.normal_(net.body[-1].weight)
    changed = (net(x, near) != x).any(dim=1)[0]
    assert torch.equal(changed, near[0].amax(dim=0) > 0)
