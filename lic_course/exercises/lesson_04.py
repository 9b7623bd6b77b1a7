"""The exercises of lesson 04: how many components, the honest rate of VQ, axes with fixed signs."""

import numpy as np

from lic_course.exercises.core import Case, Exercise, Wrong, case


def components_needed(variances: np.ndarray, share: float) -> int:
    """The smallest K for which the K largest variances hold at least `share` of their sum."""
    held = np.cumsum(np.sort(variances)[::-1])
    return int(np.argmax(held >= share * np.sum(variances))) + 1


def _needed_index(variances, share):
    return components_needed(variances, share) - 1


def _needed_unsorted(variances, share):
    held = np.cumsum(variances)
    return int(np.argmax(held >= share * np.sum(variances))) + 1


def _needed_smallest_first(variances, share):
    held = np.cumsum(np.sort(variances))
    return int(np.argmax(held >= share * np.sum(variances))) + 1


def _needed_deviations(variances, share):
    return components_needed(np.sqrt(variances), share)


def _needed_squares(variances, share):
    return components_needed(np.square(np.asarray(variances, float)), share)


def _needed_each(variances, share):
    return int(np.sum(np.asarray(variances) >= (1 - share) * np.sum(variances)))


def _needed_absolute(variances, share):
    held = np.cumsum(np.sort(variances)[::-1])
    return int(np.argmax(held >= share)) + 1


def _random_variances(rng: np.random.Generator) -> list[Case]:
    cases = []
    for share in (0.5, 0.9, 0.99):
        variances = rng.permutation(np.exp(-np.arange(20) / 3) * 500)
        cases.append(case(variances, share, words=f"20 variances, share {share}"))
    return cases


_COMPONENTS_NEEDED = Exercise(
    id="04.components_needed",
    task="Find the smallest number of components that hold a given share of the variance.",
    minutes=8,
    points=2,
    solution=components_needed,
    cases=(
        case([2, 50, 8, 40], 0.85),
        case([2, 50, 8, 40], 0.95),
        case([64, 16, 16, 4], 0.6),
        case([20, 20, 40, 20], 0.7),
        case([7], 0.5),
        case([1, 1, 1, 1], 1.0),
    ),
    hidden=_random_variances,
    wrong=(
        Wrong(_needed_index, "np.argmax gives an index; indices begin at 0, numbers at 1."),
        Wrong(_needed_unsorted, "the variances come in any order: sort them first."),
        Wrong(_needed_smallest_first, "np.sort sorts upward: begin with the largest, [::-1]."),
        Wrong(_needed_deviations, "add variances, not their square roots."),
        Wrong(_needed_squares, "these are variances already: do not square them."),
        Wrong(_needed_each, "it is the sum of the largest K that must reach the share."),
        Wrong(_needed_absolute, "the share is one of the sum: compare with share * sum."),
    ),
)


def vq_bpp(indices: np.ndarray, Y: np.ndarray) -> float:
    """Bits per pixel: the entropy of the indices, and the codebook Y (K, pixels of a block)."""
    return (_index_bits(indices) + 8 * Y.size) / _pixels(indices, Y)


def _index_bits(indices):
    p = np.bincount(np.ravel(indices)) / np.size(indices)
    p = p[p > 0]
    return -np.size(indices) * np.sum(p * np.log2(p))


def _pixels(indices, Y):
    return np.size(indices) * Y.shape[1]


def _vq_without_codebook(indices, Y):
    return _index_bits(indices) / _pixels(indices, Y)


def _vq_fixed_length(indices, Y):
    return (np.size(indices) * np.log2(len(Y)) + 8 * Y.size) / _pixels(indices, Y)


def _vq_per_block(indices, Y):
    return (_index_bits(indices) + 8 * Y.size) / np.size(indices)


def _vq_codebook_in_bytes(indices, Y):
    return (_index_bits(indices) + Y.size) / _pixels(indices, Y)


def _vq_codewords_only(indices, Y):
    return (_index_bits(indices) + 8 * len(Y)) / _pixels(indices, Y)


def _vq_natural_log(indices, Y):
    return (_index_bits(indices) * np.log(2) + 8 * Y.size) / _pixels(indices, Y)


def _vq_one_index(indices, Y):
    return (_index_bits(indices) / np.size(indices) + 8 * Y.size) / _pixels(indices, Y)


def _vq_case(rng: np.random.Generator, K: int, block: int) -> Case:
    indices = np.minimum(rng.geometric(0.2, (16, 16)) - 1, K - 1)
    Y = rng.integers(0, 256, (K, block * block))
    return case(indices, Y, words=f"256 indices of {K} codewords of {block}×{block}")


def _random_books(rng: np.random.Generator) -> list[Case]:
    return [_vq_case(rng, *size) for size in ((4, 2), (16, 4), (50, 3))]


_VQ_BPP = Exercise(
    id="04.vq_bpp",
    task="Count the bits per pixel of vector quantization with the codebook in the file.",
    minutes=10,
    points=3,
    solution=vq_bpp,
    cases=(
        case(
            np.array([0, 0, 1, 3]),
            np.array([[9, 9, 9, 9], [0, 0, 9, 9], [0, 9, 0, 9], [7, 7, 7, 8]]),
            words="the indices [0, 0, 1, 3] of 4 codewords of 2×2",
        ),
        _vq_case(np.random.default_rng(1), 8, 4),
        _vq_case(np.random.default_rng(2), 32, 2),
    ),
    hidden=_random_books,
    wrong=(
        Wrong(_vq_without_codebook, "the decoder does not know the codebook: count it."),
        Wrong(_vq_fixed_length, "the indices cost their entropy, not log2 of the codebook's size."),
        Wrong(_vq_per_block, "per pixel, please: a block has Y.shape[1] pixels."),
        Wrong(_vq_codebook_in_bytes, "a number of the codebook has 8 bits."),
        Wrong(_vq_codewords_only, "a codeword has Y.shape[1] numbers: the codebook has Y.size."),
        Wrong(_vq_natural_log, "bits need np.log2."),
        Wrong(_vq_one_index, "the entropy is that of one index: there are np.size(indices)."),
    ),
)


def principal_axes(X: np.ndarray, K: int) -> np.ndarray:
    """The K strongest axes of samples X (n, d) as columns (d, K); their largest entries are > 0."""
    X = X - X.mean(axis=0)
    return _fix_signs(_all_axes(X)[:, :K])


def _all_axes(X):
    return np.linalg.eigh(X.T @ X)[1][:, ::-1]


def _fix_signs(V):
    return V * np.sign(V[np.abs(V).argmax(axis=0), range(V.shape[1])])


def _axes_with_mean(X, K):
    return _fix_signs(_all_axes(X)[:, :K])


def _axes_weakest(X, K):
    return _fix_signs(_all_axes(X - X.mean(axis=0))[:, ::-1][:, :K])


def _axes_in_rows(X, K):
    return principal_axes(X, K).T


def _axes_rows_of_eigenvectors(X, K):
    return _fix_signs(_all_axes(X - X.mean(axis=0))[:K].T)


def _axes_negative(X, K):
    return -principal_axes(X, K)


def _axes_first_entry_positive(X, K):
    V = principal_axes(X, K)
    return V * np.where(V[0] < 0, -1.0, 1.0)


def _axes_largest_not_in_magnitude(X, K):
    V = principal_axes(X, K)
    return V * np.where(V.max(axis=0) > 0, 1.0, -1.0) * np.where(V.sum(axis=0) < 0, -1.0, 1.0)


def _axes_scaled(X, K):
    scores = (X - X.mean(axis=0)) @ principal_axes(X, K)
    return principal_axes(X, K) * scores.std(axis=0)


def _axes_all(X, K):
    return principal_axes(X, X.shape[1])


def _cloud(rng: np.random.Generator, d: int, K: int) -> Case:
    axes = np.linalg.qr(rng.normal(size=(d, d)))[0]
    X = rng.normal(size=(40, d)) * 2.0 ** -np.arange(d) * 20 @ axes.T + 50 * rng.random(d)
    return case(X, K, words=f"40 samples in {d} dimensions, K = {K}")


def _random_clouds(rng: np.random.Generator) -> list[Case]:
    return [_cloud(rng, *size) for size in ((3, 2), (5, 3), (6, 5))]


_PRINCIPAL_AXES = Exercise(
    id="04.principal_axes",
    task="Find the K strongest principal axes, with signs that do not depend on the library.",
    minutes=15,
    points=3,
    solution=principal_axes,
    cases=(
        case(np.array([[2, 0], [0, 1], [4, 3], [6, 4]]), 1, words="4 samples in the plane, K = 1"),
        *(_cloud(np.random.default_rng(d), d, K) for d, K in ((3, 3), (4, 2), (8, 5))),
    ),
    hidden=_random_clouds,
    wrong=(
        Wrong(_axes_with_mean, "subtract the mean of the samples first."),
        Wrong(_axes_weakest, "eigh sorts upward: the strongest axes are the last columns."),
        Wrong(_axes_in_rows, "the axes belong into the columns: shape (d, K)."),
        Wrong(_axes_rows_of_eigenvectors, "eigenvectors are the columns of V, not its rows."),
        Wrong(_axes_negative, "the entry of largest magnitude must be positive."),
        Wrong(_axes_first_entry_positive, "not the first entry: that of largest magnitude."),
        Wrong(_axes_largest_not_in_magnitude, "largest in magnitude: take np.abs first."),
        Wrong(_axes_scaled, "axes have length 1."),
        Wrong(_axes_all, "return K axes only."),
    ),
)

EXERCISES = (_COMPONENTS_NEEDED, _VQ_BPP, _PRINCIPAL_AXES)
