"""How to choose K vectors that stand for many: LBG, k-means, and fuzzy c-means.

Vectors are the b x b blocks of a picture as rows, (n, d) with d = b * b. A codebook Y is (K, d).
All three minimize a squared error; the codec only ever sends the number of the nearest codeword.
"""

import numpy as np

SPLIT = 0.01  # LBG: the two halves of a split codeword lie so far apart, relative to it


def nearest(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """The number of the nearest codeword for each vector, (n,) int.

    |x - y|^2 = |x|^2 - 2 x.y + |y|^2, and the first term is the same for all y. For bytes and up to
    64 entries, all terms are integers below 2^24, which even float32 holds exactly: every machine
    finds the same codewords.
    """
    is_exact = X.dtype == Y.dtype == np.uint8 and X.shape[1] <= 64
    X, Y = (np.asarray(vectors, np.float32 if is_exact else np.float64) for vectors in (X, Y))
    squares, minus_twice = np.sum(Y * Y, axis=1), -2 * Y.T
    rows = max(1, (1 << 18) // len(Y))  # few enough for the processor's cache
    result = np.empty(len(X), np.int64)
    for i in range(0, len(X), rows):
        result[i : i + rows] = np.argmin(X[i : i + rows] @ minus_twice + squares, axis=1)
    return result


def distortion(X: np.ndarray, Y: np.ndarray) -> float:
    """Mean squared error per entry when each vector becomes its nearest codeword."""
    return float(np.mean((X - Y[nearest(X, Y)]) ** 2))


def to_codebook(Y: np.ndarray) -> np.ndarray:
    """Centers as a codebook that can be stored: uint8, sorted by mean brightness, all different."""
    rounded = np.unique(np.clip(np.rint(Y), 0, 255).astype(np.uint8), axis=0)
    return rounded[np.argsort(rounded.sum(axis=1, dtype=np.int64), kind="stable")]


def lloyd(X: np.ndarray, Y: np.ndarray, threshold: float = 1e-3, most: int = 100) -> np.ndarray:
    """Assign vectors to codewords, move codewords to the means, until little improves.

    A codeword that nobody chose moves to the vector that is coded worst.
    """
    before = np.inf
    for _ in range(most):
        choice = nearest(X, Y)
        errors = np.sum((X - Y[choice]) ** 2, axis=1)
        sizes = np.bincount(choice, minlength=len(Y))
        sums = np.stack([np.bincount(choice, column, len(Y)) for column in X.T], axis=1)
        Y = sums / np.maximum(sizes, 1)[:, None]
        empty = np.flatnonzero(sizes == 0)
        Y[empty] = X[np.argsort(-errors, kind="stable")[: len(empty)]]
        now = errors.sum()
        if before - now <= threshold * now:
            break
        before = now
    return Y


def lbg(X: np.ndarray, K: int) -> np.ndarray:
    """The codebook of Linde, Buzo and Gray (1980), (K, d): split all codewords, improve, repeat.

    K is a power of two.
    """
    X = np.asarray(X, np.float64)
    Y = X.mean(axis=0, keepdims=True)
    while len(Y) < K:
        Y = lloyd(X, np.concatenate([Y * (1 + SPLIT) + SPLIT, Y * (1 - SPLIT) - SPLIT]))
    return Y


def k_means(X: np.ndarray, K: int, seed: int = 0, most: int = 300) -> np.ndarray:
    """Centers by scikit-learn's k-means++ and at most so many of Lloyd's iterations, (K, d)."""
    from sklearn.cluster import KMeans

    K = min(K, len(np.unique(X, axis=0)))
    clustering = KMeans(K, n_init=1, random_state=seed, max_iter=most)
    return clustering.fit(np.asarray(X, np.float64)).cluster_centers_


def memberships(X: np.ndarray, Y: np.ndarray, m: float) -> np.ndarray:
    """How much each vector belongs to each center, (n, K), rows with the sum 1.

    u_ik = 1 / sum_j (|x_i - y_k| / |x_i - y_j|)^(2 / (m - 1)); a vector on a center is all its own.
    """
    squared = np.sum(X**2, axis=1)[:, None] - 2 * X @ Y.T + np.sum(Y**2, axis=1)
    squared = np.maximum(squared, 1e-12)
    closeness = (squared.min(axis=1, keepdims=True) / squared) ** (1 / (m - 1))
    return closeness / closeness.sum(axis=1, keepdims=True)


def fuzzy_c_means(
    X: np.ndarray,
    K: int,
    m: float = 2.0,
    start: np.ndarray | None = None,
    seed: int = 0,
    threshold: float = 1e-3,
    most: int = 60,
) -> np.ndarray:
    """Centers (K, d) that minimize sum_ik u_ik^m |x_i - y_k|^2 over memberships and centers.

    m > 1 is the fuzziness: k-means for m -> 1, all centers in the global mean for large m. start:
    (K, d), K random vectors when None. Ends when no center moves by more than `threshold`.
    Source: Bezdek, "Pattern Recognition with Fuzzy Objective Function Algorithms", 1981.
    """
    X = np.asarray(X, np.float64)
    if start is None:
        start = X[np.random.default_rng(seed).choice(len(X), K, replace=False)]
    Y = np.asarray(start, np.float64)
    for _ in range(most):
        u = memberships(X, Y, m) ** m
        moved = u.T @ X / u.sum(axis=0)[:, None]
        change = np.abs(moved - Y).max()
        Y = moved
        if change < threshold:
            break
    return Y


def fuzzy_objective(X: np.ndarray, Y: np.ndarray, m: float = 2.0) -> float:
    """J = sum_ik u_ik^m |x_i - y_k|^2 with the best memberships for these centers."""
    squared = np.sum((X[:, None] - Y[None]) ** 2, axis=2)
    return float(np.sum(memberships(X, Y, m) ** m * squared))
