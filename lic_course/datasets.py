"""Pictures by the set: public data sets by name, local folders, the built-in ones, random crops.

A public set is fetched once into the cache folder (LIC_CACHE overrides where that is), and every
file is checked against its SHA-256 (see `dataset_registry`) before it is used. Copies that you have
already save the download: put them, as they were published, into folders named like the sets, and
set LIC_DATASETS to the folder above.
"""

import hashlib
import importlib.util
import io
import os
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lic_course import images
from lic_course.dataset_registry import DATASETS, DataSet, File
from lic_course.errors import LicError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".avif")


@dataclass(frozen=True)
class Picture:
    """A picture of a set: its name, and the function that reads it when it is needed."""

    name: str
    load: Callable[[], np.ndarray]  # gives uint8, (H, W, 3) or (H, W)


def cache_dir() -> Path:
    """Where fetched sets are kept: LIC_CACHE if that is set, else the user's cache folder."""
    import pooch

    return Path(os.environ.get("LIC_CACHE") or pooch.os_cache("lic_course"))


def find(name: str) -> Path | None:
    """The folder that already holds every file of a public set, checked, or None: no network.

    A copy under LIC_DATASETS comes before the cache. Raises `LicError` for an unknown name and for
    a file that is there but is not the published one.
    """
    files = _entry(name).files
    parents = [Path(os.environ["LIC_DATASETS"])] if os.environ.get("LIC_DATASETS") else []
    for folder in (parent / name for parent in (*parents, cache_dir())):
        if all((folder / file.name).is_file() for file in files):
            for file in files:
                _check(folder / file.name, file.sha256)
            return folder
    return None


def fetch(name: str, progress: bool = True) -> Path:
    """The folder with the files of a public set, downloaded first if they are nowhere here.

    A file appears under its name only when it is whole and its hash is right. Raises `LicError`
    when there is no such set, no network, or the server sends something else.
    """
    folder = find(name)
    if folder is None:
        folder = cache_dir() / name
        _download(_entry(name), folder, progress)
    return folder


def pictures(source: str | os.PathLike) -> list[Picture]:
    """The pictures of a set in the order of their names.

    source: "builtin", the name of a public set (see `DATASETS`), or any folder of pictures.
    Raises `LicError` when it is none of them.
    """
    if source == "builtin":
        return [Picture(name, lambda name=name: images.builtin(name)) for name in images.BUILTIN]
    if source == "indian-pines":
        raise LicError(
            "indian-pines is a spectral cube, not a set of pictures: read it with "
            "lic_course.datasets.indian_pines()."
        )
    if source in DATASETS:
        return _public(DATASETS[source])
    if not Path(source).is_dir():
        raise LicError(
            f"There is no data set and no folder {str(source)!r}: take a folder of pictures, or "
            f"one of builtin, {', '.join(DATASETS)}."
        )
    return open_folder(source)


def open_folder(folder: str | os.PathLike) -> list[Picture]:
    """All pictures in a folder and the folders below it, by path; other files are left out.

    A picture's name is its path in the folder without the suffix, unless two pictures differ only
    there. Raises `LicError` when there is no picture.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise LicError(f"There is no folder {str(folder)!r}.")
    paths = {
        path.relative_to(folder): path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and path.is_file()
    }
    visible = sorted(key for key in paths if not any(part[0] == "." for part in key.parts))
    if not visible:
        raise LicError(f"The folder {str(folder)!r} has no pictures ({', '.join(SUFFIXES)}).")
    short = [key.with_suffix("").as_posix() for key in visible]
    return [
        Picture(
            name if short.count(name) == 1 else key.as_posix(),
            lambda path=paths[key]: images.read(path),
        )
        for name, key in zip(short, visible, strict=True)
    ]


def fingerprint(chosen: Iterable[Picture]) -> str:
    """SHA-256 (16 hex digits) of the names and pixels of some pictures: which set was this."""
    digest = hashlib.sha256()
    for picture in chosen:
        image = picture.load()
        digest.update(f"{picture.name} {image.shape}\n".encode())
        digest.update(image.tobytes())
    return digest.hexdigest()[:16]


def crops(chosen: Sequence[Picture], size: int, count: int, seed: int = 0) -> np.ndarray:
    """Random square crops, (count, size, size, 3) uint8; gray pictures give three equal channels.

    Each crop comes from a picture drawn at random among those that are large enough; the same
    seed gives the same crops. Raises `LicError` when every picture is smaller than `size`.
    """
    rng = np.random.default_rng(seed)
    large = [image for p in chosen if min((image := p.load()).shape[:2]) >= size]
    if not large:
        raise LicError(f"No picture has {size}×{size} pixels: take smaller crops.")
    result = np.empty((count, size, size, 3), np.uint8)
    for crop in result:
        image = large[rng.integers(len(large))]
        top, left = (int(rng.integers(side - size + 1)) for side in image.shape[:2])
        crop[...] = np.atleast_3d(image)[top : top + size, left : left + size]
    return result


def indian_pines() -> tuple[np.ndarray, np.ndarray]:
    """The Indian Pines cube, (145, 145, 200) uint16, and its labels, (145, 145) uint8 from 0 to 16.

    Taken from the package tensorly when that is installed, otherwise fetched.
    Source: Baumgardner, Biehl and Landgrebe, Purdue University Research Repository, 2015.
    """
    spec = importlib.util.find_spec("tensorly")  # finds the package without importing it
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "datasets" / "data"
    else:
        folder = fetch("indian-pines")
    cube, labels = (_read_array(folder, file) for file in DATASETS["indian-pines"].files)
    return cube, labels


def _read_array(folder: Path, file: File) -> np.ndarray:
    data = (folder / file.name).read_bytes()
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise LicError(
            f"{file.name} of the installed package tensorly is not the published file: install "
            "tensorly 0.10, or uninstall it to have the data fetched."
        )
    return np.load(io.BytesIO(data))


def _entry(name: str) -> DataSet:
    if name not in DATASETS:
        raise LicError(f"There is no data set {name!r}: take one of {', '.join(DATASETS)}.")
    return DATASETS[name]


def _public(entry: DataSet) -> list[Picture]:
    folder = fetch(entry.name)
    if entry.files[0].name.endswith(".zip"):
        return _open_archive(folder / entry.files[0].name)
    return [
        Picture(Path(file.name).stem, lambda path=folder / file.name: images.read(path))
        for file in entry.files
    ]


def _open_archive(path: Path) -> list[Picture]:
    """The pictures inside a zip file; they are read from it without unpacking it."""
    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if _is_picture(name)]
    return [
        Picture(Path(name).stem, lambda name=name: _read_member(path, name))
        for name in sorted(members)
    ]


def _is_picture(member: str) -> bool:
    return member.lower().endswith(SUFFIXES) and not member.startswith("__MACOSX")


def _read_member(path: Path, name: str) -> np.ndarray:
    with zipfile.ZipFile(path) as archive:
        return images.read(archive.read(name))


def _check(path: Path, sha256: str) -> None:
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise LicError(
            f"{path} is not the published file (its SHA-256 begins with {found[:12]}, not "
            f"{sha256[:12]}): remove it, and it will be fetched again."
        )


def _download(entry: DataSet, folder: Path, progress: bool) -> None:
    import pooch
    from tqdm.auto import tqdm

    one = len(entry.files) == 1
    downloader = pooch.HTTPDownloader(progressbar=progress and one, chunk_size=2**18)
    bar = tqdm(entry.files, desc=f"fetching {entry.name}", disable=one or not progress)
    pooch.get_logger().setLevel("ERROR")
    for file in bar:
        try:
            pooch.retrieve(
                file.url, f"sha256:{file.sha256}", file.name, folder, downloader=downloader
            )
        except ValueError:
            raise LicError(
                f"{file.url} does not send the published file of {entry.name!r} any more (its hash "
                f"is another), so nothing was kept: see {entry.source}."
            ) from None
        except OSError as error:  # requests' errors are OSErrors, like a full disk
            raise LicError(
                f"The data set {entry.name!r} could not be fetched from {file.url} "
                f"({type(error).__name__}): connect to the network, or put a copy into a folder "
                f"{entry.name}/ and set LIC_DATASETS to the folder above it."
            ) from error
