import math

import pytest
import torch
from scipy.stats import ks_1samp, uniform

from lic_course.neural.attention import NonLocal, NonLocalAttention
from lic_course.neural.conditional import Conditional, ConditionalAutoencoder, universal_quantize
from lic_course.neural.gates import Gain
from lic_course.neural.layers import conv
from lic_course.neural.minimize import minimize
from lic_course.neural.post_filter import PostFilter
from lic_course.neural.priors import laplace_likelihood
from lic_course.neural.recurrent_vae import Draw, gaussian_kl

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def test_laplace_has_its_closed_form():
    k, b = torch.arange(-40.0, 41.0).double(), torch.tensor(1.7).double()
    p = laplace_likelihood(k, b)
    assert float(p.sum()) == pytest.approx(1, abs=1e-9)
    assert float(p[40]) == pytest.approx(1 - math.exp(-1 / (2 * 1.7)))
    assert float(p[43]) == pytest.approx(math.exp(-3 / 1.7) * math.sinh(1 / (2 * 1.7)))


@pytest.mark.parametrize(
    "module", [NonLocal(8), NonLocalAttention(8), NonLocalAttention(8, local=True)]
)
def test_attention_starts_as_the_identity_and_can_leave_it(module):
    x = torch.randn(2, 8, 5, 7)
    assert torch.equal(module(x), x)
    minimize(module, lambda: (module(x) - 2 * x).square().mean(), steps=20, rate=1e-2)
    assert not torch.allclose(module(x), x, atol=1e-3)


def test_non_local_attention_sees_everything_and_a_tile_does_not():
    module = NonLocal(4)
    torch.nn.init.normal_(module.W.weight)
    x = torch.randn(1, 4, 8, 8, requires_grad=True)
    (g,) = torch.autograd.grad(module(x)[0, :, 0, 0].sum(), x)
    assert bool((g[0].abs().sum(0) > 0).all())
    attention = module.attention(x)
    assert attention.shape == (1, 64, 64)
    assert torch.allclose(attention.sum(2), torch.ones(1, 64))
    assert not torch.allclose(module(x)[..., :4, :4], module(x[..., :4, :4]), atol=1e-4)


def test_post_filter_starts_as_the_identity_and_learns_a_bias():
    net, x = PostFilter(8, 1), torch.rand(2, 3, 16, 16)
    assert torch.equal(net(x), x)
    losses = minimize(net, lambda: (net(x) - x - 0.1).square().mean(), steps=40, rate=1e-2)
    assert losses[-1] < 0.1 * losses[0]


def test_conditional_convolution_scales_and_shifts_by_rate():
    layer = conv(3, 4)
    net, x, rate = Conditional(layer, 2), torch.randn(2, 3, 8, 8), torch.tensor([0, 1])
    assert torch.allclose(net(x, rate), layer(x), atol=1e-6)
    with torch.no_grad():
        net.v[1] += 3
        net.u[1] = math.log(math.exp(2) - 1)  # softplus of it is 2
    assert torch.allclose(net(x, rate)[0], layer(x)[0], atol=1e-6)
    assert torch.allclose(net(x, rate)[1], 2 * layer(x)[1] + 3, atol=1e-5)


def test_universal_quantization_has_a_uniform_error_that_ignores_y():
    y = torch.randn(20000).double() * 0.3  # far finer than a step: plain rounding gives zeros
    step = 1.6
    u = torch.rand(20000).double()
    error = (universal_quantize(y, step, u) - y) / step
    assert error.abs().max() <= 0.5
    assert ks_1samp(error.numpy(), uniform(-0.5, 1).cdf).pvalue > 0.01
    assert abs(float(torch.corrcoef(torch.stack([y, error]))[0, 1])) < 0.02
    plain = universal_quantize(y, step, 0.0) - y
    assert float(torch.corrcoef(torch.stack([y, plain]))[0, 1]) < -0.85


def test_conditional_autoencoder_costs_fewer_bits_with_a_wider_step():
    net = ConditionalAutoencoder(2, N=8, M=8).eval()
    x, rate = torch.rand(2, 3, 32, 32), torch.tensor([0, 1])
    with torch.no_grad():
        net.log_scale[1] += 1
        costs = [net(x, rate, torch.full((2, 1, 1, 1), s))[1] for s in (0.5, 1.0, 2.0)]
    assert bool((costs[0] > costs[1]).all()) and bool((costs[1] > costs[2]).all())
    assert net(x, rate, torch.ones(2, 1, 1, 1))[0].shape == x.shape
    assert not torch.isclose(costs[1][0], costs[1][1], rtol=0.01)


def test_conditional_autoencoder_starts_with_latents_as_wide_as_its_gains():
    net = ConditionalAutoencoder(2, N=8, M=8, gains=torch.tensor([1.0, 2.5])).eval()
    x = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        y = [net.analysis(x, torch.tensor([k])) for k in (0, 1)]
        deep = net.g_s[0](y[0], torch.tensor([0]))
        bias = net.g_s[0].layer.bias[:, None, None]
        again = net.g_s[0](y[1], torch.tensor([1]))
    assert torch.allclose(y[1], 2.5 * y[0], atol=1e-5)
    assert torch.allclose(again - bias / 2.5, deep - bias, atol=1e-5)
    assert float(net.log_scale[1].mean().detach()) == pytest.approx(math.log(2.5))


def test_gains_between_two_levels_are_geometric_means():
    gate = Gain(2, levels=3)
    with torch.no_grad():
        gate.log_gain.copy_(torch.log(torch.tensor([[1.0, 2.0], [4.0, 2.0], [9.0, 8.0]])))
        gate.log_inverse.copy_(-gate.log_gain)
    setting = gate(torch.tensor([0.5, 1.5]))
    expected = torch.tensor([[2.0, 2.0], [6.0, 4.0]])
    assert torch.allclose(setting.gain[:, :, 0, 0], expected)
    assert torch.allclose(setting.gain * setting.inverse, torch.ones(2, 2, 1, 1))
    linear = (gate.log_inverse[:2].exp()).mean(0)  # what a decoder with the bug would take
    assert float((setting.gain[0, 0, 0, 0] * linear[0]).detach()) == pytest.approx(1.25)


def test_kl_of_gaussians_in_bits():
    one = torch.tensor(0.0)
    assert float(gaussian_kl(one, one, one, one)) == 0
    assert float(gaussian_kl(one + 1, one, one, one)) == pytest.approx(0.5 / math.log(2))
    q = torch.distributions.Normal(0.3, 0.5)
    p = torch.distributions.Normal(-0.2, 2.0)
    args = (q.loc, q.scale.log(), p.loc, p.scale.log())
    kl = torch.distributions.kl_divergence(q, p) / math.log(2)
    assert float(gaussian_kl(*args)) == pytest.approx(float(kl), rel=1e-5)


def test_drawing_tells_only_what_it_is_asked_to():
    net, x = Draw(3, hidden=8).eval(), torch.randn(2, 1, 16, 16)
    whole = net(x)
    assert whole.canvas.shape == x.shape and whole.bits.shape == (2, 3)
    assert bool((whole.bits > 0).all())
    none, first = net(x, frozenset()), net(x, frozenset({0}))
    assert torch.equal(none.canvas[0], none.canvas[1])  # nothing of x got through
    assert float(none.bits.sum()) == 0
    assert not torch.equal(first.canvas[0], first.canvas[1])
    assert first.bits[:, 1:].sum().item() == 0
    assert torch.equal(first.bits[:, 0], whole.bits[:, 0])


def test_draw_learns():
    net, x = Draw(2, hidden=8), torch.tanh(torch.randn(8, 1, 1, 1).expand(8, 1, 8, 8))

    def loss():
        drawing = net(x)
        return (drawing.canvas - x).square().mean() + 1e-4 * drawing.bits.mean()

    losses = minimize(net, loss, steps=60, rate=1e-2)
    assert losses[-1] < 0.4 * losses[0]
