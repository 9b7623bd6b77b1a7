"""Receptive fields, and tiles that give what the whole picture gives."""

import numpy as np
import pytest
import torch
from torch import nn

from lic_course import full_resolution, images
from lic_course.errors import LicError
from lic_course.full_resolution import Halo
from lic_course.neural import transforms
from lic_course.neural.attention import NonLocal
from lic_course.neural.codec import Model
from lic_course.neural.recipes import Parts

NAMES = ("Balle2017", "Balle2018", "Pyramid")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def model():
    """A small model whose networks do more than its linear path."""
    made = Model.untrained(Parts(N=8, M=12, hyper_N=4, transform="balle2018"))
    made.dtype = torch.float32
    return made


def field_by_gradient(function, size, place):
    """First and last input along the rows that the output at a place depends on."""
    x = torch.rand(1, size[0], size[1], 16, dtype=torch.float64, requires_grad=True)
    function(x)[0, :, place].sum().backward()
    rows = x.grad.abs().sum(dim=(0, 1, 3)).nonzero()
    return int(rows[0]), int(rows[-1])


def positive(transform):
    """The transform in float64, with weights above zero: no ReLU is off, and nothing cancels."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in transform.parameters():
            parameter.uniform_(0.01, 0.1)
    return transform.double()


@pytest.mark.parametrize("name", NAMES)
def test_the_fields_are_those_that_the_gradient_shows(name):
    transform = positive(getattr(transforms, name)(4, 6))
    first, last = full_resolution.inputs_of(transform.g_a, 6, 6)
    g_a = field_by_gradient(transform.g_a, (3, 224), 6)
    assert g_a == (first, last)
    first, last = full_resolution.inputs_of(transform.g_s, 16 * 6, 16 * 6 + 15)
    fields = [field_by_gradient(transform.g_s, (6, 14), 16 * 6 + row) for row in range(16)]
    assert (min(f for f, _ in fields), max(f for _, f in fields)) == (first, last)


def test_known_halos_of_four_5x5_layers():
    transform = transforms.Balle2018(4, 6)
    assert full_resolution.inputs_of(transform.g_a, 0, 0) == (-30, 30)
    assert full_resolution.analysis_halo(transform) == Halo(2, 1)
    assert full_resolution.synthesis_halo(transform) == Halo(1, 2)
    assert full_resolution.inputs_of(transforms.Balle2017(4, 6).g_a, 0, 0) == (-28, 31)


def test_global_attention_cannot_be_tiled():
    with pytest.raises(LicError, match="cannot be tiled"):
        full_resolution.inputs_of(nn.Sequential(NonLocal(8)), 0, 0)


@pytest.mark.parametrize("tile", [64, 112, 256])
@pytest.mark.parametrize("shape", [(200, 333, 3), (131, 97), (64, 64, 3)])
def test_tiles_give_the_latents_of_the_whole(model, tile, shape):
    image = images.dead_leaves(shape[0], shape[1], seed=1)
    image = image if len(shape) == 3 else image[..., 0]
    whole = model.analyze(image, 200)
    tiled = full_resolution.analyze(model, image, 200, tile)
    np.testing.assert_allclose(tiled.y, whole.y, rtol=0, atol=1e-4)
    np.testing.assert_allclose(tiled.z, whole.z, rtol=0, atol=1e-4)


@pytest.mark.parametrize("tile", [64, 112, 256])
@pytest.mark.parametrize("shape", [(200, 333, 3), (131, 97)])
def test_tiles_give_the_pixels_of_the_whole(model, tile, shape):
    y = np.random.default_rng(0).normal(0, 8, model.latent_shape(shape)).round()
    whole = model.synthesize(y, 200, shape).astype(int)
    tiled = full_resolution.synthesize(model, y, 200, np.empty(shape, np.uint8), tile)
    assert np.abs(tiled - whole).max() <= 1 and (tiled != whole).mean() < 1e-3


@pytest.mark.parametrize("halo", [Halo(1, 1), Halo(2, 0), Halo(0, 0)])
def test_a_smaller_halo_fails(model, halo):
    image = images.dead_leaves(200, 320, seed=2)
    whole = model.analyze(image, 200).y
    tiled = full_resolution.analyze(model, image, 200, 64, halo).y
    assert np.abs(tiled - whole).max() > 1e-3


@pytest.mark.parametrize("halo", [Halo(1, 1), Halo(0, 2)])
def test_a_smaller_halo_of_the_decoder_fails(model, halo):
    y = np.random.default_rng(0).normal(0, 8, (12, 12, 20)).round()
    whole = model.synthesize(y, 200, (192, 320, 3)).astype(int)
    tiled = full_resolution.synthesize(model, y, 200, np.empty((192, 320, 3), np.uint8), 64, halo)
    assert np.abs(tiled - whole).max() > 1


def test_a_picture_on_disk_is_read_tile_by_tile(model, tmp_path):
    image = images.dead_leaves(160, 224, seed=3)
    stored = np.memmap(tmp_path / "x.raw", np.uint8, "w+", shape=image.shape)
    stored[:] = image
    expected = full_resolution.analyze(model, image, 100, 64)
    found = full_resolution.analyze(model, stored, 100, 64)
    np.testing.assert_array_equal(found.y, expected.y)


@pytest.mark.parametrize("tile", [0, 100, 8])
def test_tiles_that_do_not_fit_the_stride_are_refused(model, tile):
    with pytest.raises(LicError, match="multiple of 16"):
        full_resolution.analyze(model, images.dead_leaves(64, 64, 0), 100, tile)
