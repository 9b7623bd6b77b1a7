"""Three tables that were known before this code was written, and what this code measures.

python -m lic_course.classical.known_tables                 prints the stored comparison
python -m lic_course.classical.known_tables --table f-transform    measures a table again

The known numbers are those of another implementation of the same methods, made earlier and
independently with NumPy, scikit-learn and OpenJPEG. Where they differ:

- f-transform: by 0.04 dB at most. The table left its pictures unrounded and unclipped; here they
  are what a decoder shows, whole gray levels from 0 to 255. Without that, the digits are the same.
- codebooks: by 0.1 dB at most, from the random starts of fuzzy c-means and the rounding of LBG.
- spectral: by 0.12 dB with PCA, by 0.25 dB without. Files of equal size are compared, means and
  axes included, but sizes are met within a percent only, and axes cost less here than the 32-bit
  floats of the table. Its PCA + DCT was an entropy estimate; here it is a file.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import click
import numpy as np

from lic_course import datasets, evaluate, images, metrics
from lic_course.classical import codebooks, fuzzy_levels, spectral
from lic_course.classical.fuzzy_partition import (
    direct,
    direct_f1,
    inverse,
    inverse_f1,
    partition,
)
from lic_course.errors import LicError
from lic_course.files import data_dir, write_atomically

# PSNR of the camera picture, by block size, nodes and shape: one level with components of 8 bits,
# then two to five levels without rounding, their limit (least squares), and the F1-transform.
F_TRANSFORM = {
    (16, 3, "triangular"): (23.28, 24.03, 24.28, 24.39, 24.44, 24.51, 25.35),
    (16, 3, "cosine"): (23.70, 24.28, 24.41, 24.45, 24.46, 24.47, 25.83),
    (8, 2, "triangular"): (24.23, 25.11, 25.48, 25.63, 25.70, 25.79, 27.04),
    (8, 2, "cosine"): (24.86, 25.64, 25.84, 25.90, 25.93, 25.94, 27.53),
    (8, 3, "triangular"): (26.54, 27.58, 27.89, 28.02, 28.08, 28.14, 29.49),
    (8, 3, "cosine"): (26.97, 27.77, 27.92, 27.97, 27.98, 27.99, 30.07),
    (4, 2, "triangular"): (28.13, 29.18, 29.48, 29.57, 29.60, 29.63, 32.77),
    (4, 2, "cosine"): (28.49, 29.38, 29.57, 29.61, 29.62, 29.63, 33.09),
    (3, 2, "triangular"): (30.83, 31.97, 32.17, 32.21, 32.22, 32.23, 41.15),
}
# The same with one partition of the whole picture: one level, and the limit.
WHOLE_PICTURE = {128: (25.11, 26.67), 171: (26.38, 28.24), 256: (28.37, 30.50)}
# PSNR of the camera picture in blocks of 4 x 4, and the entropy of the indices in bits per pixel,
# by method and number of codewords; a number is the m of fuzzy c-means.
CODEBOOKS = {
    ("LBG", 64): (27.67, 0.324),
    ("LBG", 256): (29.58, 0.434),
    ("k-means", 64): (27.84, 0.301),
    ("k-means", 256): (29.86, 0.401),
    (1.1, 64): (27.65, 0.326),
    (1.25, 64): (27.23, 0.339),
    (1.25, 256): (28.85, 0.451),
    (1.5, 64): (26.24, 0.347),
    (2.0, 64): (25.29, 0.353),
}
# SNR in dB of Indian Pines, by method, components, clusters, and bits per pixel and band.
SPECTRAL = {
    ("j2k", None, 1, 0.795): 26.83,
    ("j2k", None, 1, 1.296): 32.00,
    ("j2k", None, 1, 1.850): 36.89,
    ("pca-j2k", 4, 1, 0.079): 23.57,
    ("pca-j2k", 8, 1, 0.168): 25.43,
    ("pca-j2k", 16, 1, 0.351): 28.44,
    ("pca-j2k", 32, 1, 0.724): 32.66,
    ("pca-j2k", 60, 1, 1.293): 38.56,
    ("pca-j2k", 8, 2, 0.195): 26.63,
    ("pca-j2k", 8, 4, 0.230): 27.69,
    ("pca-j2k", 8, 8, 0.292): 28.76,
    ("pca-j2k", 4, 4, 0.117): 25.19,
    ("pca-j2k", 16, 4, 0.503): 31.24,
    ("pca-dct", 8, 1, 0.164): 25.43,
    ("pca-dct", 16, 1, 0.336): 28.43,
    ("pca-dct", 32, 1, 0.700): 32.65,
}


@dataclass(frozen=True)
class Entry:
    """One number of a table, as it was known and as it is measured here."""

    name: str
    known: float  # dB, or bits per pixel where the name says so
    measured: float


def f_transform_entries() -> Iterator[Entry]:
    """The F-transform of the camera picture, in blocks and as a whole."""
    image = images.builtin("camera")
    names = "one level", *(f"{n} levels" for n in range(2, 6)), "least squares", "F1"
    for (block, n, shape), known in F_TRANSFORM.items():
        A = partition(block, n, shape)
        for name, number, inverted in zip(names, known, _inverses(A), strict=True):
            plane = fuzzy_levels.in_blocks(image.astype(float), block, inverted)
            yield Entry(f"{block} to {n} {shape}, {name}", number, _psnr(image, plane))
    for n, known in WHOLE_PICTURE.items():
        one_level, *_, least_squares, _ = _inverses(partition(512, n))
        for name, number, inverted in zip(
            ("one level", "least squares"), known, (one_level, least_squares), strict=True
        ):
            plane = inverted(image.astype(float))
            yield Entry(f"whole picture to {n}, {name}", number, _psnr(image, plane))


def _inverses(A: np.ndarray) -> list[Callable[[np.ndarray], np.ndarray]]:
    """What remains of pictures after the transforms of one row of `F_TRANSFORM`."""

    def levels(count: int) -> Callable[[np.ndarray], np.ndarray]:
        return lambda f: inverse(fuzzy_levels.collapse(f, A, A, count), A, A)

    return [
        lambda f: inverse(np.rint(direct(f, A, A)), A, A),
        *map(levels, range(2, 6)),
        lambda f: inverse(fuzzy_levels.least_squares(f, A, A), A, A),
        lambda f: inverse_f1(direct_f1(f, A, A), A, A),
    ]


def _psnr(image: np.ndarray, plane: np.ndarray) -> float:
    return metrics.psnr(image, np.clip(np.rint(plane), 0, 255).astype(np.uint8))


def codebook_entries() -> Iterator[Entry]:
    """Codebooks of the blocks of the camera picture."""
    tiles = images.to_blocks(images.builtin("camera"), 4).reshape(-1, 16)
    for (method, K), (psnr, entropy) in CODEBOOKS.items():
        Y = codebooks.to_codebook(_train(tiles.astype(float), method, K)).astype(float)
        name = f"{method if isinstance(method, str) else f'fuzzy, m = {method}'}, K = {K}"
        error = codebooks.distortion(tiles.astype(float), Y)
        yield Entry(name, psnr, float(10 * np.log10(255**2 / error)))
        share = np.bincount(codebooks.nearest(tiles, Y)) / len(tiles)
        bits = -np.sum(share[share > 0] * np.log2(share[share > 0])) / 16
        yield Entry(f"{name}, bits per pixel", entropy, float(bits))


def _train(X: np.ndarray, method: str | float, K: int) -> np.ndarray:
    if method == "LBG":
        return codebooks.lbg(X, K)
    if method == "k-means":
        return codebooks.k_means(X, K)
    return codebooks.fuzzy_c_means(X, K, method)


def spectral_entries() -> Iterator[Entry]:
    """Indian Pines at the rates of the table."""
    cube, _ = datasets.indian_pines()
    for (method, K, clusters, bits), known in SPECTRAL.items():
        data = _at_rate(cube, method, K, clusters, bits)
        name = f"{method}, K = {K}, {clusters} clusters, {bits} bits"
        yield Entry(name, known, spectral.snr(cube, spectral.decode_cube(data)))


def _at_rate(cube: np.ndarray, method: str, K: int | None, clusters: int, bits: float) -> bytes:
    """The finest file of at most so many bits per pixel and band, by bisection of the error."""
    fine, coarse, found = 1.0, 7.0, b""  # logarithms of the target error
    for _ in range(8):
        middle = (fine + coarse) / 2
        data = spectral.encode_cube(cube, method, K, 2**middle, clusters)
        if spectral.bits_per_sample(data, cube) <= bits:
            coarse, found = middle, data
        else:
            fine = middle
    return found


def _camera() -> datasets.Picture:
    return datasets.Picture("camera", lambda: images.builtin("camera"))


def _indian_pines() -> datasets.Picture:
    return datasets.Picture("indian-pines", lambda: datasets.indian_pines()[0])


TABLES = {
    "f-transform": (f_transform_entries, _camera),
    "codebooks": (codebook_entries, _camera),
    "spectral": (spectral_entries, _indian_pines),
}


def measure(table: str) -> None:
    """Measure a table of `TABLES` and store it, with its provenance, in data/results/classical."""
    entries, picture = TABLES[table]
    command = f"python -m lic_course.classical.known_tables --table {table}"
    made = evaluate.provenance([picture()], command)
    rows = [asdict(Entry(e.name, e.known, round(e.measured, 3))) for e in entries()]
    text = json.dumps({"provenance": asdict(made), "entries": rows}, indent=1, ensure_ascii=False)
    path = data_dir() / "results" / "classical" / f"{table}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, f"{text}\n".encode())


def stored(table: str) -> list[Entry]:
    """What was measured of a table; raises `LicError` when nothing was."""
    path = data_dir() / "results" / "classical" / f"{table}.json"
    if not path.is_file():
        raise LicError(f"The table {table!r} has not been measured yet: use --table {table}.")
    return [Entry(**row) for row in json.loads(path.read_text("utf-8"))["entries"]]


@click.command(help=__doc__)
@click.option("--table", "again", type=click.Choice([*TABLES]), help="Measure it again.")
def main(again: str | None) -> None:
    """Print the stored tables: known, measured, difference."""
    if again is not None:
        measure(again)
    for table in [again] if again else TABLES:
        click.echo(f"{table}: known, measured here, difference")
        for entry in stored(table):
            numbers = f"{entry.known:7.3f} {entry.measured:7.3f}"
            click.echo(f"  {entry.name:42} {numbers} {entry.measured - entry.known:+7.3f}")


if __name__ == "__main__":
    main()
