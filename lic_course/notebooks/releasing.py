"""Assignments for a class: with nbgrader's metadata, or to hand out as they are."""

import re
from collections.abc import Sequence
from pathlib import Path

from nbformat import NotebookNode

from lic_course import exercises
from lic_course.files import write_atomically
from lic_course.notebooks.building import to_bytes
from lic_course.notebooks.lesson import (
    STUB_OUTSIDE,
    Lesson,
    LessonError,
    find_lessons,
    notebook,
    read_source,
    stubbed,
)
from lic_course.notebooks.rules import CHECK

_SCHEMA = {"schema_version": 3, "task": False}
_CONFIG = f'''"""Settings for nbgrader: the stub that replaces each solution."""

c = get_config()  # noqa: F821
c.ClearSolutions.code_stub = {{"python": "{STUB_OUTSIDE}"}}
'''


def release(
    names: Sequence[str] = (), output: str | Path = "assignments", folder: Path | None = None
) -> list[str]:
    """Write assignments for the lessons `names` below `output` and return the paths written.

    `output/source/NAME/NAME.ipynb` has solutions and hidden tests between nbgrader's markers, for
    `nbgrader generate_assignment NAME`; `output/release/NAME/NAME.ipynb` has neither and can be
    handed out without nbgrader. Raises `LessonError` when a lesson has no exercises.
    """
    written = []
    for lesson in find_lessons(names, folder):
        source = _source(lesson)
        for kind, nb in (("source", source), ("release", _released(source))):
            path = Path(output) / kind / lesson.name / f"{lesson.name}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, to_bytes(nb))
            written.append(str(path))
    config = Path(output) / "nbgrader_config.py"
    write_atomically(config, _CONFIG.encode())
    return [*written, str(config)]


def _source(lesson: Lesson) -> NotebookNode:
    cells = [
        _with_metadata(cell)
        for cell in read_source(lesson).cells
        if "solution" not in cell.metadata.get("tags", [])
    ]
    if not any(cell.metadata.get("nbgrader", {}).get("grade") for cell in cells):
        raise LessonError(f"Lesson {lesson.name} has no exercises.check(...) to give points for.")
    return notebook(cells)


def _with_metadata(cell: NotebookNode) -> NotebookNode:
    if cell.cell_type != "code":
        return cell
    cell.outputs, cell.execution_count = [], None
    found = CHECK.findall(cell.source)
    if found:
        points = sum(exercises.get(exercise_id).points for exercise_id in found)
        cell.source += _hidden_tests(cell.source)
        cell.metadata["nbgrader"] = _SCHEMA | {
            "grade": True,
            "grade_id": f"check-{cell.id}",
            "locked": True,
            "points": points,
            "solution": False,
        }
    elif "### BEGIN SOLUTION" in cell.source:
        cell.metadata["nbgrader"] = _SCHEMA | {
            "grade": False,
            "grade_id": f"answer-{cell.id}",
            "locked": False,
            "solution": True,
        }
    return cell


def _hidden_tests(code: str) -> str:
    """Each check again as a test that raises: nbgrader gives points when nothing is raised."""
    calls = re.findall(r"^[ \t]*exercises\.check\(.*\)[ \t]*$", code, re.M)
    tests = [line.strip().replace("exercises.check(", "exercises.require(") for line in calls]
    return "\n".join(["", "### BEGIN HIDDEN TESTS", *tests, "### END HIDDEN TESTS"])


def _released(source: NotebookNode) -> NotebookNode:
    hidden = re.compile(r"\n### BEGIN HIDDEN TESTS.*### END HIDDEN TESTS", re.S)
    cells = []
    for cell in source.cells:
        copy = NotebookNode(cell)
        if cell.cell_type == "code":
            copy.source = hidden.sub("", stubbed(cell.source)).rstrip()
        cells.append(copy)
    return notebook(cells)
