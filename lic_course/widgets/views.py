"""From results to pictures to look at: error maps and bits per block; large ones made smaller."""

import numpy as np
from PIL import Image

PICTURE, ERROR, BITS = VIEWS = ("picture", "error", "bits per block")
GAIN = 8  # of the error map
MAX_PIXELS = 2**20  # of the explorer's pictures


def fit(image: np.ndarray, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """The picture itself, or reduced to at most `max_pixels` when it has more."""
    height, width = image.shape[:2]
    if height * width <= max_pixels:
        return image
    scale = (max_pixels / (height * width)) ** 0.5
    size = max(1, int(width * scale)), max(1, int(height * scale))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))


def error_map(x: np.ndarray, x_hat: np.ndarray) -> np.ndarray:
    """The largest absolute difference of each pixel's channels, times `GAIN`, as (H, W, 3)."""
    difference = np.abs(np.subtract(x, x_hat, dtype=np.int16))
    if difference.ndim == 3:
        difference = difference.max(axis=2)
    return _palette("inferno")[np.minimum(GAIN * difference, 255)]


def bits_map(x: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """The bits of each block in color over the gray picture, (H, W, 3): dark few, bright many."""
    height, width = x.shape[:2]
    size = -(-height // bits.shape[0]), -(-width // bits.shape[1])
    shown = np.clip(255 * np.sqrt(bits / max(bits.max(), 1)), 0, 255).astype(np.uint8)
    blocks = np.repeat(np.repeat(shown, size[0], axis=0), size[1], axis=1)[:height, :width]
    gray = x if x.ndim == 2 else x.mean(axis=2)
    return (0.8 * _palette("cividis")[blocks] + 0.2 * gray[..., None]).astype(np.uint8)


def _palette(name: str) -> np.ndarray:
    import matplotlib

    return (matplotlib.colormaps[name](np.arange(256))[:, :3] * 255).round().astype(np.uint8)
