"""Fuzzy transforms: known answers, the three facts, and the codec built from them."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_dct import BLOCK

import lic_course
from lic_course import images, metrics
from lic_course.classical import fuzzy_levels, fuzzy_transform
from lic_course.classical.fuzzy_levels import (
    collapse,
    components,
    fmf_transform,
    in_blocks,
    least_squares,
    mf_transform,
    rate,
)
from lic_course.classical.fuzzy_partition import (
    SHAPES,
    direct,
    direct_1d,
    direct_f1,
    inverse,
    inverse_1d,
    inverse_f1,
    partition,
)
from lic_course.classical.fuzzy_transform import (
    UNIT,
    Settings,
    code_levels,
    decode_levels,
    direct_triangles,
    encode_levels,
    finest_step,
    inverse_triangles,
    level_shapes,
    quantize,
    steps,
)
from lic_course.classical.grid_coder import decoder_for, tables
from lic_course.entropy.tables import Encoder
from lic_course.errors import BitstreamError, LicError

SIGNAL = np.array([52, 55, 61, 66, 70, 61, 64, 73], np.float64)
f8 = BLOCK.astype(np.float64)


def mse(a, b):
    return float(np.mean((a - b) ** 2))


def rounded(x):
    return np.clip(np.rint(x), 0, 255).astype(np.uint8)


# Partitions and the transform


def test_a_triangular_partition_by_hand():
    A = partition(8, 3)
    assert np.allclose(A[0, :4], [1, 0.71429, 0.42857, 0.14286], atol=5e-6)
    assert np.allclose(A[1, :4], [0, 0.28571, 0.57143, 0.85714], atol=5e-6)
    assert np.array_equal(A[2], A[0, ::-1]) and not A[0, 4:].any()
    assert np.allclose(A.sum(axis=1), [2.28571, 3.42857, 2.28571], atol=5e-6)


def test_a_cosine_partition_by_hand():
    A = partition(8, 3, "cosine")
    assert np.allclose(A[0, :5], [1, 0.81174, 0.38874, 0.04952, 0], atol=5e-6)
    assert np.allclose(A.sum(axis=1), [2.25, 3.5, 2.25])


@given(st.integers(2, 40), st.integers(0, 60), st.sampled_from(SHAPES))
def test_hills_sum_to_one_at_each_pixel(n, more, shape):
    """Ruspini's condition; and every hill is 1 at its node where that is a pixel."""
    A = partition(n + more, n, shape)
    assert np.allclose(A.sum(axis=0), 1, atol=1e-12)
    assert A.min() >= 0 and A[0, 0] == A[-1, -1] == 1 and A.sum(axis=1).min() > 0


def test_wrong_partitions_get_a_sentence():
    with pytest.raises(LicError, match="from 2 to 8 nodes"):
        partition(8, 9)
    with pytest.raises(LicError, match="triangular or cosine"):
        partition(8, 3, "square")


def test_a_signal_by_hand():
    F = direct_1d(SIGNAL, partition(8, 3))
    assert np.allclose(F, [55.5, 64.25, 67.75])
    expected = [55.5, 58, 60.5, 63, 64.75, 65.75, 66.75, 67.75]
    assert np.allclose(inverse_1d(F, partition(8, 3)), expected)
    F = direct_1d(SIGNAL, partition(8, 3, "cosine"))
    assert np.allclose(F, [54.94538, 64.64058, 67.61372], atol=5e-6)


@pytest.mark.parametrize("shape, error", [("triangular", 303.468), ("cosine", 252.515)])
def test_a_block_by_hand(shape, error):
    A = partition(8, 3, shape)
    F = direct(f8, A, A)
    if shape == "triangular":
        expected = [
            [60.0586, 80.4792, 73.6289],
            [67.625, 91.5, 76.6563],
            [75.875, 68.5052, 76.6211],
        ]
        assert np.allclose(F, expected, atol=1e-4)
    assert mse(f8, inverse(F, A, A)) == pytest.approx(error, abs=1e-3)


def test_a_component_is_the_weighted_mean_under_its_hill():
    """The definition with sums, for sides of two lengths and a stack of pictures."""
    f = np.random.default_rng(0).uniform(0, 255, (2, 9, 7))
    A, B = partition(9, 4), partition(7, 3, "cosine")
    F = direct(f, A, B)
    assert F.shape == (2, 4, 3) and inverse(F, A, B).shape == f.shape
    for k, m in [(0, 0), (2, 1), (3, 2)]:
        weight = np.outer(A[k], B[m])
        assert np.allclose(F[:, k, m], np.average(f.reshape(2, -1), axis=1, weights=weight.ravel()))


@pytest.mark.parametrize("shape, error", [("triangular", 194.3245), ("cosine", 150.627)])
def test_f1_of_a_block_by_hand(shape, error):
    A = partition(8, 3, shape)
    F = direct_f1(f8, A, A)
    if shape == "triangular":
        assert np.allclose(F.slope_y[0], [4.4358, 17.4212, 5.7688], atol=1e-4)
        assert np.allclose(F.slope_x[0], [5.0131, 4.3913, -5.8869], atol=1e-4)
    assert mse(f8, inverse_f1(F, A, A)) == pytest.approx(error, abs=1e-3)


def test_f1_of_a_plane_is_that_plane():
    y, x = np.mgrid[:9, :13]
    A, B = partition(9, 3), partition(13, 4)
    F = direct_f1(3.0 * y - 2 * x + 7, A, B)
    assert np.allclose(F.slope_y, 3) and np.allclose(F.slope_x, -2)
    assert np.allclose(inverse_f1(F, A, B), 3.0 * y - 2 * x + 7)
    assert F.count == 3 * 12


# Three facts


def test_levels_on_one_partition_collapse():
    """The sum of the inverses of five levels is the inverse of one array of components."""
    A = partition(8, 3)
    levels = [F for F, _ in zip(components(f8, A, A), range(5), strict=False)]
    together = sum(inverse(F, A, A) for F in levels)
    assert np.allclose(together, inverse(collapse(f8, A, A, 5), A, A), atol=1e-10)


def test_the_limit_is_least_squares():
    A = partition(8, 3)
    errors = [mse(f8, inverse(collapse(f8, A, A, L), A, A)) for L in range(1, 7)]
    assert np.allclose(errors, [303.47, 248.01, 220.87, 206.15, 197.55, 192.24], atol=5e-3)
    design = np.kron(A, A).T
    F, (squares,), _, _ = np.linalg.lstsq(design, f8.ravel(), rcond=None)
    assert squares / 64 == pytest.approx(182.085, abs=1e-3)
    assert np.allclose(least_squares(f8, A, A).ravel(), F, atol=1e-9)
    assert np.allclose(collapse(f8, A, A, 400).ravel(), F, atol=1e-6)


def test_the_levels_are_a_power_of_one_matrix():
    """(I - (I - R)^L) f with R = A^T D A, in one dimension."""
    A = partition(8, 3)
    R = A.T @ np.diag(1 / A.sum(axis=1)) @ A
    f, L = SIGNAL[:, None], 4
    one = np.ones((1, 1))
    by_power = (np.eye(8) - np.linalg.matrix_power(np.eye(8) - R, L)) @ f
    assert np.allclose(inverse(collapse(f, A, one, L), A, one), by_power)
    eigenvalues = np.linalg.eigvalsh(R)
    assert eigenvalues.min() > -1e-12 and eigenvalues.max() < 1 + 1e-12


def test_counting_f1_and_levels_honestly():
    """F1 with 2 x 2 nodes stores 12 numbers, more than F with 3 x 3 nodes, which is not worse."""
    assert rate(8, 2) == 0.0625 and rate(8, 2, "F1") == 0.1875
    assert rate(8, 2, levels=5) == 5 * rate(8, 2)
    assert rate(8, 3) < rate(8, 2, "F1") < rate(8, 4)
    camera = images.builtin("camera")
    A, B = partition(8, 2), partition(8, 4)
    f1 = in_blocks(camera, 8, lambda f: inverse_f1(direct_f1(f, A, A), A, A))
    least = in_blocks(camera, 8, lambda f: inverse(least_squares(f, B, B), B, B))
    assert metrics.psnr(camera, rounded(least)) > metrics.psnr(camera, rounded(f1))


# The block codecs of the literature


@pytest.mark.parametrize(
    "block, n, shape, plain, limit, f1",
    [
        (16, 3, "triangular", 23.28, 24.51, 25.35),
        (8, 2, "cosine", 24.86, 25.94, 27.53),
        (8, 3, "triangular", 26.54, 28.14, 29.49),
        (4, 2, "triangular", 28.13, 29.63, 32.77),
        (3, 2, "cosine", 30.83, 32.23, 41.15),
    ],
)
def test_the_table_of_block_rates(block, n, shape, plain, limit, f1):
    """PSNR on camera: components in 8 bits, the least-squares limit, F1 (both not quantized)."""
    camera, A = images.builtin("camera"), partition(block, n, shape)

    def measured(operation):
        return metrics.psnr(camera, rounded(in_blocks(camera, block, operation)))

    assert measured(lambda f: inverse(np.rint(direct(f, A, A)), A, A)) == pytest.approx(
        plain, abs=0.006
    )
    # these values had not been clipped to 0 ... 255, which is worth up to 0.04 dB
    assert measured(lambda f: inverse(least_squares(f, A, A), A, A)) == pytest.approx(
        limit, abs=0.05
    )
    assert measured(lambda f: inverse_f1(direct_f1(f, A, A), A, A)) == pytest.approx(f1, abs=0.03)


def test_multilevel_stops_at_the_threshold_or_at_the_cap():
    camera = images.builtin("camera")[100:228, 150:278]
    easy = mf_transform(camera, 4, 2, threshold=20)
    assert easy.reached and easy.levels == 1 and easy.picture.shape == camera.shape
    hard = mf_transform(camera, 4, 2, threshold=60, most=4)
    assert not hard.reached and hard.levels == 4 and hard.rate == 1.0
    assert list(hard.psnr) == sorted(hard.psnr)
    assert metrics.psnr(camera, hard.picture) == hard.psnr[-1]


def test_the_fast_one_takes_the_cheapest_partition_that_nearly_does():
    camera = images.builtin("camera")[100:228, 150:278]
    threshold = mf_transform(camera, 8, 3, threshold=99, most=1).psnr[0] + 0.9
    found = fmf_transform(camera, threshold)
    assert (found.block, found.n) == (8, 3)
    assert fmf_transform(camera, 99, most=1).block == fuzzy_levels.RATES[-1][0]


# The codec


@pytest.mark.parametrize("spacing", [1, 2, 4, 8, 16])
def test_halving_again_and_again_is_the_matrix_product(spacing):
    f = np.random.default_rng(1).integers(0, 256, (3 * spacing + 1, 2 * spacing + 1)).astype(float)
    A, B = partition(3 * spacing + 1, 4), partition(2 * spacing + 1, 3)
    F = direct_triangles(f, spacing)
    assert np.allclose(F, direct(f, A, B), atol=1e-11)
    assert np.allclose(inverse_triangles(F, spacing), inverse(F, A, B), atol=1e-11)


def test_quantizing_keeps_zeros_and_takes_halves_up():
    assert quantize(np.array([-1.0, 1.0, 0.99, 3.0]), 2.0, 0.5).tolist() == [-1, 1, 0, 2]
    assert quantize(np.array([-1.2, 1.24, 1.25, 3.0]), 2.0, 0.375).tolist() == [0, 0, 1, 1]


def test_quality_is_a_scale_of_steps():
    assert finest_step(1) == 128 * UNIT and finest_step(100) == UNIT
    found = [finest_step(quality) for quality in range(1, 101)]
    assert found == sorted(found, reverse=True) and len(set(found)) == 100
    assert steps(16 * UNIT) == [4, 6, 8, 12, 16]
    assert min(steps(UNIT)) == 1


def test_each_level_codes_what_the_coarser_ones_left(gray_picture):
    """Fewer errors with each level; the last one leaves at most about one step."""
    level_steps = steps(4 * UNIT)
    levels = encode_levels(gray_picture, level_steps)
    assert [level.shape for level in levels] == level_shapes(gray_picture.shape)
    values = []
    for count in range(1, 6):
        shown = [x if i < count else 0 * x for i, x in enumerate(levels)]
        decoded = decode_levels(shown, level_steps, gray_picture.shape)
        values.append(metrics.psnr(gray_picture, decoded))
    assert values == sorted(values)
    assert np.abs(decoded.astype(int) - gray_picture).max() <= 0.625 * 4 + 0.5


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1), st.integers(UNIT, 128 * UNIT)
)
def test_levels_of_any_size_come_back_from_bytes(height, width, seed, finest):
    plane = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    levels = encode_levels(plane, steps(finest))
    sent = Settings(finest, (0b11111,))
    shapes, encoder = level_shapes(plane.shape), Encoder(tables())
    code_levels(encoder, [levels], sent, shapes)
    assert Settings.from_bytes(sent.to_bytes(), 1) == sent
    decoder = decoder_for(encoder.finish(), sum(level.size for level in levels))
    (found,) = code_levels(decoder, [[None] * 5], sent, shapes)
    decoder.finish()
    assert all(np.array_equal(a, b) for a, b in zip(levels, found, strict=True))


def test_empty_levels_are_not_sent():
    flat = np.full((200, 300), 77, np.uint8)
    segments = lic_course.codec.get("ftransform").encode(flat, 90)
    assert segments["head"][2] == 1 and sum(map(len, segments.values())) < 60
    assert np.abs(lic_course.decode(lic_course.encode(flat, "ftransform", 90)) - 77.0).max() <= 1


def test_a_long_row_needs_no_large_matrix():
    row = (np.arange(40_000) // 1000 % 256).astype(np.uint8)[None]
    decoded = lic_course.decode(lic_course.encode(row, "ftransform", 60))
    assert metrics.psnr(row, decoded) > 35


@pytest.mark.parametrize("head", [b"", b"\0\1\1", b"\xff\xff\1", b"\1\0\x20", b"\1\0\1\1"])
def test_impossible_heads_are_refused(head, gray_picture):
    coder = lic_course.codec.get("ftransform")
    segments = coder.encode(gray_picture, 50)
    with pytest.raises(BitstreamError):
        coder.decode(segments | {"head": head}, gray_picture.shape)
    with pytest.raises(BitstreamError):
        coder.decode({"data": b"12345678"}, gray_picture.shape)


def test_every_quality_gives_more_bytes_and_a_better_picture(gray_picture):
    points = []
    for quality in range(1, 101, 3):
        data = lic_course.encode(gray_picture, "ftransform", quality)
        points.append((len(data), metrics.psnr(gray_picture, lic_course.decode(data))))
    sizes, values = zip(*points, strict=True)
    assert all(b >= a for a, b in pairwise(sizes))
    assert all(b >= a - 0.05 for a, b in pairwise(values))


def test_nested_partitions_come_close_to_jpeg():
    """The multilevel idea, on nested partitions and with an entropy coder, is a real codec."""
    camera = images.builtin("camera")
    target = 0.5 * camera.size / 8
    own = lic_course.codec.find_quality(camera, "ftransform", target_bytes=target)
    jpeg = lic_course.codec.find_quality(camera, "jpeg", target_bytes=target)
    difference = metrics.psnr(camera, own.image) - metrics.psnr(camera, jpeg.image)
    assert -1 < difference < 3
    assert fuzzy_transform.FTransform.kind == "own"


@pytest.mark.parametrize("size", [(57, 43, 3), (57, 43), (16, 17, 3), (1, 1), (1, 40)])
def test_bits_per_block_add_up_to_the_data(size):
    image = np.random.default_rng(3).integers(0, 256, size).astype(np.uint8)
    coder = lic_course.codec.get("ftransform")
    segments = coder.encode(image, 40)
    bits = coder.bits_per_block(segments, size)
    assert bits.min() >= 0
    assert -8 < 8 * len(segments["data"]) - bits.sum() < 64 + 0.01 * bits.sum()


def test_bits_go_where_the_detail_is():
    image = np.full((64, 64), 90, np.uint8)
    image[32:, 32:] = np.random.default_rng(0).integers(0, 256, (32, 32))
    coder = lic_course.codec.get("ftransform")
    bits = coder.bits_per_block(coder.encode(image, 40), image.shape)
    half = len(bits) // 2
    assert bits.shape == (4, 4)
    assert bits[half:, half:].mean() > 5 * bits[: half - 1, : half - 1].mean()
