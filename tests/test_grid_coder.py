"""The coder of grids: exact round trips, integers that every machine agrees on, and its economy."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lic_course import images
from lic_course.classical.grid_coder import (
    HALF_OCTAVES,
    around,
    code_end,
    code_grid,
    code_residuals,
    decoder_for,
    median_prediction,
    tables,
    uniform,
)
from lic_course.entropy.tables import Encoder
from lic_course.entropy.theory import entropy
from lic_course.errors import BitstreamError


def coded(grid, predict=True):
    encoder = Encoder(tables())
    code_grid(encoder, grid, grid.shape, predict)
    code_end(encoder)
    return encoder.finish()


def grids():
    sizes = st.tuples(st.integers(1, 12), st.integers(1, 12))
    return st.tuples(sizes, st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 9, 300, 100_000]))


@settings(max_examples=60, deadline=None)
@given(grids(), st.booleans())
def test_any_grid_comes_back(drawn, predict):
    shape, seed, largest = drawn
    grid = np.random.default_rng(seed).integers(-largest, largest + 1, shape)
    decoder = decoder_for(coded(grid, predict), grid.size)
    assert np.array_equal(code_grid(decoder, None, shape, predict), grid)
    code_end(decoder)
    decoder.finish()


@settings(max_examples=60, deadline=None)
@given(grids())
def test_any_grid_of_residuals_comes_back(drawn):
    shape, seed, largest = drawn
    rng = np.random.default_rng(seed)
    grid, hint = rng.integers(-largest, largest + 1, shape), rng.integers(0, 50, shape)
    encoder = Encoder(tables())
    code_residuals(encoder, grid, shape, hint)
    decoder = decoder_for(encoder.finish(), grid.size)
    assert np.array_equal(code_residuals(decoder, None, shape, hint), grid)


def test_the_tables_are_these_integers_on_every_machine():
    t = tables()
    assert (
        hashlib.sha256(t.frequencies.astype("<i8").tobytes()).hexdigest()[:16] == "50fe79498f5ecee2"
    )
    assert len(t) == len(HALF_OCTAVES) + 9
    size = t.sizes[uniform(3)]
    assert size == 8


def test_the_tables_have_the_mean_sizes_that_they_are_for():
    t = tables()
    for index in range(4, 26):
        k = np.arange(t.sizes[index]) + t.offsets[index]
        f = t.frequencies[t.starts[index] :][: t.sizes[index]]
        mean = (np.abs(k) * f).sum() / f.sum()
        assert mean == pytest.approx(2.0 ** (HALF_OCTAVES[index] / 2), rel=0.05)


def test_median_prediction_follows_edges_and_slopes():
    west, north, corner = np.array([[10, 10, 10], [10, 50, 30], [10, 10, 20]])
    assert median_prediction(west, north, corner).tolist() == [10, 50, 20]


def test_around_counts_near_neighbors_twice():
    sizes = np.zeros((5, 5), np.int64)
    sizes[2, 2] = 1
    assert around(sizes).tolist() == [[1, 2, 1], [2, 0, 2], [1, 2, 1]]


def test_a_photo_costs_less_than_its_entropy_and_noise_hardly_more():
    photo = images.builtin("camera")[::4, ::4].astype(int) - 128
    assert 8 * len(coded(photo)) / photo.size < 0.8 * entropy(np.bincount(photo.ravel() + 128))
    p = 0.5
    noise = np.random.default_rng(0).geometric(p, (100, 100)) - 1  # known source, no neighbors help
    signed = noise * np.random.default_rng(1).choice([-1, 1], noise.shape)
    ideal = entropy(np.unique(signed, return_counts=True)[1])
    assert 8 * len(coded(signed, predict=False)) / signed.size < 1.06 * ideal


def test_a_wrong_end_and_missing_data_are_noticed():
    grid = np.random.default_rng(2).integers(-9, 9, (20, 20))
    data = coded(grid)
    with pytest.raises(BitstreamError, match="too short"):
        decoder_for(data[:4], 1_000_000)
    decoder = decoder_for(data[:40], 400)
    with pytest.raises(BitstreamError):
        code_grid(decoder, None, (20, 20))
        code_end(decoder)


def test_numbers_that_run_away_are_refused():
    grid = np.arange(12).reshape(3, 4) * 150_000
    with pytest.raises(BitstreamError, match="too large"):
        coded(grid)
