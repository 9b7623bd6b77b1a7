"""Files of weights: NAME.safetensors with the arrays, NAME.json with the card that explains them.

Nothing that is loaded can run code: safetensors holds numbers only. The fingerprint of a file, the
first 8 bytes of the SHA-256 of its arrays, is written into every picture coded with it.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from lic_course.errors import BitstreamError, LicError
from lic_course.files import data_dir, write_atomically


@dataclass(frozen=True)
class Weights:
    """The arrays of a file by name, its card, and its fingerprint (8 bytes)."""

    arrays: dict[str, np.ndarray]
    card: dict
    fingerprint: bytes


def fingerprint(arrays: dict[str, np.ndarray]) -> bytes:
    """First 8 bytes of the SHA-256 over names, types, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
        digest.update(array.tobytes())
    return digest.digest()[:8]


def path_of(name: str) -> Path:
    """Where the weights of a name are, or would be."""
    return data_dir() / "weights" / f"{name}.safetensors"


def store(path: Path, arrays: dict[str, np.ndarray], card: dict) -> None:
    """Write arrays and card beside each other, each whole or not at all."""
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    card = card | {"fingerprint": fingerprint(arrays).hex()}
    write_atomically(path, save(arrays))
    text = json.dumps(card, indent=1, ensure_ascii=False)
    write_atomically(path.with_suffix(".json"), (text + "\n").encode())


def load(path: Path) -> Weights:
    """Read weights and card; LicError when they are missing or do not belong together."""
    if not path.is_file() or not path.with_suffix(".json").is_file():
        raise LicError(
            f"The weights {path.name} or their card are missing in {path.parent}: get a complete "
            "copy of the project, or train them with `lic train`."
        )
    try:
        arrays = load_file(path)
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except (SafetensorError, ValueError) as error:
        raise BitstreamError(f"The weights {path.name} are damaged: get them again.") from error
    found = fingerprint(arrays)
    if not isinstance(card, dict) or found.hex() != card.get("fingerprint"):
        raise BitstreamError(
            f"The weights {path.name} and their card do not belong together: get both again."
        )
    return Weights(arrays, card, found)
