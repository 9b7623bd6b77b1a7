"""Corrections of scales: the best move by a table of classes is the best move."""

import numpy as np
import pytest
import torch

from lic_course.neural.priors import SCALES, scale_of
from lic_course.neural.scale_corrections import (
    CLASS_OF,
    CLASSES,
    HOW_OFTEN,
    MOVES,
    best_moves,
    class_bits,
    corrected,
)
from lic_course.neural.table_shapes import GAUSSIAN, tables_of


def latents(wrong_by, seed=0):
    """Symbols of scales that are `wrong_by` tables away from those foretold, one per channel."""
    rng = np.random.default_rng(seed)
    scales = rng.integers(8, 50, (len(wrong_by), 24, 24))
    true = scales + np.array(wrong_by)[:, None, None]
    sigma = scale_of(torch.from_numpy(true).double()).numpy()
    return np.rint(rng.normal(0, sigma)).astype(np.int64), scales


def test_classes_cover_all_sizes():
    assert CLASS_OF.max() == CLASSES - 1 and (np.diff(CLASS_OF) >= 0).all()
    assert np.array_equal(CLASS_OF[:16], np.arange(16)) and len(MOVES) == len(HOW_OFTEN)
    assert HOW_OFTEN.sum() == pytest.approx(1)


@pytest.mark.parametrize("phases", [1, 8])
def test_wrong_scales_are_found(phases):
    wrong = list(MOVES)
    symbols, scales = latents(wrong)
    tables = tables_of(GAUSSIAN, phases)
    moves = best_moves(symbols, scales, class_bits(tables, phases), np.zeros(len(MOVES)))
    assert np.abs(moves - wrong).max() <= 1 and (moves == wrong).mean() > 0.6


def test_the_choice_is_the_best_of_all():
    """Against the bits of all moves, counted symbol by symbol; sizes below 16 are exact."""
    symbols, scales = latents([0, 1, -3, 2])
    symbols = np.clip(symbols, -15, 15)
    tables = tables_of(GAUSSIAN)
    costs = [
        tables.bits(symbols, corrected(scales, np.full(4, move))).sum(axis=(1, 2)) for move in MOVES
    ]
    wanted = np.min(costs, axis=0)
    moves = best_moves(symbols, scales, class_bits(tables, 1), np.zeros(len(MOVES)))
    found = tables.bits(symbols, corrected(scales, moves)).sum(axis=(1, 2))
    assert found == pytest.approx(wanted, abs=1)


def test_telling_a_move_must_pay():
    symbols, scales = latents([1])
    bits = class_bits(tables_of(GAUSSIAN), 1)
    assert best_moves(symbols, scales, bits, np.zeros(len(MOVES))) == [1]
    dear = np.where(MOVES == 0, 0.0, 1e6)
    assert best_moves(symbols, scales, bits, dear) == [0]


def test_phases_stay_and_scales_stay_in_the_table():
    indexes = np.arange(SCALES * 8).reshape(1, -1)
    moved = corrected(indexes, np.array([3]), 8)
    assert np.array_equal(moved % 8, indexes % 8)
    assert np.array_equal(moved // 8, np.minimum(indexes // 8 + 3, SCALES - 1))
