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


LOW = [0.026749, -0.016864, -0.078223, 0.266864, 0.602949]  # one half of a symmetric filter
HIGH = [0.091272, -0.057544, -0.591272, 1.115087]


@pytest.mark.parametrize("n", [2, 3, 8, 9, 31, 64])
def test_the_published_filters_agree_with_9_7(n):
    x = np.random.default_rng(n).normal(size=n)
    mirrored = np.pad(x, 8, mode="reflect")
    low, high = wavelet.analyze(x, reversible=False)
    for found, half, first in ((low, LOW, 8), (high, HIGH, 9)):
        expected = np.convolve(mirrored, half + half[-2::-1], mode="same")[first : n + 8 : 2]
        assert np.allclose(found, expected, atol=1e-5)


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
    back = wavelet.compose(bands, False)
    assert np.allclose(back, plane, atol=1e-9)
    shapes = [tuple(band.shape for band in resolution) for resolution in bands]
    assert shapes == wavelet.band_shapes(height, width, levels)
    together = wavelet.to_mallat(bands)
    assert together.shape == plane.shape
    assert np.array_equal(wavelet.compose(wavelet.from_mallat(together, levels), False), back)


def test_each_band_shows_its_own_edges():
    plane = np.zeros((32, 32))
    plane[:, 9:] = 100
    _, hl, lh, hh = wavelet.analyze_plane(plane, False)
    assert np.abs(hl).max() > 20
    assert np.allclose(lh, 0) and np.allclose(hh, 0)


def test_places_tile_the_plane_and_hold_their_bands():
    plane = np.random.default_rng(5).normal(size=(37, 50))
    bands = wavelet.decompose(plane, 3, False)
    together, count = wavelet.to_mallat(bands), np.zeros(plane.shape, int)
    places = list(wavelet.places(plane.shape, 3))
    for place, band in zip(places, (band for found in bands for band in found), strict=True):
        count[place.rows, place.columns] += 1
        assert np.array_equal(together[place.rows, place.columns], band)
    assert (count == 1).all()
    names = [place.orientation + str(place.level) for place in places]
    assert names == [*["LL3", "HL3", "LH3", "HH3", "HL2", "LH2", "HH2", "HL1", "LH1", "HH1"]]
    weights = wavelet.norms(plane.shape, 3)
    assert weights[0, 0] == pytest.approx(2.9012**2)
    assert weights[0, -1] == weights[-1, 0] == pytest.approx(1.4021 * 0.7213)


@pytest.mark.parametrize("reversible", [False, True])
@pytest.mark.parametrize("level", range(1, 7))
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
