"""Marking submitted notebooks by what their functions do, whatever else the notebooks do."""

import asyncio
import csv
import io
import re
import secrets
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode

from lic_course import exercises
from lic_course.errors import LicError
from lic_course.exercises import recording
from lic_course.files import write_atomically
from lic_course.notebooks.rules import CHECK
from lic_course.notebooks.running import OwnKernel, environment

COLUMNS = "notebook exercise points max_points status cases_passed cases notebook_ran message"


@dataclass(frozen=True)
class Row:
    """One line of the table of marks: one exercise of one submitted notebook."""

    notebook: str
    exercise: str
    points: int
    max_points: int
    status: str
    cases_passed: int
    cases: int
    notebook_ran: str
    message: str


class _Marker(NotebookClient):
    """Runs all cells, drops what they print, and starts the record before the first of them."""

    prelude = ""

    def output(self, outs, msg, display_id, cell_index):
        return None

    async def async_execute_cell(self, cell, cell_index, *args, **options):
        if self.prelude:
            self.kc.execute(self.prelude, silent=True, store_history=False)
            self.prelude = ""
        return await super().async_execute_cell(cell, cell_index, *args, **options)


def grade(
    paths: Sequence[str | Path],
    output: str | Path = "marks.csv",
    seconds: int = 600,
    cell_seconds: int = 120,
    seed: int = 0,
) -> list[Row]:
    """Run each submitted notebook and write one row per notebook and exercise to the CSV `output`.

    Points are given for an exercise whose visible and hidden cases all pass, also when other cells
    of the notebook fail. A cell is interrupted after `cell_seconds`, a notebook ended after
    `seconds`. Hidden cases are drawn with `seed`. The notebooks run with your rights: use a machine
    or a container that they may not harm. Raises `LicError` when a path is no file.
    """
    for path in map(Path, paths):
        if not path.is_file():
            raise LicError(f"There is no notebook at {path}.")
    if Path(output).is_dir():
        raise LicError(f"{output} is a folder: name the file to write, such as marks.csv.")
    Path(output).parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for path in map(Path, paths):
        rows += _grade_one(path, seconds, cell_seconds, seed)
    write_atomically(output, _table(rows))
    return rows


def _grade_one(path: Path, seconds: int, cell_seconds: int, seed: int) -> list[Row]:
    try:
        nb = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        nbformat.validate(nb)
    except Exception:
        return _rows(path, _expected(path, ""), [], "not a notebook")
    code = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "code")
    with tempfile.TemporaryDirectory() as folder:
        record, nonce = Path(folder) / "record", secrets.token_hex(16)
        start = f"from lic_course.exercises import recording as _r\n_r.start({str(record)!r}, "
        prelude = f"{start}{nonce!r}, {seed})\ndel _r"
        ran = _run(nb, path.resolve().parent, prelude, folder, seconds, cell_seconds)
        marks = recording.read(record, nonce)
    return _rows(path, _expected(path, code), marks, ran)


def _run(
    nb: NotebookNode, folder: Path, prelude: str, scratch: str, seconds: int, cell_seconds: int
) -> str:
    """Run all cells, going on after errors, and say how that ended: "to the end" or why not."""
    client = _Marker(
        nb,
        kernel_name="python3",
        kernel_manager_class=OwnKernel,
        timeout=cell_seconds,
        interrupt_on_timeout=True,
        allow_errors=True,
        record_timing=False,
        store_widget_state=False,
        shutdown_kernel="immediate",
        resources={"metadata": {"path": str(folder)}},
    )
    client.prelude = prelude
    options = {
        "env": environment(scratch, LIC_GRADE="1"),
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }

    async def run() -> None:
        await asyncio.wait_for(client.async_execute(**options), seconds)

    start = time.monotonic()
    try:
        asyncio.run(run())
    except Exception as error:
        if time.monotonic() - start >= seconds:
            return f"stopped after {seconds} s"
        if isinstance(error, DeadKernelError):
            return "ended its kernel"
        return f"stopped by {type(error).__name__}"
    return "to the end"


def _expected(path: Path, code: str) -> list[exercises.Exercise]:
    """The exercises of the lessons that the notebook's checks or its file name belong to."""
    numbers = {exercise_id[:2] for exercise_id in CHECK.findall(code)}
    if match := re.match(r"\d\d(?=_)", path.name):
        numbers.add(match[0])
    return [one for number in sorted(numbers) for one in exercises.of_lesson(number).values()]


def _rows(
    path: Path, expected: list[exercises.Exercise], marks: list[recording.Mark], ran: str
) -> list[Row]:
    if not expected:
        return [Row(str(path), "", 0, 0, "no exercises found", 0, 0, ran, "")]
    return [_row(path, one, [m for m in marks if m.exercise == one.id], ran) for one in expected]


def _row(path: Path, one: exercises.Exercise, marks: list[recording.Mark], ran: str) -> Row:
    if not marks:
        return Row(str(path), one.id, 0, one.points, "not checked", 0, len(one.cases), ran, "")
    best = max(marks, key=lambda mark: (mark.status == "right", mark.passed))
    points = one.points if best.status == "right" else 0
    counts = best.passed, best.cases
    return Row(str(path), one.id, points, one.points, best.status, *counts, ran, best.message)


def _table(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = COLUMNS.split()
    writer.writerow(columns)
    writer.writerows([getattr(row, column) for column in columns] for row in rows)
    return text.getvalue().encode()
