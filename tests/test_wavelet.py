"""The wavelet transforms: known answers, perfect reconstruction, and what they promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lic_course.classical import wavelet

COLUMN = np.array([101, 103, 104, 105, 96, 97, 96, 102, 109]) - 128
STEP = np.array([10, 20, 30, 40, 200, 200, 200, 200, 50, 60, 70, 80, 90, 100, 110, 120])


@pytest.mark.parametrize(
    ("x", "low", "high"),
    [
        (COLUMN, [-26, -22, -30, -32, -19], [1, 5, 1, 0]),
        (STEP, [10, 11, 181, 219, 69, 70, 90, 113], [0, -75, 0, 75, 0, 0, 0, 10]),
    ],
)
def test_known_answers_of_5_3(x, low, high):
    found = wavelet.analyze(x, reversible=True)
    assert [band.tolist() for band in found] == [low, high]


@pytest.mark.parametrize(
    ("x", "low", "high"),
    [
        (
            COLUMN,
            [-26.804284, -23.218621, -29.694901, -31.187825, -20.993022],
            [-0.071446, 5.301620, 2.168641, -1.398815],
        ),
        (
            STEP,
            [21.361, 20.1155, 164.5407, 208.7681, 81.447, 71.849, 89.465, 110.6341],
            [16.1908, -84.8815, -20, 84.8815, 6.3092, 0, -1.8254, 8.6509],
        ),
    ],
)
def test_known_answers_of_9_7(x, low, high):
    found = wavelet.analyze(x.astype(float), reversible=False)
    assert np.allclose(found[0], low, atol=6e-5)
    assert np.allclose(found[1], high, atol=6e-5)


def test_the_low_band_keeps_a_constant_and_the_high_band_a_zigzag():
    """Gain 1 for a constant and 2 for the highest frequency, which the standard's steps assume."""
    low, high = wavelet.analyze(np.full(20, 7.0), reversible=False)
    assert np.allclose(low, 7) and np.allclose(high, 0)
    low, high = wavelet.analyze(np.tile([1.0, -1.0], 10), reversible=False)
    assert np.allclose(low, 0) and np.allclose(high, -2)


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    levels=st.integers(0, 5),
    seed=st.integers(0, 99),
)
def test_any_plane_comes_back(height, width, levels, seed):
    plane = np.random.default_rng(seed).integers(-255, 256, (height, width))
    exact = wavelet.compose(wavelet.decompose(plane, levels, True), True)
    assert np.array_equal(exact, plane)
    bands = wavelet.decompose(plane.astype(float), levels, False)
    assert np.allclose(wavelet.compose(bands, False), plane, atol=1e-9)
    shapes = [tuple(band.shape for band in resolution) for resolution in bands]
    assert shapes == wavelet.band_shapes(height, width, levels)


def test_each_band_shows_its_own_edges():
    plane = np.zeros((32, 32))
    plane[:, 9:] = 100
    _, hl, lh, hh = wavelet.analyze_plane(plane, False)
    assert np.abs(hl).max() > 20
    assert np.allclose(lh, 0) and np.allclose(hh, 0)


@pytest.mark.parametrize("reversible", [False, True])
@pytest.mark.parametrize("level", range(1, 6))
@pytest.mark.parametrize("orientation", ["LL", "HL", "LH", "HH"])
def test_norms_are_those_of_the_synthesis_functions(reversible, level, orientation):
    """An impulse in the middle of a band; without rounding 5/3 is linear, hence the factor."""
    size, scale = 512, 1 << 24 if reversible else 1
    bands = wavelet.decompose(
        np.zeros((size, size), np.int64 if reversible else float), level, reversible
    )
    place = ["HL", "LH", "HH"].index(orientation) if orientation != "LL" else 0
    band = bands[0 if orientation == "LL" else 1][place]
    band[band.shape[0] // 2, band.shape[1] // 2] = scale
    norm = np.linalg.norm(wavelet.compose(bands, reversible) / scale)
    assert norm == pytest.approx(wavelet.band_norm(level, orientation, reversible), rel=2e-3)


def test_the_first_resolutions_alone_are_a_smaller_picture():
    plane = np.add.outer(np.arange(64.0), np.arange(64.0))
    half = wavelet.compose(wavelet.decompose(plane, 3, False)[:-1], False)
    assert half.shape == (32, 32)
    assert np.abs(half - plane[::2, ::2]).mean() < 1
