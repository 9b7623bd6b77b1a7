"""Measures of rate and distortion, each as its paper defines it.

Pictures are `uint8` arrays (H, W) or (H, W, 3) of equal shape; colors count jointly unless the
docstring says otherwise. The mean over a data set is the mean of the pictures' values.
"""

import numpy as np
from scipy.interpolate import Akima1DInterpolator, PchipInterpolator
from scipy.ndimage import correlate1d

from lic_course.errors import LicError

MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
MS_SSIM_MIN_SIDE = 161  # five scales of an 11-tap window


def bpp(nbytes: int, image: np.ndarray) -> float:
    """Bits per pixel of a file of `nbytes` bytes: a color pixel is one pixel, not three."""
    return 8 * nbytes / (image.shape[0] * image.shape[1])


def mse(x: np.ndarray, x_hat: np.ndarray) -> float:
    """Mean squared error over all samples; computed in floating point (uint8 would wrap around)."""
    if x.shape != x_hat.shape:
        raise LicError(f"The pictures differ in shape: {x.shape} and {x_hat.shape}.")
    difference = np.subtract(x, x_hat, dtype=np.float32)
    return float(np.mean(np.square(difference), dtype=np.float64))


def psnr(x: np.ndarray, x_hat: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB, 10 log10(255^2 / MSE); infinite for equal pictures."""
    error = mse(x, x_hat)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def psnr_y(x: np.ndarray, x_hat: np.ndarray) -> float:
    """PSNR in dB of the luma 0.299 R + 0.587 G + 0.114 B alone, not rounded."""
    return psnr(_luma(x), _luma(x_hat))


def _luma(x: np.ndarray) -> np.ndarray:
    return x if x.ndim == 2 else x @ np.array([0.299, 0.587, 0.114], np.float32)


def ssim(x: np.ndarray, x_hat: np.ndarray) -> float:
    """Structural similarity: 11-tap Gaussian window, sigma 1.5, mean over channels; at most 1.

    Source: Wang, Bovik, Sheikh and Simoncelli, IEEE Trans. Image Processing 2004.
    """
    if min(x.shape[:2]) < 11:
        raise LicError(f"SSIM needs sides of at least 11 pixels, not {x.shape[:2]}.")
    return float(np.mean([_ssim_cs(a, b)[0] for a, b in _channels(x, x_hat)]))


def ms_ssim(x: np.ndarray, x_hat: np.ndarray) -> float:
    """Multi-scale SSIM over five scales, mean over the channels; at most 1.

    Raises `LicError` when a side has fewer than 161 pixels: the coarsest scale would have no room
    for the window. Source: Wang, Simoncelli and Bovik, Asilomar 2003.
    """
    if min(x.shape[:2]) < MS_SSIM_MIN_SIDE:
        raise LicError(f"MS-SSIM needs sides of at least {MS_SSIM_MIN_SIDE}, not {x.shape[:2]}.")
    return float(np.mean([_ms_ssim_plane(a, b) for a, b in _channels(x, x_hat)]))


def ms_ssim_db(value: float) -> float:
    """MS-SSIM on the scale -10 log10(1 - value), which spreads the values close to 1."""
    return float("inf") if value >= 1 else float(-10 * np.log10(1 - value))


def _channels(x: np.ndarray, x_hat: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    if x.shape != x_hat.shape:
        raise LicError(f"The pictures differ in shape: {x.shape} and {x_hat.shape}.")
    a, b = (np.atleast_3d(p).transpose(2, 0, 1).astype(np.float32) for p in (x, x_hat))
    return list(zip(a, b, strict=True))


def _window(x: np.ndarray) -> np.ndarray:
    """Gaussian mean (11 taps, sigma 1.5) at every place where the window lies inside."""
    taps = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    taps /= taps.sum()
    rows = correlate1d(x, taps, axis=0)[5:-5]
    return correlate1d(rows, taps, axis=1)[:, 5:-5]


def _ssim_cs(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Mean SSIM and mean contrast-structure term of two planes."""
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mu_x, mu_y = _window(x), _window(y)
    var = _window(x * x + y * y) - mu_x**2 - mu_y**2  # sigma_x^2 + sigma_y^2, in one pass
    cov = _window(x * y) - mu_x * mu_y
    cs = (2 * cov + c2) / (var + c2)
    luminance = (2 * mu_x * mu_y + c1) / (mu_x**2 + mu_y**2 + c1)
    return float(np.mean(luminance * cs)), float(np.mean(cs))


def _ms_ssim_plane(x: np.ndarray, y: np.ndarray) -> float:
    result = 1.0
    for scale, weight in enumerate(MS_SSIM_WEIGHTS):
        full, cs = _ssim_cs(x, y)
        last = scale == len(MS_SSIM_WEIGHTS) - 1
        result *= max(full if last else cs, 0.0) ** weight
        x, y = _halve(x), _halve(y)
    return result


def _halve(x: np.ndarray) -> np.ndarray:
    """Mean of 2x2 squares; an odd side counts zeros beyond its border, as the common code does."""
    x = np.pad(x, [(side % 2, side % 2) for side in x.shape])
    height, width = (side // 2 * 2 for side in x.shape)
    x = x[:height, :width]
    return (x[::2, ::2] + x[1::2, ::2] + x[::2, 1::2] + x[1::2, 1::2]) / 4


def blockiness(x: np.ndarray, size: int = 8) -> float:
    """How much steeper the luma steps across block borders are than inside blocks, as a ratio.

    About 1 for a natural picture; larger when blocks show. Both directions count alike.
    """
    y = _luma(x).astype(np.float64)
    steps = (np.abs(np.diff(y, axis=0)).mean(axis=1), np.abs(np.diff(y, axis=1)).mean(axis=0))
    border = [s[np.arange(len(s)) % size == size - 1] for s in steps]
    inside = [s[np.arange(len(s)) % size != size - 1] for s in steps]
    if min(map(len, border)) == 0:
        raise LicError(f"Blockiness needs more than one block of {size}x{size} in each direction.")
    across, within = np.concatenate(border).mean(), np.concatenate(inside).mean()
    return float(across / within) if within > 0 else (1.0 if across == 0 else float("inf"))


def bd_rate(
    anchor_rate: np.ndarray,
    anchor_quality: np.ndarray,
    test_rate: np.ndarray,
    test_quality: np.ndarray,
    fit: str = "pchip",
) -> float:
    """Bjontegaard delta rate in percent: mean change of rate at equal quality; negative is better.

    Rates in any unit, qualities in dB, at least four points a curve. `fit`: "pchip" (monotone
    pieces, the JVET rule), "akima", or "cubic" (one polynomial). Only the common range of quality
    counts. Source: Bjontegaard, VCEG-M33, 2001; Herglotz et al., 2022.
    """
    anchor = _bd_curve(anchor_quality, np.log10(anchor_rate))
    test = _bd_curve(test_quality, np.log10(test_rate))
    return float((10 ** _mean_gap(anchor, test, fit) - 1) * 100)


def bd_psnr(
    anchor_rate: np.ndarray,
    anchor_quality: np.ndarray,
    test_rate: np.ndarray,
    test_quality: np.ndarray,
    fit: str = "pchip",
) -> float:
    """Bjontegaard delta quality in dB: mean change of the quality at equal rate; see `bd_rate`."""
    anchor = _bd_curve(np.log10(anchor_rate), anchor_quality)
    test = _bd_curve(np.log10(test_rate), test_quality)
    return _mean_gap(anchor, test, fit)


def _bd_curve(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if len(x) < 4 or len(x) != len(y) or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise LicError("A Bjontegaard delta needs at least four finite points on each curve.")
    order = np.argsort(x)
    if (np.diff(x[order]) <= 0).any() or (np.diff(y[order]) <= 0).any():
        raise LicError("A Bjontegaard delta needs curves on which quality rises with the rate.")
    return x[order], y[order]


def _mean_gap(
    anchor: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray], fit: str
) -> float:
    low = max(anchor[0][0], test[0][0])
    high = min(anchor[0][-1], test[0][-1])
    if low >= high:
        raise LicError("The two curves have no range in common: there is nothing to compare.")
    return (_integral(*test, low, high, fit) - _integral(*anchor, low, high, fit)) / (high - low)


def _integral(x: np.ndarray, y: np.ndarray, low: float, high: float, fit: str) -> float:
    if fit == "cubic":
        antiderivative = np.polyint(np.polyfit(x, y, 3))
        return float(np.polyval(antiderivative, high) - np.polyval(antiderivative, low))
    kinds = {"pchip": PchipInterpolator, "akima": Akima1DInterpolator}
    if fit not in kinds:
        raise LicError(f"The fit is 'pchip', 'akima' or 'cubic', not {fit!r}.")
    return float(kinds[fit](x, y).integrate(low, high))
