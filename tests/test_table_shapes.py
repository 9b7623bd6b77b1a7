"""The shapes of the tables of y: Gaussians when nothing is known, else better than them."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from lic_course.entropy.tables import FrequencyTables
from lic_course.neural.priors import SCALES, scale_of
from lic_course.neural.table_shapes import (
    GAUSSIAN,
    fit_weights,
    gaussian_row,
    mixed_rows,
    tables_of,
)

SIGMAS = scale_of(torch.arange(SCALES, dtype=torch.float64)).numpy()


def drawn(density, seed=0, count=60_000):
    """Symbols of a density whose scales are known, and the indexes of these scales."""
    rng = np.random.default_rng(seed)
    indexes = rng.integers(0, 45, count)
    return np.rint(density(rng) * SIGMAS[indexes]).astype(np.int64), indexes


def bits(tables: FrequencyTables, symbols, indexes) -> float:
    return tables.bits(symbols, indexes).sum()


@pytest.mark.parametrize(("sigma", "mean"), [(0.11, 0.0), (0.7, -0.5), (9.0, 0.375)])
def test_rows_are_rounded_gaussians_in_both_tails(sigma, mean):
    row, k = gaussian_row(sigma, mean, 40), np.arange(-40, 41)
    assert row.sum() == pytest.approx(1, abs=1e-4)
    upper = norm.sf((k - 0.5 - mean) / sigma) - norm.sf((k + 0.5 - mean) / sigma)
    lower = norm.cdf((k + 0.5 - mean) / sigma) - norm.cdf((k - 0.5 - mean) / sigma)
    assert row == pytest.approx(np.where(k > mean, upper, lower), rel=1e-9, abs=1e-300)
    if mean == 0:
        assert np.array_equal(row, row[::-1])


def test_no_mixture_gives_the_gaussian_tables():
    ours, known = tables_of(GAUSSIAN), FrequencyTables.gaussian(SIGMAS)
    assert abs(ours.sizes[:60] - known.sizes[:60]).max() <= 2  # the widest end at +-1023
    symbols, indexes = drawn(lambda rng: rng.normal(size=60_000))
    assert bits(ours, symbols, indexes) == pytest.approx(bits(known, symbols, indexes), rel=1e-4)


def test_means_of_the_phases():
    rows = mixed_rows(GAUSSIAN, 8, 400).reshape(SCALES, 8, -1)
    means = rows[20:40] @ np.arange(-400, 401)
    assert means == pytest.approx(np.tile(np.arange(-4, 4) / 8, (20, 1)), abs=1e-3)


def test_a_heavy_tail_is_learned():
    symbols, indexes = drawn(lambda rng: rng.laplace(0, 0.5**0.5, 60_000))
    weights = fit_weights([symbols], [indexes])
    assert weights.sum(axis=1) == pytest.approx(1)
    fresh, at = drawn(lambda rng: rng.laplace(0, 0.5**0.5, 60_000), seed=1)
    assert bits(tables_of(weights), fresh, at) < 0.985 * bits(tables_of(GAUSSIAN), fresh, at)


def test_gaussian_latents_leave_the_tables_as_they_are():
    symbols, indexes = drawn(lambda rng: rng.normal(size=60_000))
    weights = fit_weights([symbols], [indexes])
    fresh, at = drawn(lambda rng: rng.normal(size=60_000), seed=1)
    ours, ideal = bits(tables_of(weights), fresh, at), bits(tables_of(GAUSSIAN), fresh, at)
    assert ours == pytest.approx(ideal, rel=3e-3)


def test_scales_never_seen_keep_their_start():
    weights = fit_weights([np.array([3, -2])], [np.array([10, 10])])
    assert weights[40] == pytest.approx(0.9 * GAUSSIAN[40] + 0.02)
