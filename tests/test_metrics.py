"""Metrics against the papers' known answers and the libraries that people trust."""

import numpy as np
import pytest
import torch
from bjontegaard import bd_psnr as their_bd_psnr
from bjontegaard import bd_rate as their_bd_rate
from pytorch_msssim import ms_ssim as their_ms_ssim
from skimage.metrics import structural_similarity

from lic_course import images, metrics
from lic_course.errors import LicError


def distorted(gray):
    checker = np.where(np.add.outer(np.arange(512), np.arange(512)) % 2, 8, -8)
    return {
        "posterized": gray // 32 * 32 + 16,
        "checkerboard": np.clip(gray + checker, 0, 255).astype(np.uint8),
        "shifted": np.roll(gray, 1, axis=1),
        "negative": 255 - gray,
    }


KNOWN = {  # picture `camera`: PSNR, SSIM, MS-SSIM
    "posterized": (28.7006, 0.83456, 0.93041),
    "checkerboard": (30.1230, 0.67640, 0.98254),
    "shifted": (24.1237, 0.75712, 0.94825),
    "negative": (4.7654, -0.09426, 0.0),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_answers(name):
    gray = images.builtin("camera")
    x_hat = distorted(gray)[name]
    measured = (f(gray, x_hat) for f in (metrics.psnr, metrics.ssim, metrics.ms_ssim))
    assert list(measured) == pytest.approx(KNOWN[name], abs=6e-5)


def test_color_known_answers():
    x = images.builtin("astronaut")
    x_hat = x // 32 * 32 + 16
    assert metrics.psnr(x, x_hat) == pytest.approx(27.8348, abs=1e-4)
    assert metrics.ssim(x, x_hat) == pytest.approx(0.73024, abs=1e-5)
    assert metrics.ms_ssim(x, x_hat) == pytest.approx(0.95329, abs=1e-5)


@pytest.mark.parametrize("name", ["chelsea", "coffee", "camera"])  # odd and even sides
def test_ssim_and_ms_ssim_equal_the_libraries(name):
    x = images.builtin(name)
    x_hat = x // 16 * 16 + 8
    theirs = structural_similarity(
        x,
        x_hat,
        channel_axis=2 if x.ndim == 3 else None,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
    )
    assert metrics.ssim(x, x_hat) == pytest.approx(theirs, abs=1e-4)
    a, b = (torch.tensor(np.atleast_3d(p).transpose(2, 0, 1)[None].copy()) for p in (x, x_hat))
    theirs = their_ms_ssim(a.float(), b.float(), data_range=255).item()
    assert metrics.ms_ssim(x, x_hat) == pytest.approx(theirs, abs=1e-5)


def test_uint8_does_not_wrap_around():
    x, x_hat = np.full((9, 9), 10, np.uint8), np.full((9, 9), 250, np.uint8)
    assert metrics.mse(x, x_hat) == metrics.mse(x_hat, x) == 240**2


def test_equal_pictures_have_infinite_psnr_and_unit_similarity():
    x = images.builtin("camera")
    assert metrics.psnr(x, x) == float("inf")
    assert metrics.ssim(x, x) == pytest.approx(1, abs=1e-6)
    assert metrics.ms_ssim(x, x) == pytest.approx(1, abs=1e-6)


def test_constant_error_of_five_gives_34_15_db():
    x = np.full((8, 8), 100, np.uint8)
    assert metrics.psnr(x, x + 5) == pytest.approx(34.1514, abs=1e-4)
    assert metrics.psnr_y(x, x + 5) == pytest.approx(34.1514, abs=1e-4)


def test_luma_weighs_green_most():
    x = np.full((16, 16, 3), 100, np.uint8)
    green, blue = x.copy(), x.copy()
    green[..., 1] += 20
    blue[..., 2] += 20
    assert metrics.psnr(x, green) == metrics.psnr(x, blue)
    assert metrics.psnr_y(x, green) < metrics.psnr_y(x, blue) - 10


def test_sizes_are_checked():
    x = np.zeros((160, 400), np.uint8)
    with pytest.raises(LicError, match="161"):
        metrics.ms_ssim(x, x)
    with pytest.raises(LicError, match="11"):
        metrics.ssim(x[:10], x[:10])
    for measure in (metrics.psnr, metrics.ssim):
        with pytest.raises(LicError, match="differ in shape"):
            measure(x, x[:, :-1])


def test_ms_ssim_in_db():
    assert metrics.ms_ssim_db(0.95) == pytest.approx(13.0103, abs=1e-4)
    assert metrics.ms_ssim_db(1.0) == float("inf")


def test_bpp_counts_a_color_pixel_once():
    assert metrics.bpp(6, np.zeros((4, 4, 3), np.uint8)) == 3.0


def test_blockiness_sees_blocks_and_only_blocks():
    smooth = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)
    blocks = smooth // 8 * 8
    for axis in (0, 1):
        blocks = np.repeat(blocks.take(np.arange(0, 64, 8), axis), 8, axis)
    assert metrics.blockiness(smooth) == pytest.approx(1.0)
    assert metrics.blockiness(blocks) == float("inf")
    assert metrics.blockiness(np.full((64, 64), 7, np.uint8)) == 1.0
    assert metrics.blockiness(images.builtin("camera")) == pytest.approx(1.0, abs=0.05)


ANCHOR = [9487.76, 4593.60, 2486.44, 1358.24], [40.037, 38.615, 36.845, 34.851]
TEST = [9787.80, 4469.00, 2451.52, 1356.24], [40.121, 38.651, 36.970, 34.987]


@pytest.mark.parametrize(
    ("fit", "rate", "psnr"),
    [
        ("cubic", -4.420463, 0.120409),
        ("pchip", -4.417485, 0.119693),
        ("akima", -4.425245, 0.119409),
    ],
)
def test_bjontegaard_known_answers_and_library(fit, rate, psnr):
    assert metrics.bd_rate(*ANCHOR, *TEST, fit=fit) == pytest.approx(rate, abs=1e-6)
    assert metrics.bd_psnr(*ANCHOR, *TEST, fit=fit) == pytest.approx(psnr, abs=1e-6)
    theirs = their_bd_rate(*ANCHOR, *TEST, method=fit, min_overlap=0)
    assert metrics.bd_rate(*ANCHOR, *TEST, fit=fit) == pytest.approx(theirs, abs=1e-9)
    theirs = their_bd_psnr(*ANCHOR, *TEST, method=fit, min_overlap=0)
    assert metrics.bd_psnr(*ANCHOR, *TEST, fit=fit) == pytest.approx(theirs, abs=1e-9)


def test_half_the_rate_at_equal_quality_is_minus_fifty_percent():
    rate, quality = np.array([1.0, 2, 4, 8]), np.array([30.0, 33, 36, 39])
    assert metrics.bd_rate(rate, quality, rate / 2, quality) == pytest.approx(-50)
    assert metrics.bd_rate(rate[::-1], quality[::-1], rate, quality) == pytest.approx(0)


def test_bjontegaard_refuses_what_it_cannot_compare():
    rate, quality = [1.0, 2, 4, 8], [30.0, 33, 36, 39]
    with pytest.raises(LicError, match="four"):
        metrics.bd_rate(rate[:3], quality[:3], rate, quality)
    with pytest.raises(LicError, match="rises"):
        metrics.bd_rate(rate, [30, 33, 32, 39], rate, quality)
    with pytest.raises(LicError, match="in common"):
        metrics.bd_rate(rate, quality, rate, [40, 41, 42, 43])
    with pytest.raises(LicError, match="fit"):
        metrics.bd_rate(rate, quality, rate, quality, fit="spline")
