"""The shapes of the tables with which latents are coded: Gaussians, or what training pictures show.

A prior names a scale for each element of y and learns as if the element were Gaussian. But latents
that were given one scale have in truth many: near 0 and far out there are more of them than the
Gaussian says. So each of the 64 tables becomes a mixture of Gaussians of smaller and larger scales,
fitted to latents of training pictures, and stored as integers. It saves about 1 % of the bits.
"""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from scipy.special import ndtr

from lic_course.entropy.tables import FrequencyTables
from lic_course.neural.priors import SCALES, LogisticMixture, scale_of
from lic_course.neural.scale_corrections import HOW_OFTEN, MOVES

TAIL, LONGEST = 1e-6, 1023  # tables end where so little probability is left, or at this value
STEPS = (-8, -4, 0, 4, 8)  # of the mixed scales, in steps of the scale table: factors 0.37 to 2.7
GAUSSIAN = np.eye(len(STEPS))[[STEPS.index(0)] * SCALES]  # weights that mix nothing
NEAR = 255  # larger symbols do not take part in the fit
TRUST = 200.0  # how many imagined latents speak for the Gaussian
ROUNDS = 60  # of expectation and maximization


def gaussian_row(sigma: float, mean: float, longest: int = LONGEST) -> np.ndarray:
    """P(k) of a rounded Gaussian, for k from -longest to longest: exact in both tails."""
    k = np.arange(-longest, longest + 1) - mean
    k = np.where(k > 0, -k, k)  # the lower tail, where 1 - P is not lost
    return ndtr((k + 0.5) / sigma) - ndtr((k - 0.5) / sigma)


def mixed_rows(weights: np.ndarray, phases: int, longest: int = LONGEST) -> np.ndarray:
    """Probabilities for each scale and each mean, (SCALES * phases, 2 longest + 1).

    weights: (SCALES, len(STEPS)). Row s * phases + p has the mean (p - phases // 2) / phases.
    """
    rows = components(phases, longest)
    return np.einsum("sm,mspk->spk", weights, rows).reshape(SCALES * phases, -1)


def components(phases: int, longest: int) -> np.ndarray:
    """The Gaussians that are mixed: (len(STEPS), SCALES, phases, 2 longest + 1)."""
    reach = max(STEPS)
    scales = scale_of(torch.arange(-reach, SCALES + reach, dtype=torch.float64)).numpy()
    means = (np.arange(phases) - phases // 2) / phases
    rows = np.stack([[gaussian_row(s, mean, longest) for mean in means] for s in scales])
    return np.stack([rows[reach + step : reach + step + SCALES] for step in STEPS])


def tables_of(weights: np.ndarray, phases: int = 1) -> FrequencyTables:
    """The integer tables of mixtures, and one more for scale_corrections.py, the last.

    Arguments as in `mixed_rows`.
    """
    rows, firsts = [], []
    for p in mixed_rows(weights, phases):
        above_tail = (np.cumsum(p) > TAIL / 2) & (np.cumsum(p[::-1])[::-1] > TAIL / 2)
        inside = np.flatnonzero(above_tail)
        rows.append(p[inside[0] : inside[-1] + 1])
        firsts.append(int(inside[0]) - LONGEST)
    rows.append(HOW_OFTEN)
    firsts.append(MOVES[0])
    return FrequencyTables.from_probabilities(rows, firsts)


def mixture_rows(density: LogisticMixture, gain: torch.Tensor) -> list[tuple[np.ndarray, int]]:
    """For each channel the probabilities of the integers that matter, and the first of them.

    gain: (C,) what the channels were multiplied with. Computed in float64, once, for the file of
    weights: a decoder never repeats it.
    """
    with torch.no_grad():
        k = torch.arange(-LONGEST, LONGEST + 1, dtype=torch.float64)
        v = (k[None, :] / gain[:, None])[None]
        p = deepcopy(density).double().likelihood(v, 0.5 / gain.view(1, -1, 1))[0].numpy()
    rows = []
    for row in p:
        below, above = np.cumsum(row), np.cumsum(row[::-1])
        first = min(np.searchsorted(below, TAIL), LONGEST)
        last = max(2 * LONGEST - np.searchsorted(above, TAIL), LONGEST)
        rows.append((row[first : last + 1], int(first) - LONGEST))
    return rows


def fit_weights(
    symbols: Sequence[np.ndarray], indexes: Sequence[np.ndarray], phases: int = 1
) -> np.ndarray:
    """The weights of the mixtures under which coded symbols are likeliest, (SCALES, len(STEPS)).

    symbols, indexes: of some pictures, as the coder of y got them.
    """
    values, tables, counts = count_pairs(symbols, indexes)
    rows = components(phases, NEAR).reshape(len(STEPS), SCALES * phases, -1)
    return expect_and_maximize(rows[:, tables, values + NEAR], counts, tables // phases, SCALES)


def count_pairs(
    symbols: Sequence[np.ndarray], indexes: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All different pairs of a symbol, up to NEAR, and its table; and how often each came: (n,)."""
    values, tables = (np.concatenate([a.ravel() for a in group]) for group in (symbols, indexes))
    near = np.abs(values) <= NEAR
    span = 2 * NEAR + 1
    pairs, counts = np.unique(tables[near] * span + values[near] + NEAR, return_counts=True)
    return pairs % span - NEAR, pairs // span, counts


def expect_and_maximize(
    likelihoods: np.ndarray, counts: np.ndarray, groups: np.ndarray, number: int
) -> np.ndarray:
    """The weights of mixtures, one mixture for each of `number` groups: (number, components).

    likelihoods: (components, n) of n different observations, counts and groups: (n,). The start,
    nearly all weight on the component in the middle, keeps the say where there is little to see.
    """
    K = len(likelihoods)
    start = np.full((number, K), 0.1 / K)
    start[:, K // 2] += 0.9
    weights = start
    for _ in range(ROUNDS):
        share = weights.T[:, groups] * likelihoods
        share *= counts / np.maximum(share.sum(axis=0), 1e-300)
        seen = np.stack([np.bincount(groups, one, number) for one in share], axis=1)
        weights = seen + TRUST * start
        weights /= weights.sum(axis=1, keepdims=True)
    return weights
