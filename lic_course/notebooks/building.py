"""Building lessons: both editions of each, executed and stored, or compared with the source."""

import time
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from lic_course.files import write_atomically
from lic_course.notebooks.lesson import (
    METADATA,
    Lesson,
    LessonError,
    edition,
    find_lessons,
    read_source,
)
from lic_course.notebooks.rules import broken_rules
from lic_course.notebooks.running import CellFailed, execute

EDITIONS = {False: "learner's edition", True: "solved edition"}


def build(names: Sequence[str] = (), check: bool = False, folder: Path | None = None) -> list[str]:
    """Build both editions of the lessons `names` (all by default) and return lines to print.

    With `check` nothing is run or written: the lines tell where the stored notebooks differ from
    their sources, and no line means that all is well. Without it, each edition is executed and
    both are written together, one line each, with a line for each broken rule of CONTRIBUTING.md.

    Raises `LessonError` with one sentence that names lesson, cell and error when a cell fails; the
    stored notebooks then stay as they were.
    """
    lines = []
    for lesson in find_lessons(names, folder):
        lines += _differences(lesson) if check else _build_one(lesson)
    return lines


def _build_one(lesson: Lesson) -> list[str]:
    source = read_source(lesson)
    lines, written = [], {}
    for solved in EDITIONS:
        start = time.perf_counter()
        nb = _executed(edition(source, solved), lesson, solved)
        written[lesson.path(solved)] = data = to_bytes(nb)
        seconds = time.perf_counter() - start
        lines.append(f"{lesson.path(solved)}: {len(data) / 1000:.0f} kB, {seconds:.0f} s")
    for path, data in written.items():
        write_atomically(path, data)
    return lines + [f"  rule: {words}" for words in broken_rules(lesson)]


def to_bytes(nb: NotebookNode) -> bytes:
    """The notebook as it is stored: sorted keys, one space of indentation, UTF-8."""
    nbformat.validate(nb)
    return (nbformat.writes(nb) + "\n").encode()


def _executed(nb: NotebookNode, lesson: Lesson, solved: bool) -> NotebookNode:
    path = lesson.path(solved)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return execute(nb, path.parent)
    except CellFailed as error:
        raise LessonError(
            f"Lesson {lesson.name}, {EDITIONS[solved]}, cell {nb.cells[error.index].id}: "
            f"{error.reason}. The stored notebooks were left as they were."
        ) from None


def _differences(lesson: Lesson) -> list[str]:
    source = read_source(lesson)
    lines = []
    for solved in EDITIONS:
        path = lesson.path(solved)
        if not path.exists():
            lines.append(f"{path} is missing: run lic build {lesson.number}")
            continue
        try:
            stored = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        except Exception:
            lines.append(f"{path} is not a notebook: run lic build {lesson.number}")
            continue
        words = _first_difference(stored, edition(source, solved))
        lines += [f"{path}: {words}: run lic build {lesson.number}"] if words else []
    return lines


def _first_difference(stored: NotebookNode, wanted: NotebookNode) -> str:
    if stored.metadata != METADATA or stored.nbformat_minor != 5:
        return "the notebook's metadata differ from what the builder writes"
    for mine, source in zip(stored.cells, wanted.cells, strict=False):
        for part in ("id", "cell_type", "source", "metadata"):
            if mine.get(part) != source[part]:
                return f"cell {source.id} differs from the source in its {part}"
    if len(stored.cells) != len(wanted.cells):
        return f"it has {len(stored.cells)} cells, the source gives {len(wanted.cells)}"
    return ""
