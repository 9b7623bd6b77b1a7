"""Corrections of predicted scales: a file may say that a channel is calmer or busier than foretold.

A hyperprior was trained on many pictures and is a little wrong for each. For every channel the
encoder finds by how many tables the scales should move, and says so for 1 to 2 bits: in all it
saves 0.5 to 2 % of the bits of a photograph, most at low rates. Which move is best depends only on
how often each size of symbol meets each scale, so that one pass over the latent is enough.
"""

import numpy as np

from lic_course.entropy.tables import FrequencyTables
from lic_course.neural.priors import SCALES

MOVES = np.arange(-4, 5)  # tables by which the scales of a channel may move
HOW_OFTEN = np.array([0.01, 0.02, 0.07, 0.2, 0.5, 0.13, 0.045, 0.015, 0.01])  # in photographs
LARGEST = 1023  # size of a symbol; larger ones count as this
CLASS_OF = np.arange(LARGEST + 1)  # classes of sizes: 0 to 15, then four to a factor of 2
CLASS_OF[16:] = 16 + np.floor(4 * np.log2(CLASS_OF[16:] / 16)).astype(int)
CLASSES = 40


def corrected(indexes: np.ndarray, moves: np.ndarray, phases: int = 1) -> np.ndarray:
    """Indexes of tables (M, ...), scale by scale of `phases` each, with the channels' scales moved.

    moves: (M,).
    """
    scales = indexes // phases + moves.reshape(-1, *[1] * (indexes.ndim - 1))
    return np.clip(scales, 0, SCALES - 1) * phases + indexes % phases


def best_moves(
    symbols: np.ndarray, scales: np.ndarray, bits: np.ndarray, told: np.ndarray
) -> np.ndarray:
    """For each channel the move with the fewest bits, (M,).

    symbols, scales: (M, h, w) integers. bits: of `class_bits`. told: (len(MOVES),) the bits that it
    takes to tell a move.
    """
    M = len(symbols)
    classes = CLASS_OF[np.minimum(np.abs(symbols), LARGEST)]
    keys = (np.arange(M)[:, None, None] * SCALES + scales) * CLASSES + classes
    counts = np.bincount(keys.ravel(), minlength=M * SCALES * CLASSES).reshape(M, -1)
    return MOVES[np.argmin(np.round(counts @ bits + told), axis=1)]


def class_bits(tables: FrequencyTables, phases: int) -> np.ndarray:
    """What a symbol of each class costs at each scale with each move, (SCALES * CLASSES, moves)."""
    scales = np.clip(np.arange(SCALES)[:, None] + MOVES, 0, SCALES - 1)
    middle = scales * phases + phases // 2  # the table whose mean is 0
    values = [int(np.median(np.flatnonzero(k == CLASS_OF))) for k in range(CLASSES)]
    shape = SCALES, CLASSES, len(MOVES)
    values = np.broadcast_to(np.array(values)[:, None], shape)
    return tables.bits(values, np.broadcast_to(middle[:, None], shape)).reshape(-1, len(MOVES))
