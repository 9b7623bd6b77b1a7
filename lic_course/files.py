"""Where the course keeps its files, and how it writes them without ever leaving half of one."""

import os
import tempfile
from pathlib import Path

from lic_course.errors import LicError

ROOT = Path(__file__).resolve().parent.parent


def _folder(name: str, variable: str) -> Path:
    folder = Path(os.environ.get(variable, ROOT / name))
    if not folder.is_dir():
        raise LicError(
            f"The course's folder {name}/ is missing at {folder}: run from a complete clone of the "
            f"project, or set {variable} to where it is."
        )
    return folder


def data_dir() -> Path:
    """The folder `data/` of the project; the environment variable LIC_DATA overrides it."""
    return _folder("data", "LIC_DATA")


def notebooks_dir() -> Path:
    """The folder `notebooks/` of the project; the variable LIC_NOTEBOOKS overrides it."""
    return _folder("notebooks", "LIC_NOTEBOOKS")


def write_atomically(path: str | os.PathLike, data: bytes) -> None:
    """Write `data` beside `path`, then rename: a reader sees the old file or the new one, whole.

    Raises `OSError` when the folder does not exist, is not writable or is full; the old file stays.
    """
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
