"""How many bits a message needs: the yardstick for every coder.

A coder with the model q spends about -log2 q(s) bits on the symbol s. The average is smallest when
q is the true distribution p; it is then the entropy of p, and no coder whatever beats it.
Source: C. E. Shannon, "A mathematical theory of communication", 1948.
"""

import numpy as np


def probabilities(weights: np.ndarray) -> np.ndarray:
    """Counts or probabilities as float64 that sum to 1. Raises ValueError when impossible."""
    weights = np.asarray(weights, dtype=np.float64)
    total = weights.sum()
    if np.any(weights < 0) or not np.isfinite(total) or total <= 0:
        raise ValueError("counts or probabilities must be non-negative, with a positive sum")
    return weights / total


def entropy(weights: np.ndarray) -> float:
    """Shannon's entropy H(p), in bits per symbol, of counts or probabilities of any shape."""
    return cross_entropy(weights, weights)


def cross_entropy(weights: np.ndarray, model: np.ndarray) -> float:
    """Bits per symbol when symbols follow p (`weights`) and the coder believes in q (`model`).

    Both are counts or probabilities of the same shape. The result exceeds the entropy of p by the
    Kullback-Leibler divergence D(p||q); it is infinite where q excludes what p allows.
    """
    p, q = probabilities(weights), probabilities(model)
    if p.shape != q.shape:
        raise ValueError("the two distributions must have the same symbols")
    occurs = p > 0
    if np.any(q[occurs] == 0):
        return float("inf")
    return float(np.sum(p[occurs] * -np.log2(q[occurs]))) + 0.0


def ideal_bits(symbols: np.ndarray, frequencies: np.ndarray) -> float:
    """Bits that `symbols` need in all with a model of these frequencies: the sum of -log2 q.

    symbols: integers from 0 to n-1, any shape; frequencies: (n,) counts or probabilities.
    """
    q = probabilities(frequencies)[np.asarray(symbols, dtype=np.int64).ravel()]
    return float("inf") if np.any(q == 0) else float(-np.log2(q).sum()) + 0.0
