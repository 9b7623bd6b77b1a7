"""Principal components and the codec `pca`: known answers, side information, contexts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import brentq
from sklearn.decomposition import PCA

from lic_course import codec, images, metrics
from lic_course.classical import component_coder as coding
from lic_course.classical import pca
from lic_course.classical.dct import dct_matrix
from lic_course.classical.karhunen_loeve import (
    coding_gain,
    fit_pca,
    row_pca,
    sparse_error,
    truncation_error,
)
from lic_course.classical.laplace_tables import (
    RATIOS,
    best_tables,
    costs,
    laplace_tables,
    quantize,
)
from lic_course.errors import BitstreamError

ROWS = np.array([(2, 0), (0, 1), (4, 3), (6, 4)])


def camera_blocks():
    X = images.to_blocks(images.builtin("camera").astype(float), 8).reshape(-1, 64)
    return X - X.mean(axis=0)


def test_known_answer_of_four_points():
    fit = fit_pca(ROWS)
    assert fit.mu.tolist() == [3, 2]
    assert fit.variances == pytest.approx([7, 0.5])
    assert fit.V[:, 0] == pytest.approx([0.83205, 0.5547], abs=1e-5)
    scores = fit.scores(ROWS)
    assert scores[:, 0] == pytest.approx([-1.94145, -3.05085, 1.38675, 3.60555], abs=1e-5)
    assert np.allclose(fit.reconstruct(scores), ROWS)


def test_axes_are_those_of_scikit_learn():
    X = np.random.default_rng(0).normal(size=(200, 6)) @ np.diag([5, 4, 3, 2, 1, 0.5])
    ours, theirs = fit_pca(X, 3), PCA(3).fit(X)
    assert np.abs(ours.V.T @ theirs.components_.T) == pytest.approx(np.eye(3), abs=1e-9)
    assert ours.variances * 200 / 199 == pytest.approx(theirs.explained_variance_)


def test_weights_count_samples_several_times():
    weights = np.array([1, 2, 3, 1])
    once, repeated = fit_pca(ROWS, weights=weights), fit_pca(np.repeat(ROWS, weights, axis=0))
    assert np.allclose(once.mu, repeated.mu) and np.allclose(once.variances, repeated.variances)


def test_the_error_falls_with_every_component_by_its_variance():
    X = camera_blocks()
    fit = fit_pca(X)
    errors = [truncation_error(X, fit.V, K) for K in range(65)]
    assert np.all(np.diff(errors) < 0)
    assert -np.diff(errors) * 64 == pytest.approx(fit.variances, rel=1e-6)


def test_klt_and_dct_of_the_camera():
    """The numbers of the lesson: the KLT wins on paper, the DCT when each block may choose."""
    X = camera_blocks()
    V, C = fit_pca(X).V, np.kron(dct_matrix(), dct_matrix()).T
    gains = [coding_gain(((X @ axes) ** 2).mean(axis=0)) for axes in (V, C)]
    assert gains == pytest.approx([16.58, 16.38], abs=0.01)
    klt, dct = (
        [10 * np.log10(255**2 / truncation_error(X, axes, K)) for K in (1, 4, 8, 16, 32)]
        for axes in (V, C)
    )
    assert klt == pytest.approx([22.41, 26.24, 28.53, 30.97, 34.71], abs=0.01)
    assert dct == pytest.approx([22.40, 26.15, 28.36, 30.77, 34.44], abs=0.01)
    assert sparse_error(X, V, 8) > sparse_error(X, C, 8)


def test_row_pca_of_the_camera():
    camera, values, rates = images.builtin("camera"), [], []
    for K in (8, 16, 32, 64, 128):
        result = row_pca(camera, K)
        values.append(metrics.psnr(camera, result.image))
        rates.append(metrics.bpp(result.nbytes, camera))
        assert result.basis_bytes > result.score_bytes
    assert values == pytest.approx([21.63, 23.91, 26.66, 30.04, 34.73], abs=0.06)
    assert rates == pytest.approx([0.266, 0.516, 1.016, 2.016, 4.016], abs=0.001)


def test_laplace_tables_are_what_their_formula_says():
    means = np.geomspace(0.002, 2000, len(RATIOS))
    roots = [brentq(lambda r, m=m: r**3 / (1 - r**5) - m, 1e-9, 1 - 1e-12) for m in means]
    assert np.abs(np.array(RATIOS) - 65536 * np.array(roots)).max() <= 0.5
    tables = laplace_tables()
    for t in (0, 12, 20, 30):
        r = RATIOS[t] / 65536
        size, start = tables.sizes[t], tables.starts[t]
        p = tables.frequencies[start : start + size] / 65536
        k = np.abs(np.arange(size) - size // 2)
        expected = np.where(k == 0, 1 - r**3, r**3 * (1 - r**5) * r ** (5.0 * (k - 1)) / 2)
        assert np.abs(p - expected).max() < 2e-3
    assert costs().shape == (48, 1025)


def test_quantizer_has_a_dead_zone():
    x = np.array([-1.7, -0.61, -0.59, 0, 0.59, 0.61, 1.59, 1.61])
    assert quantize(x, 1).tolist() == [-2, -1, 0, 0, 0, 1, 1, 2]
    assert quantize(10 * x, 10, 0.5).tolist() == [-2, -1, -1, 0, 1, 1, 2, 2]


def test_best_tables_follow_the_spread():
    rng = np.random.default_rng(0)
    q = np.rint(np.stack([rng.laplace(scale=s, size=3000) for s in (0.1, 1, 10, 3000)])).astype(int)
    classes = np.repeat(np.arange(5)[:4, None], 3000, axis=1)
    best = best_tables(q, classes, np.full(5, 20))
    assert list(best[:4]) == sorted(set(best[:4])) and best[4] == 20


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_component_coder_round_trip(data):
    shape = data.draw(st.tuples(*[st.integers(1, 6)] * 3))
    values = hnp.arrays(np.int64, shape, elements=st.integers(-3000, 3000))
    planes = [data.draw(values) for _ in range(data.draw(st.integers(1, 3)))]
    coded = coding.encode_planes(planes)
    bits = np.zeros(shape[:2])
    decoded = coding.decode_planes(coded, [plane.shape for plane in planes], bits)
    assert all(np.array_equal(a, b) for a, b in zip(planes, decoded, strict=True))
    assert 0 < bits.sum() < 8 * len(coded) + 1


def test_contexts_pay():
    """Blocks that are busy in one component are busy in the next: worth a seventh of the bytes."""
    rng, X = np.random.default_rng(0), camera_blocks()
    q = quantize(X @ fit_pca(X).V, 16).reshape(64, 64, 64)
    shuffled = np.stack(
        [rng.permutation(q[..., k].ravel()).reshape(64, 64) for k in range(64)], axis=-1
    )
    assert len(coding.encode_planes([q])) < 0.85 * len(coding.encode_planes([shuffled]))


def test_differences_and_back():
    plane = np.random.default_rng(0).integers(-9, 9, (5, 7))
    assert np.array_equal(coding.from_differences(coding.to_differences(plane)), plane)
    with pytest.raises(BitstreamError, match="bright"):
        coding.from_differences(np.full((2, 3), 1 << 21))


@pytest.mark.parametrize("kind", pca.KINDS)
@pytest.mark.parametrize("shape", [(1, 1), (9, 20), (17, 8, 3), (40, 33, 3)], ids=str)
def test_both_kinds_of_axes_code_any_shape(kind, shape):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    segments = pca.encode_pca(image, 2.0, kind)
    decoded = codec.get("pca").decode(segments, shape)
    assert metrics.psnr(image, decoded) > 40


def test_axes_in_the_file_are_those_of_the_picture():
    camera = images.builtin("camera")[:256, :256]
    axes = pca._read_axes(pca.encode_pca(camera, 4.0, "full")["axes"], is_color=False)
    X = images.to_blocks(camera.astype(float), 8).reshape(-1, 64)
    assert np.abs(axes.mean - X.mean(axis=0)).max() <= 0.5
    likeness = np.abs(np.sum(axes.V[:, :6] * fit_pca(X).V[:, :6], axis=0))
    assert likeness.min() > 0.995
    assert np.abs(axes.V.T @ axes.V - np.eye(axes.V.shape[1])).max() < 0.15  # rounded


def test_rounded_axes_lose_no_quality(gray_picture):
    """With step 1 rounding is all there is: the scores make up for inexact axes."""
    segments = pca.encode_pca(gray_picture, 1.0, "full")
    assert metrics.psnr(gray_picture, codec.get("pca").decode(segments, gray_picture.shape)) > 54


def test_the_choice_of_axes_counts_all_bytes():
    """Full axes pay on a large regular texture, and never on a small picture."""
    brick = images.builtin("brick")
    sizes = {kind: pca.encode_pca(brick, 60.0, kind) for kind in pca.KINDS}
    assert pca.encode_pca(brick, 60.0) == sizes["full"]
    small = images.builtin("camera")[100:164, 200:264]
    assert pca.encode_pca(small, 20.0) == pca.encode_pca(small, 20.0, "separable")


def test_bits_per_block_add_up(color_picture):
    coder = codec.get("pca")
    segments = coder.encode(color_picture, 60)
    bits = coder.bits_per_block(segments, color_picture.shape)
    assert bits.shape == (12, 15)
    assert 0.8 < bits.sum() / (8 * len(segments["scores"])) <= 1


def test_quality_is_monotone_in_bytes_and_psnr(color_picture):
    points = []
    for quality in range(1, 101, 9):
        segments = codec.get("pca").encode(color_picture, quality)
        decoded = codec.get("pca").decode(segments, color_picture.shape)
        points.append((sum(map(len, segments.values())), metrics.psnr(color_picture, decoded)))
    sizes, values = zip(*points, strict=True)
    assert list(sizes) == sorted(sizes) and list(values) == sorted(values)


def test_impossible_heads_are_refused(gray_picture):
    coder, shape = codec.get("pca"), gray_picture.shape
    segments = coder.encode(gray_picture, 50)
    for head in (b"\0\0\4\0", b"\1\0\x63\0", b"\1\0\4\x41", b"\1"):
        with pytest.raises(BitstreamError):
            coder.decode(segments | {"axes": head + segments["axes"][4:]}, shape)
    with pytest.raises(BitstreamError, match="segments"):
        coder.decode({"scores": b""}, shape)
