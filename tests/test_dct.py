"""The DCT against its definition, SciPy, and a known block."""

import numpy as np
import pytest
from scipy.fft import dctn

from lic_course.classical.dct import dct2, dct_matrix, idct2

BLOCK = np.array(
    [
        [52, 55, 61, 66, 70, 61, 64, 73],
        [63, 59, 55, 90, 109, 85, 69, 72],
        [62, 59, 68, 113, 144, 104, 66, 73],
        [63, 58, 71, 122, 154, 106, 70, 69],
        [67, 61, 68, 104, 126, 88, 68, 70],
        [79, 65, 60, 70, 77, 68, 58, 75],
        [85, 71, 64, 59, 55, 61, 65, 83],
        [87, 79, 69, 68, 65, 76, 78, 94],
    ],
    np.uint8,
)


@pytest.mark.parametrize("N", [1, 2, 4, 8, 16, 31])
def test_matrix_is_orthonormal(N):
    C = dct_matrix(N)
    assert np.allclose(C @ C.T, np.eye(N), atol=1e-13)


def test_matrix_is_shared_and_therefore_read_only():
    with pytest.raises(ValueError):
        dct_matrix(8)[0, 0] = 1


def test_definition():
    """F(u, v) = 1/4 c(u) c(v) sum f(x, y) cos((2x+1) u pi/16) cos((2y+1) v pi/16)."""
    f = BLOCK - 128.0
    x = np.arange(8)
    F = dct2(f)
    for u, v in [(0, 0), (0, 3), (5, 0), (2, 7)]:
        c = (0.5**0.5 if u == 0 else 1) * (0.5**0.5 if v == 0 else 1)
        rows, columns = np.cos((2 * x + 1) * u * np.pi / 16), np.cos((2 * x + 1) * v * np.pi / 16)
        assert F[u, v] == pytest.approx(c / 4 * np.sum(f * np.outer(rows, columns)), abs=1e-12)


@pytest.mark.parametrize("shape", [(8, 8), (5, 8, 8), (2, 3, 4, 4), (1, 16, 16)])
def test_equals_scipy_and_inverts(shape):
    f = np.random.default_rng(0).uniform(-128, 127, shape)
    F = dct2(f)
    assert np.allclose(F, dctn(f, axes=(-2, -1), norm="ortho"), atol=1e-12 * 128)
    assert np.allclose(idct2(F), f, atol=1e-12 * 128)
    assert np.sum(F**2) == pytest.approx(np.sum(f**2))


def test_known_block():
    F = dct2(BLOCK - 128.0)
    known = [-415.38, -30.19, -61.20, 27.24, 56.12, -20.10, -2.39, 0.46]
    assert np.abs(F[0] - known).max() < 0.006
    assert np.sum(F**2) == pytest.approx(200537)
