"""The source of a lesson and the editions it gives: cells, ids and metadata, without outputs."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from lic_course.errors import LicError
from lic_course.files import notebooks_dir

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
STUB = "return None  # your code here"
STUB_OUTSIDE = "...  # your code here"
REGION = re.compile(
    r"^([ \t]*)### BEGIN SOLUTION[ \t]*\n(.*?)^[ \t]*### END SOLUTION[ \t]*(\n|\Z)", re.M | re.S
)
_FILE_NAME = re.compile(r"(\d\d)_\w+")
_LINK = re.compile(r"""(\]\(|src="|href=")([^)"#\s:]+)(?=[)"#\s])""")


class LessonError(LicError):
    """A lesson's source cannot be built; the message names the lesson and the cell."""


@dataclass(frozen=True)
class Lesson:
    """One lesson: `folder` holds the learner's edition, `solutions/` and `src/` below it."""

    name: str
    folder: Path

    @property
    def number(self) -> str:
        """The two digits of the file name: "02"."""
        return self.name[:2]

    @property
    def source(self) -> Path:
        """The percent-format source, the only file of a lesson that people edit."""
        return self.folder / "src" / f"{self.name}.py"

    def path(self, solved: bool) -> Path:
        """Where the solved or the learner's edition is stored."""
        return (self.folder / "solutions" if solved else self.folder) / f"{self.name}.ipynb"


def find_lessons(names: Sequence[str] = (), folder: Path | None = None) -> list[Lesson]:
    """The lessons asked for, by number ("02"), name ("02_dct_jpeg") or path; all without names.

    Raises `LessonError` for a name without a source, or when there is no source at all.
    """
    folder = folder or notebooks_dir()
    known = [path.stem for path in sorted((folder / "src").glob("[0-9][0-9]_*.py"))]
    if not known:
        raise LessonError(f"There are no lessons in {folder / 'src'}: expected NN_name.py files.")
    chosen = []
    for name in names or known:
        stem = Path(name).stem
        matches = [one for one in known if stem in (one, one[:2])]
        if not matches:
            raise LessonError(f"There is no lesson {name!r}; the lessons are {', '.join(known)}.")
        chosen += [one for one in matches if one not in chosen]
    return [Lesson(name, folder) for name in chosen]


def read_source(lesson: Lesson) -> NotebookNode:
    """The source as a notebook with stable cell ids, its solution markers still inside."""
    if not _FILE_NAME.fullmatch(lesson.name):
        raise LessonError(f"Lesson {lesson.name}: name its source NN_name.py, with two digits.")
    text = lesson.source.read_text(encoding="utf-8")
    cells = jupytext.reads(text, fmt="py:percent").cells
    for cell, cell_id in zip(cells, _ids(cells, lesson), strict=True):
        _check_markers(cell, f"Lesson {lesson.name}, cell {cell_id}")
        cell.id = cell_id
        tags = cell.metadata.get("tags", [])
        cell.metadata = NotebookNode(tags=tags) if tags else NotebookNode()
    return notebook(cells)


def notebook(cells: Sequence[NotebookNode]) -> NotebookNode:
    """A notebook of these cells with the course's metadata."""
    metadata = nbformat.from_dict(METADATA)
    return NotebookNode(nbformat=4, nbformat_minor=5, metadata=metadata, cells=list(cells))


def edition(source: NotebookNode, solved: bool) -> NotebookNode:
    """The solved edition (markers removed) or the learner's (stubs, no cells tagged solution)."""
    cells = []
    for cell in source.cells:
        if not solved and "solution" in cell.metadata.get("tags", []):
            continue
        text = cell.source
        if cell.cell_type == "code":
            text = REGION.sub(r"\2", text) if solved else stubbed(text)
            text = text.rstrip()
        elif solved:
            text = _links_one_folder_down(text)
        cells.append(_cell(cell, text))
    return notebook(cells)


def stubbed(code: str) -> str:
    """The code with each solution region replaced by a stub that makes its function return None."""
    stub = REGION.sub(rf"\1{STUB}\3", code)
    try:
        compile(stub, "<cell>", "exec")
    except SyntaxError:
        return REGION.sub(rf"\1{STUB_OUTSIDE}\3", code)
    return stub


def _cell(cell: NotebookNode, text: str) -> NotebookNode:
    copy = NotebookNode(
        cell_type=cell.cell_type,
        id=cell.id,
        metadata=nbformat.from_dict(dict(cell.metadata)),
        source=text,
    )
    if cell.cell_type == "code":
        copy.update(execution_count=None, outputs=[])
    return copy


def _ids(cells: Sequence[NotebookNode], lesson: Lesson) -> list[str]:
    """Ids such as "02-zigzag-03": lesson, section, and the cell's place in its section.

    Counting within sections keeps the ids of all other sections when cells come or go.
    """
    section, ids, used = "title", [], Counter()
    for cell in cells:
        if cell.cell_type == "markdown" and (heading := re.match(r"## +(.+)", cell.source)):
            section = _slug(heading[1])
        used[section] += 1
        ids.append(f"{lesson.number}-{section}-{used[section]:02d}")
    return ids


def _slug(title: str) -> str:
    words = re.findall(r"[a-z0-9]+", title.lower())
    return "-".join(words)[:32].strip("-") or "section"


def _check_markers(cell: NotebookNode, where: str) -> None:
    begins, ends = (cell.source.count(f"### {word} SOLUTION") for word in ("BEGIN", "END"))
    if begins == ends == len(REGION.findall(cell.source)):
        return
    raise LessonError(
        f"{where}: each '### BEGIN SOLUTION' needs one '### END SOLUTION' after it, in code."
    )


def _links_one_folder_down(text: str) -> str:
    """Links to files other than lessons, as seen from the folder solutions/."""

    def adapt(match: re.Match) -> str:
        is_lesson = re.fullmatch(r"\d\d_\w+\.ipynb", match[2])
        return match[0] if is_lesson else f"{match[1]}../{match[2]}"

    return _LINK.sub(adapt, text)
