"""Context models: causal by gradient, and the hyperprior itself as long as nothing is learned."""

import numpy as np
import pytest
import torch

from lic_course.entropy.tables import Decoder, Encoder
from lic_course.errors import BitstreamError
from lic_course.neural import schedules
from lic_course.neural.causal_layers import checkerboard_mask, diagonal_mask, raster_mask
from lic_course.neural.context import ContextModel, dependence
from lic_course.neural.context_coder import ContextCoder, State
from lic_course.neural.frugal_rounding import FARTHEST
from lic_course.neural.gates import Gain, Setting
from lic_course.neural.latent_coders import Latent, for_each_stream
from lic_course.neural.neighborhoods import KINDS
from lic_course.neural.priors import (
    SCALES,
    MeanScaleHyperprior,
    bits_of,
    gaussian_likelihood,
    scale_of,
)
from lic_course.neural.quantizers import Mixed

GROUPS = (1, 2, 3)
MODELS = {  # a name for each model: its kind, and its groups of channels
    "raster": ("raster", ()),
    "checkerboard": ("checkerboard", ()),
    "slices": ("none", GROUPS),
    "uneven": ("checkerboard", GROUPS),
    "halves": ("raster", (3, 3)),
    "channels by diagonals": ("diagonal", (1,) * 6),
    "groups by diagonals": ("diagonal", GROUPS),
    "tiles": ("tiles-4", ()),
    "halves in tiles": ("tiles-4", (3, 3)),
    "blocks": ("blocks-4", ()),
    "blocks in groups": ("blocks-2", GROUPS),
}
SEEN = {  # how many elements each channel's element at (3, 4) sees, of 7 x 8
    "raster": [72] * 6,
    "checkerboard": [72] * 6,
    "slices": [0, 25, 25, 75, 75, 75],
    "uneven": [12, 49, 49, 111, 111, 111],
    "halves": [36] * 3 + [75 + 36] * 3,
    "channels by diagonals": [20, 35, 54, 75, 96, 115],
    "groups by diagonals": [31, 53, 53, 79, 79, 79],
    "tiles": [36] * 6,  # (3, 4): six of the twelve are in the tile to the left
    "blocks": [24] * 6,
}


def prior(name, M=6, N=4):
    torch.manual_seed(0)
    kind, groups = MODELS[name]
    model = ContextModel(N, M, kind, groups, width=16, hidden=(16,))
    for part in model.parts:
        torch.nn.init.normal_(part.refine[-1].weight, std=0.1)
    return model


def schedule(name, h, w):
    kind, groups = MODELS[name]
    return KINDS[kind].schedule(6, h, w, groups or (6,))


@pytest.mark.parametrize("mask", [raster_mask(), checkerboard_mask()])
def test_masks_have_twelve_taps_and_no_center(mask):
    assert mask.sum() == 12 and mask[2, 2] == 0


def test_diagonal_masks_see_whatever_has_a_smaller_sum():
    c, di, dj = np.indices((6, 5, 5))
    for number in range(6):
        mask = diagonal_mask((1,) * 6, number).numpy()
        assert np.array_equal(mask, c + di - 2 + dj - 2 < number)


@pytest.mark.parametrize("name", MODELS)
def test_patches_and_their_matrix_are_the_convolution(name):
    """What integers gather, times the matrix, is what the trained layer computes; odd sizes."""
    kind, groups = MODELS[name]
    h, w = 7, 5
    y = torch.randint(-4, 5, (1, 6, h, w)) * 64.0  # so that means over strips need no rounding
    seen = np.zeros((h + 4, w + 4, 6))
    seen[2:-2, 2:-2] = y[0].permute(1, 2, 0).numpy()
    i, j = (a.ravel() for a in np.indices((h, w)))
    for near in KINDS[kind].neighborhoods(groups or (6,)):
        layer = near.layer(8)
        if layer is not None:
            with torch.no_grad():
                expected = layer(near.visible(y))[0].flatten(1).T
                W = near.matrix(layer).numpy()
            gathered = near.patches(seen, i, j, 1) @ W.T
            np.testing.assert_allclose(gathered, expected.numpy(), atol=1e-3)


@pytest.mark.parametrize("place", [(0, 0), (3, 4), (5, 6), (6, 2)])
@pytest.mark.parametrize("name", MODELS)
def test_nothing_depends_on_what_is_decoded_later(name, place):
    """By gradient: each element depends on elements of earlier steps only."""
    model, y_hat = prior(name), 3 * torch.randn(1, 6, 7, 8)
    trunk = torch.randn(1, 4, 7, 8)
    time = torch.from_numpy(schedules.times(schedule(name, 7, 8), (6, 7, 8)))
    for channel in range(6):
        seen = dependence(lambda y: model.refined(y, trunk), y_hat, (channel, *place))
        assert not seen[time >= time[channel, *place]].any()
        if place == (3, 4) and name in SEEN:  # inside, and white: the whole window counts
            assert seen.sum() == SEEN[name][channel]


def test_it_starts_as_the_hyperprior():
    torch.manual_seed(0)
    model, plain = ContextModel(4, 6), MeanScaleHyperprior(4, 6)
    plain.load_state_dict(model.state_dict(), strict=False)
    y, ones = 3 * torch.randn(2, 6, 8, 8), torch.ones(2, 6, 1, 1)
    setting = Setting(ones, ones, torch.tensor([0.1, 0.9]))
    one, other = model(y, Mixed().eval(), setting), plain(y, Mixed().eval(), setting)
    torch.testing.assert_close(one.bits, other.bits)
    torch.testing.assert_close(one.y_hat, other.y_hat)


@pytest.fixture(scope="module", params=MODELS)
def coder(request):
    model = prior(request.param)
    gate = Gain(6)
    z = torch.round(4 * torch.randn(4, 5, 3, 3))
    z[:, -1] = torch.tensor([0.0, 40.0, 90.0, 127.0])[:, None, None]  # the level
    made = ContextCoder.from_prior(model, gate, z, 3 * torch.randn(4, 6, 12, 12))
    made.name = request.param
    return made


def latent(h, w, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 3, (4, -(-h // 4), -(-w // 4)))
    return Latent(rng.laplace(0, 2, (6, h, w)), z)


def write(coder, one, level=77):
    encoders = for_each_stream(coder, lambda stream, tables: Encoder(tables))
    coded = coder.code(encoders, one.y.shape, level, one)
    return {stream: encoder.finish() for stream, encoder in encoders.items()}, coded


def read(coder, data, shape, level=77):
    decoders = for_each_stream(coder, lambda stream, tables: Decoder(tables, data[stream]))
    coded = coder.code(decoders, shape, level)
    for decoder in decoders.values():
        decoder.finish()
    return coded


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (8, 1), (7, 5), (13, 17)], ids=str)
def test_step_by_step_is_what_the_encoder_did_at_once(coder, size):
    one = latent(*size)
    data, coded = write(coder, one)
    assert np.abs(coded.y_hat - one.y).max() <= 0.5 + FARTHEST
    again = read(coder, data, one.y.shape)
    assert np.array_equal(again.y_hat, coded.y_hat)
    for stream, bits in coded.bits.items():
        assert np.array_equal(again.bits[stream], bits)


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (9, 13)], ids=str)
def test_an_encoder_that_goes_step_by_step_writes_the_same_bytes(coder, size, monkeypatch):
    """What it predicts from what a decoder would know by then is what it predicts from all."""

    def step_by_step(state):
        M, h, w = state.symbols.shape
        known = State(state.trunk, state.mean, state.index, (M, h, w))
        for step in coder.schedule(M, h, w):
            known.put(step, state.symbols[step.index], *coder.predict(known, step))
        return known.offsets, known.tables

    one = latent(*size)
    data, _ = write(coder, one)
    monkeypatch.setattr(coder, "predict_all", step_by_step)
    assert write(coder, one)[0] == data


def test_serial_and_wavefront_are_the_same(coder):
    """Other schedules: the same latents, the same tables for each element, files of equal size."""
    one = latent(9, 11)
    data, coded = write(coder, one)
    try:
        coder.schedule = lambda M, h, w: one_by_one(coder, M, h, w)
        serial, other = write(coder, one)
        assert len(serial["y"]) == len(data["y"]) or abs(len(serial["y"]) - len(data["y"])) <= 4
        assert np.array_equal(other.y_hat, coded.y_hat)
        assert np.array_equal(other.bits["y"], coded.bits["y"])
        assert np.array_equal(read(coder, serial, one.y.shape).y_hat, coded.y_hat)
    finally:
        del coder.schedule


def one_by_one(coder, M, h, w):
    """Every position of a group for itself, in the order in which the schedule comes to them."""
    sizes = coder.groups[0].near.groups
    time = schedules.times(KINDS[coder.kind].schedule(M, h, w, sizes), (M, h, w))
    turns = []
    for channels in schedules.split(M, sizes):
        positions = [schedules.Step(channels[:, None], s.i, s.j) for s in schedules.raster(1, h, w)]
        turns += [(time[channels[0], s.i[0, 0], s.j[0, 0]], s) for s in positions]
    return [step for _, step in sorted(turns, key=lambda turn: turn[0])]


def test_stored_and_read_again(coder):
    again = ContextCoder.from_arrays(coder.arrays())
    data, coded = write(coder, latent(6, 7))
    assert np.array_equal(read(again, data, (6, 6, 7)).y_hat, coded.y_hat)
    arrays = coder.arrays()
    del arrays["context.0.1.m"]
    with pytest.raises(BitstreamError, match="incomplete"):
        ContextCoder.from_arrays(arrays)


def test_integers_follow_the_floats(coder):
    """Bits from the integer path against the likelihoods of the float network."""
    model, gate = prior(coder.name), Gain(6)
    one = latent(12, 16)
    one.y[:] *= 0.3  # within the scales: far out, escape codes are cheaper than a Gaussian's tail
    _, coded = write(coder, one, 128)
    setting = gate(torch.tensor([128 / 255 * 7]))
    with torch.no_grad():
        z_hat = torch.round(torch.from_numpy(one.z).float())[None]
        trunk, mu_z, index_z = model.features(z_hat, setting)
        y_hat = torch.from_numpy(coded.y_hat)[None].float()
        mean, index = model.refined(y_hat, trunk)
        sigma = scale_of((index_z + index).clamp(0, SCALES - 1))
        symbols = torch.round(y_hat - mu_z)
        floats = bits_of(gaussian_likelihood(symbols - mean, sigma)).item()
    assert coded.bits["y"].sum() == pytest.approx(floats, rel=0.03)
