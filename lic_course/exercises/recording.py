"""The record of checks that `lic grade` reads after it has run a submitted notebook.

The grader starts the record from outside, before the notebook's first cell, with a nonce that
signs each line; lines with another signature are ignored. This stops a notebook that writes results
of its own into the file, not a determined cheat: the notebook and its checks share one process.
"""

import hashlib
import hmac
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mark:
    """The result of one check: status "right", "wrong" or "not done", and the cases it passed."""

    exercise: str
    status: str
    passed: int
    cases: int
    message: str


@dataclass(frozen=True)
class _Record:
    path: Path
    nonce: bytes
    seed: int


_record: _Record | None = None


def start(path: str, nonce: str, seed: int = 0) -> None:
    """From now on add each check's result to the file `path`, signed with `nonce`."""
    global _record
    _record = _Record(Path(path), nonce.encode(), seed)


def grading() -> bool:
    """Whether checks use the hidden cases too: LIC_GRADE=1, or a record was started."""
    return _record is not None or os.environ.get("LIC_GRADE") == "1"


def seed() -> int:
    """The seed of the hidden cases."""
    return _record.seed if _record else 0


def add(mark: Mark) -> None:
    """Append one result to the record, if there is one."""
    if _record is None:
        return
    text = json.dumps(asdict(mark), ensure_ascii=False)
    with _record.path.open("a", encoding="utf-8") as file:
        file.write(_signature(text, _record.nonce) + " " + text + "\n")


def read(path: Path, nonce: str) -> list[Mark]:
    """The results in a record whose signature is right, in the order of the checks."""
    marks = []
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    for line in text.splitlines():
        signature, _, body = line.partition(" ")
        if hmac.compare_digest(signature.encode(), _signature(body, nonce.encode()).encode()):
            marks.append(Mark(**json.loads(body)))
    return marks


def _signature(text: str, nonce: bytes) -> str:
    return hmac.new(nonce, text.encode(), hashlib.sha256).hexdigest()
