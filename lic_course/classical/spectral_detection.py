"""Finding a material in a spectral cube, before and after coding: what PSNR does not tell.

Pixels are spectra (n, bands); the target has a known spectrum t, here the mean of its own pixels.
"""

import numpy as np


def spectral_angle(pixels: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The angle between each spectrum and t in radians, (n,): 0 for the same material, brighter."""
    pixels = np.asarray(pixels, np.float64)
    cosine = pixels @ t / (np.linalg.norm(pixels, axis=1) * np.linalg.norm(t) + 1e-12)
    return np.arccos(np.clip(cosine, -1, 1))


def cosine_estimator(pixels: np.ndarray, t: np.ndarray, ridge: float = 1e-3) -> np.ndarray:
    """The adaptive cosine estimator (ACE) of each pixel, (n,) from 0 to 1: larger is more like t.

    (t^T S^-1 x)^2 / ((t^T S^-1 t)(x^T S^-1 x)), with x and t relative to the mean of the pixels,
    and S their covariance. `ridge`, times the mean variance, is added to S's diagonal: a decoded
    cube has only K dimensions; in the others x is empty, and what t has there must not count much.
    Source: Kraut, Scharf and McWhorter, IEEE Transactions on Signal Processing, 2001.
    """
    pixels = np.asarray(pixels, np.float64)
    mean = pixels.mean(axis=0)
    x, t = pixels - mean, t - mean
    S = x.T @ x / len(x)
    S += ridge * np.trace(S) / len(S) * np.eye(len(S))
    whitened = np.linalg.solve(S, np.column_stack([t, x.T]))
    t_white, x_white = whitened[:, 0], whitened[:, 1:]
    return (x @ t_white) ** 2 / ((t @ t_white) * np.sum(x.T * x_white, axis=0) + 1e-12)


def detection_area(scores: np.ndarray, is_target: np.ndarray) -> float:
    """The area under the ROC curve: 1 is perfect, 1/2 is chance.

    It is the probability that a pixel of the target scores higher than another one.
    """
    from scipy.stats import rankdata

    is_target = np.ravel(is_target)
    ranks, targets = rankdata(np.ravel(scores)), np.count_nonzero(is_target)
    others = is_target.size - targets
    return float((ranks[is_target].sum() - targets * (targets + 1) / 2) / (targets * others))


def target_weights(cube: np.ndarray, t: np.ndarray, weight: float, angle: float) -> np.ndarray:
    """Weights for `encode_cube`: `weight` where the spectral angle to t is below `angle`, else 1.

    The encoder needs no labels for it, only the spectrum that somebody will search for.
    """
    angles = spectral_angle(cube.reshape(-1, cube.shape[2]), t)
    return np.where(angles < angle, float(weight), 1.0).reshape(cube.shape[:2])


def synthetic_cube(
    height: int = 64, width: int = 64, bands: int = 60, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """A scene of five materials, (height, width, bands) uint16, and its labels, 0 to 4, uint8.

    Smooth spectra, soft borders, changing light and noise; material 4 covers a few pixels only. For
    where the real scene of `lic_course.datasets.indian_pines` is not at hand.
    """
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    fields = gaussian_filter(rng.normal(size=(4, height, width)), (0, height / 10, width / 10))
    labels = fields.argmax(axis=0).astype(np.uint8)
    labels[rng.random((height, width)) < 0.004] = 4
    spectra = 3000 + 60_000 * gaussian_filter(rng.normal(size=(5, bands)), (0, bands / 12)) / 20
    shares = gaussian_filter(np.eye(5)[labels], (0.5, 0.5, 0))
    light = 1 + 0.3 * gaussian_filter(rng.normal(size=(height, width, 1)), (6, 6, 0)) * 6
    noise = rng.normal(scale=15, size=(height, width, bands))
    cube = np.clip(np.rint(light * (shares @ spectra) + noise), 0, 65535).astype(np.uint16)
    return cube, labels
