"""Pictures: reading, writing, checking, color spaces, blocks, and the ones that need no download.

A picture is an array of `uint8`, `(height, width, 3)` sRGB or `(height, width)` gray, everywhere.
"""

import io
import os
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from lic_course.errors import UnsupportedImage
from lic_course.files import write_atomically

BUILTIN = {  # name: what it is, and its license; all ship inside scikit-image and scikit-learn
    "astronaut": "Eileen Collins, by NASA; public domain",
    "camera": "a man with a camera (gray), by Lav Varshney; CC0",
    "chelsea": "Chelsea the cat, by Stefan van der Walt; CC0",
    "coffee": "a cup of coffee, by Rachel Michetti; CC0",
    "china": "a Chinese temple (stored as JPEG before), by danielbuechele; CC BY 2.0",
    "flower": "a dahlia (stored as JPEG before), by vultilion; CC BY 2.0",
    "brick": "a brick wall (gray), by CC0Textures; CC0",
    "grass": "grass (gray), by linolafett; CC0",
    "gravel": "gravel (gray), by CC0Textures; CC0",
    "text": "printed text (gray), from Wikipedia; public domain",
}

# JFIF, full range BT.601: rows give Y, Cb and Cr from R, G and B.
RGB_TO_YCBCR = np.array(
    [
        [0.299, 0.587, 0.114],
        [-0.168735892, -0.331264108, 0.5],
        [0.5, -0.418687589, -0.081312411],
    ]
)
YCBCR_TO_RGB = np.linalg.inv(RGB_TO_YCBCR)


def check(image: np.ndarray) -> np.ndarray:
    """Return `image` as a contiguous array if it is a picture; else raise `UnsupportedImage`."""
    image = np.asarray(image)
    if image.dtype != np.uint8:
        raise UnsupportedImage(
            f"A picture has values of type uint8 from 0 to 255, not {image.dtype}: round, clip to "
            "0..255 and convert with .astype('uint8')."
        )
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise UnsupportedImage(
            f"A picture has the shape (height, width, 3) or (height, width), not {image.shape}."
        )
    if image.size == 0:
        raise UnsupportedImage(f"The picture is empty: its shape is {image.shape}.")
    return np.ascontiguousarray(image)


def read(source: str | os.PathLike | bytes) -> np.ndarray:
    """Read any picture that Pillow knows, from a path or from bytes, as 8-bit RGB or gray.

    The orientation of a camera is applied, transparency is laid on white, 16 bits become 8.
    Raises `UnsupportedImage` when the file is not a picture, `OSError` when it cannot be opened.
    """
    name = "The data" if isinstance(source, bytes) else str(source)
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return _to_array(ImageOps.exif_transpose(picture))
    except Image.DecompressionBombError as error:
        raise UnsupportedImage(f"{name} is too large to read at once: {error}") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise UnsupportedImage(f"{name} is not a picture that Pillow can read.") from error


def _to_array(picture: Image.Image) -> np.ndarray:
    if picture.mode.startswith(("I", "F")):
        values = np.asarray(picture, dtype=np.float64)
        scale = 257 if picture.mode.startswith("I") else 1
        return np.clip(np.rint(values / scale), 0, 255).astype(np.uint8)
    if picture.mode in ("1", "L"):
        return np.asarray(picture.convert("L"))
    if "A" in picture.mode or "transparency" in picture.info:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA"))
    return np.asarray(picture.convert("RGB"))


def write(path: str | os.PathLike, image: np.ndarray) -> None:
    """Write a picture losslessly as PNG, BMP, TIFF or PPM, whole or not at all."""
    suffix = Path(path).suffix.lower()
    formats = {".png": "PNG", ".bmp": "BMP", ".tif": "TIFF", ".tiff": "TIFF", ".ppm": "PPM"}
    if suffix not in formats:
        raise UnsupportedImage(
            f"A decoded picture is written without further loss: name it *.png (or "
            f"{', '.join(list(formats)[1:])}), not {Path(path).name!r}."
        )
    buffer = io.BytesIO()
    Image.fromarray(check(image)).save(buffer, formats[suffix])
    write_atomically(path, buffer.getvalue())


def to_png(image: np.ndarray, compress_level: int = 1) -> bytes:
    """PNG bytes of a picture, quickly: what the widgets send to the browser."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", compress_level=compress_level)
    return buffer.getvalue()


@cache
def builtin(name: str) -> np.ndarray:
    """A built-in picture by its name in `BUILTIN`, read-only; no network is needed."""
    if name not in BUILTIN:
        raise UnsupportedImage(f"There is no built-in picture {name!r}: take one of {[*BUILTIN]}.")
    if name in ("china", "flower"):
        from sklearn.datasets import load_sample_image

        image = load_sample_image(f"{name}.jpg")
    else:
        import skimage.data

        image = getattr(skimage.data, name)()
    image = check(image).copy()
    image.flags.writeable = False
    return image


def dead_leaves(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A synthetic picture (height, width, 3) of overlapping discs, with the statistics of photos.

    The radii follow a power law r^-3, so that the picture looks alike at every scale.
    Source: Lee, Mumford and Huang, "Occlusion models for natural images", IJCV 2001.
    """
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), 128, np.uint8)
    bare = np.ones((height, width), bool)
    left_bare, r_min, r_max = height * width, 3.0, max(height, width) / 2
    rows, columns = np.ogrid[:height, :width]
    while left_bare > 0.005 * height * width:  # the last pixels stay gray
        u = rng.random()
        r = 1 / np.sqrt(u / r_min**2 + (1 - u) / r_max**2)
        y, x = rng.uniform(-r, height + r), rng.uniform(-r, width + r)
        top, left = max(0, int(y - r)), max(0, int(x - r))
        box = (slice(top, int(y + r) + 2), slice(left, int(x + r) + 2))
        disc = (rows[box[0]] - y) ** 2 + (columns[:, box[1]] - x) ** 2 <= r * r
        disc &= bare[box]
        image[box][disc] = rng.integers(20, 236, 3)
        bare[box] &= ~disc
        left_bare -= np.count_nonzero(disc)
    return image


def rgb_to_ycbcr(rgb: np.ndarray) -> np.ndarray:
    """Luma and the two color differences of JFIF, these + 128: (..., 3) to float64 (..., 3)."""
    return np.asarray(rgb, np.float64) @ RGB_TO_YCBCR.T + [0, 128, 128]


def ycbcr_to_rgb(ycc: np.ndarray) -> np.ndarray:
    """The inverse of `rgb_to_ycbcr`, rounded and clipped to `uint8`."""
    rgb = (np.asarray(ycc, np.float64) - [0, 128, 128]) @ YCBCR_TO_RGB.T
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def pad_to_multiple(image: np.ndarray, multiple: int) -> np.ndarray:
    """Repeat the last row and column until both sides are multiples of `multiple`."""
    pad = [(0, -side % multiple) for side in image.shape[:2]] + [(0, 0)] * (image.ndim - 2)
    return np.pad(image, pad, mode="edge")


def to_blocks(plane: np.ndarray, size: int) -> np.ndarray:
    """Cut a plane (H, W) into blocks: (H / size, W / size, size, size); sides must be multiples."""
    height, width = plane.shape
    return plane.reshape(height // size, size, width // size, size).swapaxes(1, 2)


def from_blocks(blocks: np.ndarray) -> np.ndarray:
    """Put blocks together again: (rows, columns, n, n) to a plane (rows * n, columns * n)."""
    rows, columns, n, m = blocks.shape
    return blocks.swapaxes(1, 2).reshape(rows * n, columns * m)
