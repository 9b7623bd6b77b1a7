"""Networks that look far: shapes, a start as the identity, and what they can see."""

import numpy as np
import pytest
import torch
from skimage import data

from lic_course import images
from lic_course.neural.far_looking import NonLocal, restorers
from lic_course.neural.variants import EXPERIMENTS, far_looking

NAMES = list(restorers())


@pytest.mark.parametrize("name", NAMES)
def test_restorers_begin_as_the_identity_and_can_learn(name):
    torch.manual_seed(0)
    net, x = restorers(8)[name], torch.rand(2, 1, 24, 36)
    assert torch.equal(net(x), x)
    net(x).square().sum().backward()
    assert net.layers[-1].weight.grad.abs().max() > 0


@pytest.mark.parametrize("name", NAMES)
def test_how_far_a_pixel_is_seen(name):
    torch.manual_seed(0)
    net = restorers(8)[name]
    torch.nn.init.normal_(net.layers[-1].weight)
    x = torch.rand(1, 1, 96, 96, requires_grad=True)
    net(x)[0, 0, 48, 48].backward()
    seen = x.grad[0, 0].abs() > 0
    if name.startswith("non-local"):
        assert seen.float().mean() > 0.5
    else:
        rows = torch.nonzero(seen.any(dim=1))
        assert 15 < rows.max() - rows.min() < 60


def test_non_local_layer_is_a_mean_by_likeness():
    """With the identity for all maps it is the softmax of products, written out."""
    layer, x = NonLocal(3, 3), torch.randn(1, 3, 4, 5)
    for part in (layer.theta, layer.phi, layer.g, layer.out):
        part.weight.data = torch.eye(3)[:, :, None, None]
        part.bias.data.zero_()
    flat = x[0].flatten(1).T
    wanted = torch.softmax(flat @ flat.T / 3**0.5, dim=1) @ flat
    assert torch.allclose(layer(x)[0].flatten(1).T, flat + wanted, atol=1e-5)


def test_networks_have_about_as_many_weights():
    sizes = {name: sum(p.numel() for p in net.parameters()) for name, net in restorers().items()}
    shared = sizes.pop("non-local, recurrent")
    assert max(sizes.values()) < 1.2 * min(sizes.values()) and shared < min(sizes.values())


def test_non_local_means_of_the_notes():
    """PSNR of the camera after JPEG 20, and denoised: 30.240 and 30.53 dB."""
    x = data.camera()
    y = far_looking.decoded(x)
    assert far_looking.mean_psnr([x], [y]) == pytest.approx(30.240, abs=0.01)
    assert far_looking.mean_psnr([x], [far_looking.non_local_means(y)]) > 30.4


def test_the_experiment_runs_on_little():
    pictures = [images.dead_leaves(136, 144, seed) for seed in range(5)]
    result = EXPERIMENTS["looking-far"].run(pictures, 0.2, 0)
    assert result["tests"] == 1 and set(NAMES) < set(result["rows"])
    assert np.isfinite([row["psnr"] for row in result["rows"].values()]).all()
