"""Learned codecs with small random networks: files, sizes, exactness, weights, and damage."""

from contextlib import suppress

import numpy as np
import pytest
import torch

import lic_course
from lic_course import bitstream, codec, images
from lic_course.entropy.tables import Encoder
from lic_course.errors import BitstreamError, LicError, UnavailableCodec
from lic_course.neural import exactness, weights
from lic_course.neural.codec import (
    FactorizedCodec,
    HyperpriorCodec,
    Model,
    read_streams,
    write_streams,
)
from lic_course.neural.coders import coder_from_arrays
from lic_course.neural.export import arrays_of
from lic_course.neural.frugal_rounding import FARTHEST
from lic_course.neural.latent_coders import LEVELS, Latent
from lic_course.neural.priors import bits_of, gaussian_likelihood
from lic_course.neural.recipes import Parts, Recipe, build
from lic_course.neural.table_shapes import GAUSSIAN, tables_of

SMALL = {
    "factorized": Parts(N=8, M=12, prior="factorized"),
    "hyperprior": Parts(N=8, M=12, hyper_N=6),
    "scale-hyperprior": Parts(N=8, M=12, hyper_N=6, prior="scale-hyperprior"),
    "context": Parts(N=8, M=12, hyper_N=6, prior="context", width=8, hidden=(10,)),
    "uneven": Parts(N=8, M=12, hyper_N=6, prior="uneven", groups=(2, 10), width=8, hidden=(10,)),
    "balle2018": Parts("balle2018", N=8, M=12, hyper_N=6, linear=False),
}
CODECS = {"factorized": FactorizedCodec, "hyperprior": HyperpriorCodec}


@pytest.fixture(scope="module")
def models():
    return {name: Model.untrained(parts) for name, parts in SMALL.items()}


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A data folder with small weights of both codecs, and codecs that use them."""
    (tmp_path / "weights").mkdir()
    monkeypatch.setenv("LIC_DATA", str(tmp_path))
    for name, cls in CODECS.items():
        put_weights(name, seed=0)
        monkeypatch.setitem(codec.REGISTRY, name, f"lic_course.neural.codec:{cls.__name__}")
    codec.get.cache_clear()
    yield tmp_path / "weights"
    codec.get.cache_clear()


def put_weights(name, seed):
    torch.manual_seed(seed)
    samples = [torch.rand(1, 3, 64, 64) for _ in range(2)]
    arrays = arrays_of(build(SMALL[name]), SMALL[name], samples)
    card = {"recipe": Recipe(name, SMALL[name]).as_card, "prior": SMALL[name].prior}
    weights.store(weights.path_of(name), arrays, card)


def picture(height=70, width=90, seed=0):
    return images.dead_leaves(height, width, seed)


@pytest.mark.parametrize("size", [(1, 1), (1, 1, 3), (16, 17, 3), (33, 5), (65, 130, 3)], ids=str)
@pytest.mark.parametrize("name", CODECS)
def test_any_size_in_color_and_gray(installed, name, size):
    image = np.random.default_rng(0).integers(0, 256, size).astype(np.uint8)
    for quality in (1, 37.5, 100):
        data = lic_course.encode(image, name, quality)
        assert lic_course.decode(data).shape == image.shape


@pytest.mark.parametrize("name", SMALL)
def test_the_decoder_has_the_latents_of_the_encoder(models, name):
    model, image = models[name], picture()
    for level in (0, 91, 255):
        latent = model.analyze(image, level)
        segments = write_streams(model, latent, level)
        found, coded = read_streams(model, segments, image.shape)
        assert found == level
        assert np.abs(coded.y_hat - latent.y).max() <= 0.5 + FARTHEST
        shift = coded.y_hat * 16
        assert np.array_equal(shift, np.round(shift))  # all latents lie on the grid of sixteenths


@pytest.mark.parametrize("name", SMALL)
def test_the_bytes_are_what_the_model_says(models, name):
    model, image = models[name], picture(192, 192)
    segments = write_streams(model, model.analyze(image, 200), 200)
    _, coded = read_streams(model, segments, image.shape)
    bits = {stream: costs.sum() for stream, costs in coded.bits.items()}
    bits["y"] += bits.pop("corrections", 0)  # one segment
    for stream, segment in segments.items():
        size = len(segment) - (stream == model.coder.streams[0])  # without the level
        assert bits[stream] / 8 - 1 <= size <= 1.005 * bits[stream] / 8 + 12


def test_latents_far_out_survive(models):
    """Escape codes: latents that no table holds are exact all the same."""
    model = models["hyperprior"]
    y = np.random.default_rng(0).normal(0, 2, (12, 8, 8))
    y.flat[::37] = 5000.0
    y.flat[5::41] = -31234.0
    z = np.random.default_rng(1).normal(0, 300, (6, 2, 2))
    segments = write_streams(model, Latent(y, z), 128)
    _, coded = read_streams(model, segments, (128, 128, 3))
    assert np.abs(coded.y_hat - y).max() <= 0.5 + FARTHEST + 1e-3


def test_factorized_files_name_the_tables_that_fit_best(models):
    """A busy picture is coded with the tables of a larger gain than a calm one."""
    model, rng = models["factorized"], np.random.default_rng(0)
    coder, chosen = model.coder, []
    for scale in (0.3, 1.0, 3.0):
        symbols = np.rint(rng.laplace(0, scale, (12, 16, 16))).astype(np.int64)
        (best,), moves = coder.best_sets(symbols)
        chosen.append(best)
        segments = write_streams(model, Latent(symbols), 128)
        _, coded = read_streams(model, segments, (256, 256, 3))
        assert np.array_equal(coded.y_hat, symbols)
        channels = np.broadcast_to(np.arange(12)[:, None, None], symbols.shape)
        costs = [coder.tables.bits(symbols, 12 * n + channels).sum() for n in range(coder.sets)]
        told = coder.tables.bits(moves, np.full(12, 12 * coder.sets + 1)).sum()
        assert coded.bits["y"].sum() + told <= min(costs) + 12 * 2 + 12
    assert chosen == sorted(set(chosen))


def test_tables_that_do_not_exist_are_refused(models):
    coder = models["factorized"].coder
    encoder = Encoder(coder.tables)
    encoder.code(np.array([coder.sets + 3]), np.array([12 * coder.sets]))
    segments = {"y": bytes([128]) + encoder.finish()}
    with pytest.raises(BitstreamError, match="tables that do not exist"):
        read_streams(models["factorized"], segments, (64, 64, 3))


def test_numbers_that_are_none_are_coded_as_something(models):
    model = models["factorized"]
    y = np.full((12, 4, 4), np.nan)
    y[0] = np.inf
    _, coded = read_streams(model, write_streams(model, Latent(y), 0), (64, 64, 3))
    assert np.isfinite(coded.y_hat).all()


def test_exact_in_every_setting(models):
    """The invariance matrix: threads, oneDNN, bfloat16, each writing and each reading."""
    for name in ("factorized", "hyperprior"):
        report = exactness.Report([], [name])
        chosen = exactness.settings("cpu")
        for number, writer in enumerate(chosen):
            exactness._compare(report, models[name], picture(97, 81, number), 40, writer, chosen)
        assert report.is_exact and report.decoded == len(chosen) ** 2
        assert report.largest_pixel_difference <= 4


def test_batches_and_memory_formats_do_not_matter(models):
    coder = models["hyperprior"].coder
    rng = np.random.default_rng(0)
    batch = rng.integers(-40, 40, (8, 7, 3, 4))
    together = coder.h_s(batch)
    for one, expected in zip(batch, together, strict=True):
        assert np.array_equal(coder.h_s(np.asfortranarray(one)), expected)


def test_the_same_latents_give_the_same_bytes(models):
    """Bytes depend on the rounded latents alone, not on how or where they were computed."""
    model = models["hyperprior"]
    latent = model.analyze(picture(), 77)
    wobbly = Latent(np.round(latent.y), np.round(latent.z) + 1e-3)
    same = Latent(np.round(latent.y), np.round(latent.z) - 1e-3)
    assert write_streams(model, wobbly, 77) == write_streams(model, same, 77)


def test_quality_is_continuous(installed):
    image = picture(128, 128)
    segments = [codec.get("factorized").encode(image, q)["y"] for q in (1, 50, 50.4, 100)]
    levels = [segment[0] for segment in segments]
    assert levels[0] == 0 and levels[-1] == LEVELS - 1
    assert levels[1] != levels[2]


def test_bits_per_block_sum_to_the_file(installed):
    image = picture(128, 192)
    for name in CODECS:
        c = codec.get(name)
        segments = c.encode(image, 60)
        bits = c.bits_per_block(segments, image.shape)
        assert bits.shape == (8, 12)
        total = 8 * sum(len(data) for data in segments.values()) - 8  # without the level
        assert 0.9 * total - 200 < bits.sum() <= total


def test_other_weights_are_noticed(installed):
    data = lic_course.encode(picture(), "hyperprior", 50)
    put_weights("hyperprior", seed=1)
    codec.get.cache_clear()
    with pytest.raises(BitstreamError, match="other weights"):
        lic_course.decode(data)


def test_missing_weights_are_said(installed):
    data = lic_course.encode(picture(), "hyperprior", 50)
    (installed / "hyperprior.safetensors").unlink()
    codec.get.cache_clear()
    with pytest.raises(UnavailableCodec, match="weights"):
        lic_course.decode(data)


@pytest.mark.parametrize("cut", [0, 7, 100, 5000])
def test_damaged_weights_are_said(installed, cut):
    path = installed / "hyperprior.safetensors"
    path.write_bytes(path.read_bytes()[:cut])
    codec.get.cache_clear()
    with pytest.raises(LicError):
        lic_course.encode(picture(), "hyperprior", 50)


def test_weights_and_card_belong_together(installed):
    card = installed / "hyperprior.json"
    card.write_text(card.read_text().replace('"fingerprint": "', '"fingerprint": "00'))
    codec.get.cache_clear()
    with pytest.raises(BitstreamError, match="belong together"):
        lic_course.encode(picture(), "hyperprior", 50)


@pytest.mark.parametrize("name", CODECS)
def test_damaged_segments_end_in_a_sentence(installed, name):
    image = picture(48, 48)
    good = codec.get(name).encode(image, 60)
    rng = np.random.default_rng(0)
    for _ in range(150):
        bad = {key: bytearray(data) for key, data in good.items()}
        victim = bad[list(bad)[rng.integers(len(bad))]]
        for _ in range(rng.integers(1, 4)):
            if victim and rng.random() < 0.7:
                victim[rng.integers(len(victim))] = rng.integers(256)
            elif victim:
                del victim[rng.integers(len(victim)) :]
        data = bitstream.pack(
            name, image.shape, {k: bytes(v) for k, v in bad.items()}, codec.get(name).fingerprint
        )
        with suppress(BitstreamError):
            assert lic_course.decode(data).shape == image.shape


def test_tables_and_networks_survive_storing(models):
    coder = models["hyperprior"].coder
    again = coder_from_arrays("hyperprior", coder.arrays())
    z = np.random.default_rng(0).integers(-20, 20, (6, 3, 3))
    for one, other in zip(
        coder.parameters_of(z, (12, 10, 11), 99), again.parameters_of(z, (12, 10, 11), 99),
        strict=True,
    ):  # fmt: skip
        assert np.array_equal(one, other)
    with pytest.raises(BitstreamError, match="lacks"):
        coder_from_arrays("telepathy", {})


def test_the_integer_path_costs_little(models):
    """Bits with integer parameters against the float network's own likelihoods."""
    model = models["hyperprior"]
    image = picture(128, 128)
    latent = model.analyze(image, 128)
    mean, indexes = model.coder.parameters_of(np.rint(latent.z).astype(int), latent.y.shape, 128)
    symbols = np.rint(latent.y - mean / 16).astype(int)
    integers = tables_of(GAUSSIAN).bits(symbols, indexes).sum()
    prior, gate = model.network.prior, model.network.gate
    setting = gate(torch.tensor([128 / 255 * (gate.levels - 1)]))
    with torch.no_grad():
        mu, sigma = prior.parameters_of(torch.round(torch.from_numpy(latent.z))[None], setting)
        v = torch.round(torch.from_numpy(latent.y)[None] - mu)
        floats = bits_of(gaussian_likelihood(v, sigma)).item()
    assert integers == pytest.approx(floats, rel=0.01, abs=100)
    _, coded = read_streams(model, write_streams(model, latent, 128), image.shape)
    assert coded.bits["y"].sum() + coded.bits["corrections"].sum() < integers
