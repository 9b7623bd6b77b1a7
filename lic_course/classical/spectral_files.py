"""Spectral cubes between `.npy` and `.lic` files, for `lic encode` and `lic decode`."""

import io
from pathlib import Path

import numpy as np

from lic_course.classical import spectral
from lic_course.errors import LicError, UnsupportedImage
from lic_course.files import write_atomically


def read_cube(path: Path) -> np.ndarray:
    """Read a cube (height, width, bands) uint16 from a .npy file; `UnsupportedImage` otherwise."""
    try:
        cube = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise UnsupportedImage(f"{path} is not a .npy file that NumPy can read.") from error
    return spectral.check_cube(cube)


def encode_file(path: Path, output: Path, quality: float | None) -> str:
    """Code the cube in a .npy file into a .lic file, by PCA and JPEG 2000; says what it wrote.

    quality: 1 to 100, 75 when None (see `spectral.error_of`).
    """
    quality = 75.0 if quality is None else quality
    if not 1 <= quality <= 100:
        raise LicError(f"The quality goes from 1 (smallest file) to 100 (best), not {quality:g}.")
    cube = read_cube(path)
    data = spectral.encode_cube(cube, error=spectral.error_of(cube, quality))
    write_atomically(output, data)
    return f"{output}: {len(data)} bytes ({spectral.bits_per_sample(data, cube):.3f} bits a sample)"


def decode_file(path: Path, output: Path, max_samples: int | None) -> str:
    """Decode the cube in a .lic file into a .npy file; says what it wrote."""
    cube = spectral.decode_cube(path.read_bytes(), max_samples or spectral.MAX_SAMPLES)
    buffer = io.BytesIO()
    np.save(buffer, cube)
    write_atomically(output, buffer.getvalue())
    return f"{output}: {'×'.join(map(str, cube.shape))} samples"
