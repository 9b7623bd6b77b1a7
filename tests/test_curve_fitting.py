"""Curve fitting: known answers of the surface, SciPy as the judge of the fits, and the codec."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

import lic_course
from lic_course import images, metrics
from lic_course.classical.curve_fitting import (
    BLOCK_SIZES,
    FROM_QUALITY,
    LEVEL,
    UNIT,
    block_grid,
    code_parameters,
    fit_blocks,
    half_step,
    render,
    settings_for,
    shapes,
)
from lic_course.classical.curve_model import (
    axis,
    corner_fit,
    corner_start,
    family,
    family_fit,
    hyperbolic_fit,
    plane_fit,
    surface,
)
from lic_course.classical.dct import dct2, idct2
from lic_course.classical.grid_coder import decoder_for, tables
from lic_course.entropy.tables import Encoder
from lic_course.errors import BitstreamError

BLOCK = np.array([[20, 22, 40, 80], [21, 30, 70, 110], [25, 60, 105, 120], [40, 100, 118, 122]])


def camera_blocks(B):
    plane = images.builtin("camera").astype(np.float64)
    return images.to_blocks(plane, B).reshape(-1, B, B)


def camera_psnr(fitted):
    B = fitted.shape[-1]
    plane = images.from_blocks(fitted.reshape(512 // B, 512 // B, B, B))
    return metrics.psnr(images.builtin("camera"), np.clip(np.rint(plane), 0, 255).astype(np.uint8))


# The surface and its fits


def test_the_surface_rises_from_corner_to_corner():
    for k in (0, 0.001, 2, 8):
        s = surface(5, 0.2, k)
        assert s[0, 0] == pytest.approx(0) and s[-1, -1] == pytest.approx(1)
        assert np.all(np.diff(s, axis=0) > 0) and np.all(np.diff(s, axis=1) > 0)
        assert np.allclose(s + s[::-1, ::-1], 1)
        assert np.allclose(surface(5, 0.2, k, flip=True), s[:, ::-1])
    assert np.allclose(surface(5, 0.2, 0.001), surface(5, 0.2, 0), atol=1e-6)


def test_corner_formulas_by_hand():
    start = corner_start(BLOCK)
    assert (start.a, start.b, start.flip_x, start.flip_y) == (20, 102, False, False)
    assert start.c == pytest.approx(0.151589, abs=1e-6)
    assert np.mean((corner_fit(BLOCK[None], 0) - BLOCK) ** 2) == pytest.approx(244.44, abs=0.005)
    z = corner_fit(BLOCK[None], 4)[0]
    assert np.allclose(z[0], [20, 23.71, 60.26, 113.42], atol=0.005)
    assert np.mean((z - BLOCK) ** 2) == pytest.approx(162.28, abs=0.005)


def test_flipping_a_block_flips_its_surface():
    z = corner_fit(BLOCK[None])[0]
    for view in (np.flipud, np.fliplr, np.rot90):
        other = view(BLOCK)
        if view is not np.rot90:
            assert np.allclose(corner_fit(other[None])[0], view(z))
        assert corner_start(other).a == 20


def test_flat_blocks_divide_by_nothing():
    flat = np.full((2, 4, 4), 9.0)
    for fitted in (corner_fit(flat), plane_fit(flat), hyperbolic_fit(flat).surfaces):
        assert np.allclose(fitted, 9)
    assert np.allclose(plane_fit(np.full((1, 1, 1), 3.0)), 3)


def test_the_plane_is_the_least_squares_plane():
    design = np.stack([np.ones(16), np.repeat(axis(4), 4), np.tile(axis(4), 4)], axis=1)
    beta, *_ = np.linalg.lstsq(design, BLOCK.ravel(), rcond=None)
    assert np.allclose(plane_fit(BLOCK[None]).ravel(), design @ beta)


def test_the_family_fit_is_the_best_of_all_shapes():
    blocks, t = camera_blocks(4)[1000:1040], family(4, (0.0, 2.0, 4.0, 8.0), 8)
    fit, best = family_fit(blocks, t)
    for number, block in enumerate(blocks):
        errors = []
        for shape in t:
            design = np.stack([np.ones(16), shape], axis=1)
            beta, *_ = np.linalg.lstsq(design, block.ravel(), rcond=None)
            errors.append(((design @ beta - block.ravel()) ** 2).sum())
        assert fit.sse[number] == pytest.approx(min(errors), abs=1e-6)
        assert errors[best[number]] == pytest.approx(min(errors), abs=1e-6)


@pytest.mark.parametrize("B", [4, 8])
def test_levenberg_marquardt_is_not_worse_than_scipy(B):
    """Over blocks of camera, SciPy taking the better of two starts."""
    blocks = camera_blocks(B)[:: 16384 // 12 * 16 // (B * B)]
    own = hyperbolic_fit(blocks)
    u_x, u_y = np.repeat(axis(B), B), np.tile(axis(B), B)
    judged = 0.0

    def residual(theta, f):
        return theta[0] + theta[1] * np.tanh(theta[2] * u_x + theta[3] * u_y) - f

    for f in blocks.reshape(len(blocks), -1):
        starts = ((f.mean(), 30, 1, 1), (f.mean(), 30, 1, -1))
        judged += min(2 * least_squares(residual, start, args=(f,)).cost for start in starts)
    assert np.allclose(((blocks - own.surfaces) ** 2).sum(axis=(1, 2)), own.sse)
    assert own.sse.sum() <= 1.005 * judged
    assert own.sse.sum() <= family_fit(blocks, family(B, (0.5, 2.0, 4.0, 8.0), 16))[0].sse.sum()


def test_a_tanh_surface_is_found_again():
    z = 100 + 40 * np.tanh(3 * axis(8)[:, None] - 1.5 * axis(8)[None, :])
    fit = hyperbolic_fit(z[None])
    assert fit.sse[0] < 1e-6
    assert fit.mean[0] == pytest.approx(100)
    assert abs(fit.half[0]) == pytest.approx(40 * np.tanh(0.75 * 4.5))


@pytest.mark.parametrize(
    "B, mean, plane, corner, one_gain, four_gains, dct",
    [(4, 25.17, 28.89, 24.96, 28.93, 29.28, 28.85), (8, 22.39, 25.30, 21.09, 25.42, 25.73, 25.35)],
)
def test_the_table_of_block_models(B, mean, plane, corner, one_gain, four_gains, dct):
    """PSNR on camera, parameters not quantized: nowhere near 20 dB over a plane."""
    blocks = camera_blocks(B)
    means = np.broadcast_to(blocks.mean(axis=(1, 2), keepdims=True), blocks.shape)
    assert camera_psnr(means) == pytest.approx(mean, abs=0.01)
    assert camera_psnr(plane_fit(blocks)) == pytest.approx(plane, abs=0.01)
    assert camera_psnr(corner_fit(blocks)) == pytest.approx(corner, abs=0.01)
    one, _ = family_fit(blocks, family(B, (2.0,), 32))
    four, _ = family_fit(blocks, family(B, (0.0, 2.0, 4.0, 8.0), 32))
    assert camera_psnr(one.surfaces) == pytest.approx(one_gain, abs=0.01)
    assert camera_psnr(four.surfaces) == pytest.approx(four_gains, abs=0.01)
    F = dct2(blocks)
    keep = np.zeros((B, B))
    keep[[0, 0, 1], [0, 1, 0]] = 1
    assert camera_psnr(idct2(F * keep)) == pytest.approx(dct, abs=0.06)


# The codec


def test_quality_is_a_scale_of_blocks_and_steps():
    found = [settings_for(quality) for quality in np.arange(1, 100.5, 0.5)]
    assert found[0] == (16, 630) and found[-1] == (1, UNIT)
    for values in zip(*found, strict=True):
        assert list(values) == sorted(values, reverse=True)
    assert [settings_for(q)[0] for q in FROM_QUALITY] == list(BLOCK_SIZES)


@pytest.mark.parametrize("B", [2, 3, 4, 5, 8, 16, 32])
def test_shapes_are_integers_of_mean_zero(B):
    t = shapes(B)
    assert t.dtype == np.int64 and np.abs(t).max() <= LEVEL
    assert len(t) & (len(t) - 1) == 0
    assert np.array_equal(t, -t[:, ::-1])


def test_quantized_parameters_are_the_best_shape():
    plane = np.kron(np.ones((2, 3)), BLOCK).astype(np.uint8)
    parameters = fit_blocks(plane, 4, 4 * UNIT)
    fit, best = family_fit(BLOCK[None].astype(float), shapes(4) / LEVEL)
    assert np.all(parameters.shape == best[0])
    assert np.all(parameters.mean == np.rint((BLOCK.mean() - 128) / 4))
    assert np.all(parameters.half == np.rint(fit.half[0] / (half_step(4 * UNIT) / UNIT)))
    rendered = render(parameters, 4, 4 * UNIT, plane.shape)
    assert np.mean((rendered[:4, :4].astype(float) - BLOCK) ** 2) < fit.sse[0] / 16 + 6


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 20),
    st.integers(1, 20),
    st.sampled_from([*BLOCK_SIZES, 32]),
    st.integers(UNIT, 64 * UNIT),
    st.integers(0, 2**32 - 1),
)
def test_parameters_of_any_picture_come_back(height, width, B, step, seed):
    plane = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    parameters, grid = fit_blocks(plane, B, step), block_grid(plane.shape, B)
    encoder = Encoder(tables())
    code_parameters(encoder, parameters, B, grid)
    found = code_parameters(decoder_for(encoder.finish(), 1), None, B, grid)
    assert np.array_equal(found.mean, parameters.mean)
    assert np.array_equal(found.half, parameters.half)
    bent = parameters.half != 0
    assert np.array_equal(found.shape[bent], parameters.shape[bent])
    expected = render(parameters, B, step, plane.shape)
    assert np.array_equal(render(found, B, step, plane.shape), expected)
    assert expected.shape == plane.shape


def test_the_best_quality_of_a_gray_picture_is_lossless(gray_picture):
    data = lic_course.encode(gray_picture, "hyperbolic", 100)
    assert np.array_equal(lic_course.decode(data), gray_picture)


def test_every_quality_gives_more_bytes_and_a_better_picture(gray_picture):
    points = []
    for quality in range(1, 101, 3):
        data = lic_course.encode(gray_picture, "hyperbolic", quality)
        points.append((len(data), metrics.psnr(gray_picture, lic_course.decode(data))))
    sizes, values = zip(*points, strict=True)
    assert all(b >= a for a, b in pairwise(sizes))
    assert all(b >= a - 0.05 for a, b in pairwise(values))


@pytest.mark.parametrize("head", [b"", b"\7\1\0", b"\4\0\1", b"\4\xff\xff", b"\4\1\0\0"])
def test_impossible_heads_are_refused(head, gray_picture):
    coder = lic_course.codec.get("hyperbolic")
    segments = coder.encode(gray_picture, 50)
    with pytest.raises(BitstreamError):
        coder.decode(segments | {"head": head}, gray_picture.shape)


@pytest.mark.parametrize("size", [(57, 43, 3), (57, 43), (16, 17, 3), (1, 1), (1, 40)])
def test_bits_per_block_add_up_to_the_data(size):
    image = np.random.default_rng(3).integers(0, 256, size).astype(np.uint8)
    coder = lic_course.codec.get("hyperbolic")
    segments = coder.encode(image, 40)
    bits = coder.bits_per_block(segments, size)
    assert bits.min() >= 0
    assert -8 < 8 * len(segments["data"]) - bits.sum() < 64 + 0.01 * bits.sum()


def test_bits_go_where_the_detail_is():
    image = np.full((64, 64), 90, np.uint8)
    image[32:, 32:] = np.random.default_rng(0).integers(0, 256, (32, 32))
    coder = lic_course.codec.get("hyperbolic")
    bits = coder.bits_per_block(coder.encode(image, 40), image.shape)
    half = len(bits) // 2
    assert bits.shape == (16, 16)
    assert bits[half:, half:].mean() > 5 * bits[: half - 1, : half - 1].mean()
