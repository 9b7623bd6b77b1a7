"""Context models: causal by gradient, and the hyperprior itself as long as nothing is learned."""

import pytest
import torch

from lic_course.neural import schedules
from lic_course.neural.context import SpatialContext, checkerboard_mask, dependence, raster_mask
from lic_course.neural.gates import Setting
from lic_course.neural.priors import MeanScaleHyperprior
from lic_course.neural.quantizers import Mixed

SCHEDULES = {"raster": schedules.wavefront, "checkerboard": schedules.checkerboard}


def prior(kind, M=6, N=4):
    torch.manual_seed(0)
    model = SpatialContext(N, M, kind, width=5, hidden=(7,))
    torch.nn.init.normal_(model.refine[-1].weight)
    return model


@pytest.mark.parametrize("mask", [raster_mask(), checkerboard_mask()])
def test_masks_have_twelve_taps_and_no_center(mask):
    assert mask.sum() == 12 and mask[2, 2] == 0


@pytest.mark.parametrize("place", [(0, 0), (3, 4), (5, 6), (6, 2)])
@pytest.mark.parametrize("kind", SCHEDULES)
def test_nothing_depends_on_what_is_decoded_later(kind, place):
    model, y_hat = prior(kind), 3 * torch.randn(1, 6, 7, 8)
    trunk = torch.randn(1, 4, 7, 8)
    seen = dependence(lambda y: torch.cat(model.refined(y, trunk), 1), y_hat, place)
    time = torch.from_numpy(schedules.times(SCHEDULES[kind](6, 7, 8), (6, 7, 8))[0])
    assert not seen[time >= time[place]].any()
    if place == (3, 4):
        expected = 12 if kind == "raster" or sum(place) % 2 else 0
        assert seen.sum() == expected


def test_it_starts_as_the_hyperprior():
    torch.manual_seed(0)
    model, plain = SpatialContext(4, 6), MeanScaleHyperprior(4, 6)
    plain.load_state_dict(model.state_dict(), strict=False)
    y, ones = 3 * torch.randn(2, 6, 8, 8), torch.ones(2, 6, 1, 1)
    setting = Setting(ones, ones, torch.tensor([0.1, 0.9]))
    one, other = model(y, Mixed().eval(), setting), plain(y, Mixed().eval(), setting)
    torch.testing.assert_close(one.bits, other.bits)
    torch.testing.assert_close(one.y_hat, other.y_hat)
