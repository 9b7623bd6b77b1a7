"""Rounding that looks at the price: never far, never dearer, and integers stay."""

import numpy as np
import pytest

from lic_course.entropy.tables import FrequencyTables
from lic_course.neural.frugal_rounding import FARTHEST, PRICE, round_frugally

TABLES = FrequencyTables.gaussian([0.2, 1.0, 5.0])


def some(seed=0, count=20_000):
    rng = np.random.default_rng(seed)
    indexes = rng.integers(0, 3, count)
    return rng.normal(0, np.array([0.2, 1.0, 5.0])[indexes] + 0.3), indexes


def test_it_is_the_nearest_or_the_next_one_towards_zero():
    v, indexes = some()
    symbols, nearest = round_frugally(v, TABLES, indexes), np.rint(v)
    moved = symbols != nearest
    assert 0.005 < moved.mean() < 0.2
    assert np.array_equal(symbols[moved], (nearest - np.sign(nearest))[moved])
    assert np.abs(symbols - v).max() <= 0.5 + FARTHEST


def test_each_move_pays_and_each_that_pays_is_made():
    v, indexes = some()
    symbols, nearest = round_frugally(v, TABLES, indexes), np.rint(v).astype(int)
    lower = nearest - np.sign(nearest)
    saved = TABLES.bits(nearest, indexes) - TABLES.bits(lower, indexes)
    pays = (nearest != 0) & (np.abs(v - lower) < 0.5 + np.clip(PRICE * saved, 0, FARTHEST))
    assert np.array_equal(symbols != nearest, pays)
    assert TABLES.bits(symbols, indexes).sum() < TABLES.bits(nearest, indexes).sum()


def test_integers_stay_whatever_they_cost():
    v = np.arange(-40.0, 41.0)
    assert np.array_equal(round_frugally(v, TABLES, np.zeros(81, int)), v)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_what_is_no_number_is_clipped(value):
    found = round_frugally(np.array([value, 0.2]), TABLES, np.array([1, 1]))
    assert found.dtype == np.int32 and abs(found[0]) <= 1 << 20 and found[1] == 0
