"""What every lesson keeps to, so that all of them read alike and run everywhere.

`broken_rules(lesson)` gives one sentence for each broken rule. The rules are grouped by what they
look at: the source's text, the cells, the order of the sections, and what a stored notebook holds.
"""

import re
import statistics
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from lic_course.notebooks.lesson import METADATA, Lesson, read_source
from lic_course.notebooks.terms import unwanted_words

BEFORE = ("By the end you can", "Set-up")
AFTER = (
    "Break it once",
    "From picture to bytes and back",
    "The growing figure",
    "Bitrate explorer",
    "Full resolution",
    "Exercises",
    "Check yourself",
    "What the survey says, and what we measured",
    "In three sentences",
    "References",
)
SECTIONS = BEFORE + AFTER
START_SECTIONS = (*BEFORE, "From picture to bytes and back", "Bitrate explorer", "Exercises")
OWN_SECTIONS = range(3, 6)
TAGS = ("parameters", "solution", "nbval-ignore-output", "nbval-check-output")

LONGEST_CODE_CELL = 20
MEDIAN_CODE_CELL = 6
LONGEST_SETUP = 6
LONGEST_LINE = 88
MOST_WORDS = 120
MOST_BYTES = 1_000_000
MOST_SOURCE_LINES = 700

CHECK = re.compile(r"\bexercises\.check\(\s*[\"']([^\"']+)[\"']")


def broken_rules(lesson: Lesson) -> list[str]:
    """One sentence for each rule that the source or a stored edition of the lesson breaks."""
    found = [f"src/{lesson.name}.py: {words}" for words in in_source(lesson)]
    for solved in (False, True):
        path = lesson.path(solved)
        where = path.relative_to(lesson.folder)
        if not path.exists():
            found.append(f"{where}: it is missing")
            continue
        nb = stored(path)
        rules = (*in_cells(nb), *in_sections(nb, lesson.number), *in_outputs(nb))
        found += [f"{where}: {words}" for words in (*rules, *in_file(path, nb))]
    return found


def stored(path: Path) -> NotebookNode:
    """The notebook stored at `path`."""
    return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)


def in_source(lesson: Lesson) -> Iterator[str]:
    """Rules of the source: length, spelling, cells that are neither code nor Markdown."""
    text = lesson.source.read_text(encoding="utf-8")
    if text.count("\n") > MOST_SOURCE_LINES:
        yield f"it has over {MOST_SOURCE_LINES} lines"
    for number, line in enumerate(text.splitlines(), 1):
        for words in unwanted_words(line):
            yield f"line {number}: {words}"
    for cell in read_source(lesson).cells:
        if cell.cell_type not in ("code", "markdown"):
            yield f"cell {cell.id}: only code and Markdown cells"
        if not cell.source.strip():
            yield f"cell {cell.id} is empty"


def code_cells(nb: NotebookNode) -> list[NotebookNode]:
    """The code cells of a notebook."""
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def in_cells(nb: NotebookNode) -> Iterator[str]:
    """Rules of single cells: lengths, tags, and code that would not run everywhere."""
    lengths = []
    for cell in nb.cells:
        for tag in cell.metadata.get("tags", []):
            if tag not in TAGS:
                yield f"cell {cell.id}: the tag {tag!r} is not one of {', '.join(TAGS)}"
        if cell.cell_type == "code":
            lengths.append(len(cell.source.splitlines()))
            yield from (f"cell {cell.id}: {words}" for words in _in_code(cell.source))
        else:
            yield from (f"cell {cell.id}: {words}" for words in _in_prose(cell.source))
    if lengths and statistics.median(lengths) >= MEDIAN_CODE_CELL:
        yield f"the median code cell has {statistics.median(lengths):g} lines, under 6 are wanted"


def _in_prose(text: str) -> Iterator[str]:
    if (words := word_count(text)) > MOST_WORDS:
        yield f"{words} words, at most {MOST_WORDS}"
    for line in text.splitlines():
        if re.match(r"\s*\d{3,}\.(\s|$)", line):
            yield f"a line that begins with a number and a period becomes a list: {line.strip()!r}"


def _in_code(code: str) -> Iterator[str]:
    lines = code.splitlines()
    if len(lines) > LONGEST_CODE_CELL:
        yield f"{len(lines)} lines of code, at most {LONGEST_CODE_CELL}"
    for line in lines:
        if len(line) > LONGEST_LINE:
            yield f"a line of {len(line)} characters, at most {LONGEST_LINE}: {line[:40]}…"
        if line.rstrip().endswith(";"):
            yield f"no ';' at the end of a line: {line.strip()}"
        if re.match(r"\s*[!%]", line):
            yield f"no shell commands and no magics: {line.strip()}"
    if re.search(r"\bpip\b", code):
        yield "no pip: a lesson installs nothing"
    if "### BEGIN" in code or "### END" in code:
        yield "a solution marker is left"


def word_count(text: str) -> int:
    """Words of a Markdown cell, without formulas, HTML tags and the targets of links."""
    text = re.sub(r"```.*?```|\$\$.*?\$\$|<[^>]*>", " ", text, flags=re.S)
    text = re.sub(r"\]\([^)]*\)", "] ", text)
    text = re.sub(r"\$[^$\n]+\$", " x ", text)
    return sum(bool(re.search(r"\w", word)) for word in text.split())


def headings(nb: NotebookNode) -> list[tuple[int, str, int]]:
    """All Markdown headings as (level, title, index of the cell)."""
    found = []
    for index, cell in enumerate(nb.cells):
        if cell.cell_type == "markdown":
            text = re.sub(r"```.*?```", "", cell.source, flags=re.S)
            for match in re.finditer(r"^(#{1,6}) +(.+?) *#*$", text, re.M):
                found.append((len(match[1]), match[2], index))
    return found


def in_sections(nb: NotebookNode, number: str) -> Iterator[str]:
    """Rules of the template: title, the order of the sections, and what each of them holds."""
    found = headings(nb)
    levels = [level for level, _, _ in found]
    if levels.count(1) != 1 or not levels or levels[0] != 1 or found[0][2] != 0:
        yield "the first cell must hold the one heading of level 1, the title"
    for before, (level, title, index) in zip(levels, found[1:], strict=False):
        if level > before + 1:
            yield f"the heading {title!r} skips a level"
        if level == 2 and not nb.cells[index].source.startswith(f"## {title}"):
            yield f"the heading {title!r} must be the first line of its cell"
    if number != "00" and found and not found[0][1].endswith("?"):
        yield "the title must be a question"
    yield from _in_order([title for level, title, _ in found if level == 2], number)
    sections = _sections(nb, found)
    yield from _in_template_sections(sections, number)


def _in_order(titles: list[str], number: str) -> Iterator[str]:
    wanted = START_SECTIONS if number == "00" else SECTIONS
    for title in wanted:
        if title not in titles:
            yield f"the section {title!r} is missing"
    known = [title for title in titles if title in SECTIONS]
    if known != sorted(known, key=SECTIONS.index) or len(set(known)) != len(known):
        yield f"the sections must come once and in this order: {', '.join(SECTIONS)}"
    own = [title for title in titles if title not in SECTIONS]
    if number != "00" and len(own) not in OWN_SECTIONS:
        yield f"{len(own)} sections of its own between set-up and 'Break it once', 3 to 5 wanted"
    middle = [title for title in titles if title in (*BEFORE[-1:], *own, *AFTER[:1])]
    if number != "00" and middle[1:-1] != own:
        yield "the lesson's own sections stand between 'Set-up' and 'Break it once'"


def _sections(nb: NotebookNode, found: list[tuple[int, str, int]]) -> dict[str, list[NotebookNode]]:
    starts = [(title, index) for level, title, index in found if level == 2]
    ends = [index for _, index in starts[1:]] + [len(nb.cells)]
    return {title: nb.cells[i:j] for (title, i), j in zip(starts, ends, strict=False)}


def _in_template_sections(sections: dict, number: str) -> Iterator[str]:
    code = {
        title: [cell.source for cell in cells if cell.cell_type == "code"]
        for title, cells in sections.items()
    }
    text = {title: "\n".join(cell.source for cell in cells) for title, cells in sections.items()}
    if "Set-up" in code:
        first = code["Set-up"][0] if code["Set-up"] else ""
        if not 1 <= len(first.splitlines()) <= LONGEST_SETUP:
            yield f"the first code cell of 'Set-up' must have 1 to {LONGEST_SETUP} lines"
    if "Bitrate explorer" in code and ".explore(" not in "\n".join(code["Bitrate explorer"]):
        yield "'Bitrate explorer' must call widgets.explore(...)"
    for title in ("From picture to bytes and back", "The growing figure", "Full resolution"):
        if title in code and not code[title]:
            yield f"{title!r} needs a code cell"
    if "Exercises" in code:
        yield from _in_exercises(CHECK.findall("\n".join(code["Exercises"])), number)
    if "Check yourself" in text:
        questions = text["Check yourself"].count("<details>")
        if questions != 3 or text["Check yourself"].count("</details>") != 3:
            yield f"'Check yourself' has {questions} answers in <details>, 3 wanted"


def _in_exercises(ids: list[str], number: str) -> Iterator[str]:
    wanted = 1 if number == "00" else 3
    if len(set(ids)) < wanted:
        yield f"{len(set(ids))} exercises with exercises.check(...), {wanted} wanted"
    for exercise_id in ids:
        if not exercise_id.startswith(f"{number}."):
            yield f"the exercise {exercise_id!r} belongs to another lesson"


def in_outputs(nb: NotebookNode) -> Iterator[str]:
    """Rules of what is stored: everything was run, nothing failed, figures are read aloud."""
    for cell in code_cells(nb):
        if cell.execution_count is None:
            yield f"cell {cell.id} was not run"
        ignored = "nbval-ignore-output" in cell.metadata.get("tags", [])
        for output in cell.outputs:
            yield from (f"cell {cell.id}: {words}" for words in _in_output(output))
            if not ignored and (text := _changing(output)):
                yield f"cell {cell.id}: an output that changes from run to run: {text!r}"
    yield from _in_figures(nb)


def _in_output(output: NotebookNode) -> Iterator[str]:
    if output.output_type == "error":
        yield "a stored error"
    if output.get("name") == "stderr":
        yield f"text on stderr: {output.text.strip()[:60]!r}"
    data = output.get("data", {})
    for kind in data:
        if kind == "image/svg+xml" or "widget" in kind:
            yield f"an output of type {kind}"
    plain = data.get("text/plain", "")
    if "image/png" not in data and re.match(r"\w+\(children=|\w+Slider\(|\w+Box\(", plain):
        yield "a widget without a still picture"


def _changing(output: NotebookNode) -> str:
    text = output.get("data", {}).get("text/plain", "") + output.get("text", "")
    match = re.search(r"(?<![0-9])0x[0-9a-f]{8,}|ipykernel_\d+", text)
    return match[0] if match else ""


def has_figure(cell: NotebookNode) -> bool:
    """Whether the cell is code that shows a picture."""
    outputs = cell.get("outputs", [])
    return any("image/png" in output.get("data", {}) for output in outputs)


def _in_figures(nb: NotebookNode) -> Iterator[str]:
    for index, cell in enumerate(nb.cells):
        if not has_figure(cell):
            continue
        for after in nb.cells[index + 1 :]:
            if after.cell_type == "markdown" or has_figure(after):
                break
        else:
            after = cell
        if after.cell_type == "code" or after.source.lstrip().startswith("#"):
            yield f"the figure of cell {cell.id} is not followed by prose that reads it aloud"


def in_file(path: Path, nb: NotebookNode) -> Iterator[str]:
    """Rules of the stored file: size, metadata, unique ids, links that lead somewhere."""
    if path.stat().st_size >= MOST_BYTES:
        yield f"{path.stat().st_size} bytes, under {MOST_BYTES} wanted"
    if nb.metadata != METADATA:
        yield "its metadata must be the kernelspec python3 and nothing else"
    if nb.nbformat_minor != 5:
        yield "nbformat 4.5 wanted"
    ids = [cell.get("id", "") for cell in nb.cells]
    if len(set(ids)) != len(ids) or not all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", i) for i in ids):
        yield "each cell needs an id of its own"
    anchors = {title.replace(" ", "-") for _, title, _ in headings(nb)}
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            yield from (f"cell {cell.id}: {words}" for words in _in_links(cell, path, anchors))


def _in_links(cell: NotebookNode, path: Path, anchors: set[str]) -> Iterator[str]:
    pattern = r"\]\(([^)\s]+)[^)]*\)|(?:src|href)=\"([^\"]+)\""
    for match in re.finditer(pattern, cell.source):
        target = match[1] or match[2]
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        if file and not (path.parent / file).exists():
            yield f"the link to {file} leads nowhere"
        if not file and anchor not in anchors:
            yield f"the link to #{anchor} leads nowhere: write the title with - for each space"
