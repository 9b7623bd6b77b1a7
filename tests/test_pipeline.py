"""The builder, the rules, the assignments and the marks, tried on made-up lessons."""

import ast
import base64
import copy
import csv
import io
import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from lic_course import files
from lic_course.errors import LicError
from lic_course.notebooks import LessonError, build, grade, lesson, release, rules, running
from lic_course.notebooks.lesson import Lesson, edition, find_lessons, read_source
from lic_course.notebooks.terms import unwanted_words

SAMPLE = (Path(__file__).parent / "sample_lesson.txt").read_text(encoding="utf-8")
TINY = "# %% [markdown]\n# # Tiny?\n\n# %%\nprint(1)\n"


def write_lesson(folder: Path, text: str, name: str = "00_sample") -> Lesson:
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src" / f"{name}.py").write_text(text, encoding="utf-8")
    return Lesson(name, folder)


def read(path: Path):
    return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Lesson:
    """The sample lesson, built once; tests do not change it."""
    folder = tmp_path_factory.mktemp("notebooks")
    (folder / "data.txt").write_text("linked")
    one = write_lesson(folder, SAMPLE)
    lines = build([], folder=folder)
    assert len(lines) == 2, lines
    return one


@pytest.fixture
def solved(sample):
    return copy.deepcopy(read(sample.path(True)))


# --- building -------------------------------------------------------------------------------------


def test_the_sample_keeps_every_rule(sample):
    assert rules.broken_rules(sample) == []


def test_editions_differ_only_in_solutions(sample):
    learner, solved = read(sample.path(False)), read(sample.path(True))
    by_id = {cell.id: cell for cell in solved.cells}
    changed = [cell for cell in learner.cells if cell.source != by_id[cell.id].source]
    only_solved = set(by_id) - {cell.id for cell in learner.cells}
    assert [cell.id for cell in changed] == ["00-by-the-end-you-can-01", "00-exercises-02"]
    assert only_solved == {"00-comparing-03"}
    assert changed[1].source.endswith('"""\n    return None  # your code here')
    assert "[a file](../data.txt)" in by_id["00-by-the-end-you-can-01"].source
    assert by_id["00-exercises-02"].source.endswith(
        'bytes."""\n    return 8 * nbytes / (height * width)'
    )


def test_checks_answer_in_both_editions(sample):
    answers = [
        next(c for c in read(sample.path(solved)).cells if c.id == "00-exercises-03")
        .outputs[0]
        .text
        for solved in (False, True)
    ]
    assert answers[0].startswith("… 00.bits_per_pixel: not done yet")
    assert answers[1] == "✔ 00.bits_per_pixel: correct (3 cases)\n"


def test_what_is_stored_is_normalized(sample):
    for solved in (False, True):
        nb = read(sample.path(solved))
        assert nb.metadata == lesson.METADATA
        assert (nb.nbformat, nb.nbformat_minor) == (4, 5)
        counts = [cell.execution_count for cell in nb.cells if cell.cell_type == "code"]
        assert counts == list(range(1, len(counts) + 1))
        assert "widget-view" not in sample.path(solved).read_text()
        assert all(set(cell.metadata) <= {"tags"} for cell in nb.cells)


def test_a_widget_keeps_its_still(sample):
    nb = read(sample.path(True))
    data = next(c for c in nb.cells if c.id == "00-bitrate-explorer-02").outputs[0].data
    assert set(data) == {"image/png", "text/plain"}
    assert data["text/plain"] == "<Still: run this cell to use the controls>"


def test_streams_are_merged_and_counts_follow_the_cells():
    stream = lambda name, text: nbformat.v4.new_output("stream", name=name, text=text)  # noqa: E731
    cell = nbformat.v4.new_code_cell("x", execution_count=7)
    cell.outputs = [stream("stdout", "a"), stream("stdout", "b"), stream("stderr", "c")]
    cell.outputs.append(
        nbformat.v4.new_output("execute_result", {"text/plain": "1"}, execution_count=7)
    )
    nb = running.normalized(nbformat.v4.new_notebook(cells=[cell]))
    outputs = nb.cells[0].outputs
    assert [output.get("text") for output in outputs] == ["ab", "c", None]
    assert outputs[2].execution_count == nb.cells[0].execution_count == 1


def _png(pixels: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return base64.b64encode(file.getvalue()).decode()


def _decoded(encoded: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(encoded)))


def _pictures() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (40, 50, 4), dtype=np.uint8)
    opaque, gray, few = noise.copy(), noise.copy(), rng.integers(0, 200, (40, 50, 1)) // 2
    opaque[..., 3] = gray[..., 3] = 255
    gray[..., :3] = gray[..., :1]
    few = np.concatenate([few, few // 3, 99 - few, 255 + 0 * few], axis=-1).astype(np.uint8)
    return {"RGBA": noise, "RGB": opaque, "L": gray, "P": few}


@pytest.mark.parametrize("mode", ["RGBA", "RGB", "L", "P"])
def test_pictures_are_stored_smaller_and_without_loss(mode):
    pixels = _pictures()[mode]
    smaller = running.smaller_png(_png(pixels))
    assert len(smaller) <= len(_png(pixels))
    assert _decoded(smaller).mode == mode
    assert np.array_equal(np.asarray(_decoded(smaller).convert("RGBA")), pixels)
    assert running.smaller_png(smaller) == smaller


def test_what_is_no_picture_is_kept():
    assert running.smaller_png("iVBORw0KGgo=") == "iVBORw0KGgo="


def test_building_twice_gives_the_same_bytes(tmp_path):
    one = write_lesson(tmp_path, TINY + "\n# %%\nprint({'b', 'a', 'c'})\n")
    build([], folder=tmp_path)
    first = [one.path(solved).read_bytes() for solved in (False, True)]
    build([], folder=tmp_path)
    assert first == [one.path(solved).read_bytes() for solved in (False, True)]


def test_lessons_run_in_their_folder_with_the_quick_profile(tmp_path, monkeypatch):
    monkeypatch.setenv("LIC_PROFILE", "full")
    monkeypatch.setenv("LIC_GRADE", "1")
    code = "import os, sys\nprint(os.getcwd(), sys.executable)\n"
    code += "print(os.environ['LIC_PROFILE'], os.environ.get('LIC_GRADE'))"
    one = write_lesson(tmp_path, TINY + f"\n# %%\n{code}\n")
    build([], folder=tmp_path)
    for solved in (False, True):
        printed = read(one.path(solved)).cells[-1].outputs[0].text
        assert printed == f"{one.path(solved).parent} {sys.executable}\nquick None\n"


FAILING = {
    "1 / 0": "ZeroDivisionError: division by zero",
    "raise ValueError('first line\\nsecond line')": "ValueError: first line",
    "import os; os._exit(1)": "it ends the kernel",
    "def broken(:": "SyntaxError",
    "assert False": "AssertionError",
}


@pytest.mark.parametrize("code", FAILING)
def test_a_failing_cell_is_one_sentence_and_changes_nothing(code, tmp_path):
    one = write_lesson(tmp_path, TINY)
    for solved in (False, True):
        one.path(solved).parent.mkdir(exist_ok=True)
        one.path(solved).write_text("old")
    write_lesson(tmp_path, TINY + f"\n# %%\n{code}\n")
    with pytest.raises(LessonError) as caught:
        build([], folder=tmp_path)
    message = str(caught.value)
    assert message.startswith("Lesson 00_sample, learner's edition, cell 00-title-03: ")
    assert FAILING[code] in message
    assert "\n" not in message
    assert [one.path(solved).read_text() for solved in (False, True)] == ["old", "old"]


def test_a_failure_in_the_solution_leaves_the_learners_edition_too(tmp_path):
    text = TINY + "\n# %% tags=['solution']\n1 / 0\n"
    one = write_lesson(tmp_path, text.replace("'", '"'))
    with pytest.raises(LessonError, match="solved edition, cell 00-title-03"):
        build([], folder=tmp_path)
    assert not one.path(False).exists()


def test_a_slow_cell_is_named(tmp_path):
    nb = edition(read_source(write_lesson(tmp_path, TINY + "\n# %%\nwhile True: pass\n")), True)
    with pytest.raises(running.CellFailed, match="over 1 s") as caught:
        running.execute(nb, tmp_path, cell_seconds=1)
    assert caught.value.index == 2


@pytest.mark.parametrize(
    "body",
    [
        "### BEGIN SOLUTION\nx = 1",
        "x = 1\n### END SOLUTION",
        "### BEGIN SOLUTION\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION",
        "### END SOLUTION\n### BEGIN SOLUTION",
    ],
)
def test_unbalanced_markers_are_refused(body, tmp_path):
    with pytest.raises(LessonError, match="cell 00-title-03: each '### BEGIN SOLUTION'"):
        read_source(write_lesson(tmp_path, TINY + f"\n# %%\n{body}\n"))


STUBS = {
    "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION": (
        "def f():\n    return None  # your code here"
    ),
    "def f(x):\n    ### BEGIN SOLUTION\n    y = x\n    ### END SOLUTION\n    return y": (
        "def f(x):\n    return None  # your code here\n    return y"
    ),
    "### BEGIN SOLUTION\nx = 1\n### END SOLUTION\nprint(2)": "...  # your code here\nprint(2)",
    "print(3)": "print(3)",
}


@pytest.mark.parametrize("code", STUBS)
def test_stubs(code):
    stub = lesson.stubbed(code)
    assert stub == STUBS[code]
    ast.parse(stub)


def test_ids_of_other_sections_survive_an_inserted_cell(tmp_path):
    before = [cell.id for cell in read_source(write_lesson(tmp_path, SAMPLE)).cells]
    text = SAMPLE.replace("# %%\n2 + 2", "# %%\n1 + 1\n\n# %%\n2 + 2")
    after = [cell.id for cell in read_source(write_lesson(tmp_path, text)).cells]
    assert [i for i in after if i not in before] == ["00-measuring-03"]
    assert [i for i in before if i not in after] == []
    assert len(set(after)) == len(after)


# --- comparing with the source --------------------------------------------------------------------


@pytest.fixture
def stored(sample, tmp_path) -> Lesson:
    """A copy of the built sample that a test may change."""
    for path in [*sample.folder.rglob("*.ipynb"), *sample.folder.rglob("*.py")]:
        target = tmp_path / path.relative_to(sample.folder)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes())
    return Lesson(sample.name, tmp_path)


def _change(path: Path, change) -> None:
    nb = read(path)
    change(nb)
    path.write_text(nbformat.writes(nb), encoding="utf-8")


CHANGES = {
    "source": lambda nb: nb.cells[3].update(source="import os"),
    "id": lambda nb: nb.cells[3].update(id="other"),
    "metadata": lambda nb: nb.cells[3].metadata.update(tags=["parameters"]),
    "cell_type": lambda nb: nb.cells.__setitem__(
        3, nbformat.v4.new_markdown_cell(nb.cells[3].source, id=nb.cells[3].id)
    ),
    "cells, the source gives": lambda nb: nb.cells.pop(),
    "metadata differ": lambda nb: nb.metadata.kernelspec.update(name="conda"),
}


def test_check_is_content_with_what_was_built(stored):
    assert build([], check=True, folder=stored.folder) == []


@pytest.mark.parametrize("solved", [False, True])
@pytest.mark.parametrize("words", CHANGES)
def test_check_reports_a_changed_notebook(words, solved, stored):
    _change(stored.path(solved), CHANGES[words])
    before = stored.path(solved).read_bytes()
    (line,) = build([], check=True, folder=stored.folder)
    assert words in line
    assert str(stored.path(solved)) in line
    assert stored.path(solved).read_bytes() == before


def test_check_reports_a_changed_source(stored):
    stored.source.write_text(SAMPLE.replace("2 + 2", "2 + 3"))
    lines = build(["00"], check=True, folder=stored.folder)
    assert len(lines) == 2
    assert "cell 00-measuring-02 differs from the source in its source" in lines[0]


def test_check_reports_missing_and_broken_notebooks(stored):
    stored.path(False).unlink()
    stored.path(True).write_text("{")
    lines = build([], check=True, folder=stored.folder)
    assert "is missing" in lines[0]
    assert "is not a notebook" in lines[1]


def test_lessons_are_found_by_number_name_and_path(tmp_path):
    write_lesson(tmp_path, TINY, "00_a")
    write_lesson(tmp_path, TINY, "01_b")
    names = lambda *asked: [one.name for one in find_lessons(asked, tmp_path)]  # noqa: E731
    assert names() == ["00_a", "01_b"]
    assert names("01") == names("01_b") == names("notebooks/src/01_b.py") == ["01_b"]
    assert names("01", "00", "01_b") == ["01_b", "00_a"]
    with pytest.raises(LessonError, match="no lesson '7'; the lessons are 00_a, 01_b"):
        find_lessons(["7"], tmp_path)
    with pytest.raises(LessonError, match="no lessons"):
        find_lessons([], tmp_path / "src")


# --- rules ----------------------------------------------------------------------------------------


def _cell(nb, cell_id):
    return next(cell for cell in nb.cells if cell.id == cell_id)


def _set(cell_id, source):
    return lambda nb: _cell(nb, cell_id).update(source=source)


def _swap(first, second):
    def swap(nb):
        one, two = _cell(nb, first), _cell(nb, second)
        one.source, two.source = two.source, one.source

    return swap


def _give_output(cell_id, output):
    return lambda nb: _cell(nb, cell_id).outputs.append(output)


def _picture_after_picture(nb):
    _cell(nb, "00-counting-04").update(source="### Small")


def _long_cells(nb):
    for cell in rules.code_cells(nb):
        cell.source += "\npass" * 5


CODE = "00-measuring-02"
DISPLAY = nbformat.v4.new_output
BROKEN = {
    "21 lines of code": _set(CODE, "x = 1\n" * 21),
    "a line of 89 characters": _set(CODE, "x" * 89),
    "median code cell": _long_cells,
    "121 words, at most": _set("00-counting-04", "word " * 121),
    "becomes a list": _set("00-counting-04", "A paper, pages 600 to 612,\n2004."),
    "no ';'": _set(CODE, "x = 1;"),
    "no shell commands": _set(CODE, "!ls"),
    "no magics": _set(CODE, "%time x = 1"),
    "no pip": _set(CODE, "import pip"),
    "a solution marker is left": _set(CODE, "### BEGIN SOLUTION"),
    "tag 'slow' is not one of": lambda nb: _cell(nb, CODE).metadata.update(tags=["slow"]),
    "one heading of level 1": _set("00-measuring-01", "# Measuring"),
    "skips a level": _set("00-counting-04", "#### Deep"),
    "must be the first line of its cell": _set("00-measuring-01", "Text\n\n## Measuring"),
    "'Set-up' is missing": _set("00-set-up-01", "## Setup"),
    "must come once and in this order": _swap("00-exercises-01", "00-full-resolution-01"),
    "must have 1 to 6 lines": _set("00-set-up-02", "import os\n" * 7),
    "must call widgets.explore": _set("00-bitrate-explorer-02", "1"),
    "'Full resolution' needs a code cell": lambda nb: nb.cells.remove(
        _cell(nb, "00-full-resolution-02")
    ),
    "0 exercises with exercises.check": _set("00-exercises-03", "1"),
    "belongs to another lesson": _set("00-exercises-03", 'exercises.check("01.x", f)'),
    "2 answers in <details>": _set(
        "00-check-yourself-01", "## Check yourself\n" + "<details></details>" * 2
    ),
    "was not run": lambda nb: _cell(nb, CODE).update(execution_count=None),
    "a stored error": _give_output(CODE, DISPLAY("error", ename="E", evalue="", traceback=[])),
    "text on stderr": _give_output(CODE, DISPLAY("stream", name="stderr", text="Warning")),
    "image/svg+xml": _give_output(CODE, DISPLAY("display_data", {"image/svg+xml": "<svg/>"})),
    "widget-view+json": _give_output(CODE, DISPLAY("display_data", {running.WIDGET_VIEW: {}})),
    "a widget without a still": _give_output(
        CODE, DISPLAY("display_data", {"text/plain": "VBox(children=())"})
    ),
    "changes from run to run": _give_output(
        CODE, DISPLAY("display_data", {"text/plain": "<object at 0x7f5e2c0d1f90>"})
    ),
    "not followed by prose": _picture_after_picture,
}


@pytest.mark.parametrize("words", BROKEN)
def test_each_rule_can_fail(words, solved):
    everything = lambda nb: "\n".join(  # noqa: E731
        [*rules.in_cells(nb), *rules.in_sections(nb, "00"), *rules.in_outputs(nb)]
    )
    assert everything(solved) == ""
    BROKEN[words](solved)
    assert words in everything(solved)


def test_lessons_after_the_first_keep_the_whole_template(solved):
    nb = solved
    complaints = "\n".join(rules.in_sections(nb, "01"))
    assert "1 exercises with exercises.check(...), 3 wanted" in complaints
    assert complaints.count("\n") == 1, complaints  # the other: the exercise of lesson 00
    _set("00-title-01", "# Start here")(nb)
    _set("00-counting-01", "text")(nb)
    _set("00-references-01", "## Sources")(nb)
    complaints = "\n".join(rules.in_sections(nb, "01"))
    assert "the title must be a question" in complaints
    assert "the section 'References' is missing" in complaints
    assert "the lesson's own sections stand between" in complaints
    _set("00-references-01", "text")(nb)
    assert "2 sections of its own" in "\n".join(rules.in_sections(nb, "01"))


FILE_RULES = {
    "under 1000000 wanted": lambda nb: nb.cells[0].update(source="x" * 1_000_000),
    "kernelspec python3": lambda nb: nb.metadata.update(widgets={}),
    "the link to nowhere.md": lambda nb: nb.cells[0].update(source="[a](nowhere.md)"),
    "the link to a.png": lambda nb: nb.cells[0].update(source='<img src="a.png">'),
    "the link to #Chapter-9": lambda nb: nb.cells[0].update(source="[a](#Chapter-9)"),
}


@pytest.mark.parametrize("words", FILE_RULES)
def test_each_rule_of_files_can_fail(words, stored):
    (stored.folder / "data.txt").touch()
    path = stored.path(False)
    assert list(rules.in_file(path, read(path))) == []
    _change(path, FILE_RULES[words])
    assert words in "\n".join(rules.in_file(path, read(path)))


def test_ids_must_be_unique(stored):
    (stored.folder / "data.txt").touch()
    path = stored.path(False)
    nb = read(path)
    nb.cells[1].id = nb.cells[0].id
    assert list(rules.in_file(path, nb)) == ["each cell needs an id of its own"]


def test_rules_of_the_source_can_fail(tmp_path):
    text = TINY + "\n# %% [raw]\n# raw\n\n# %%\n\n# %% [markdown]\n# The colour of a grey cell.\n"
    complaints = "\n".join(rules.in_source(write_lesson(tmp_path, text)))
    for words in ("only code and Markdown", "is empty", "line 13: 'colour'", "line 13: 'grey'"):
        assert words in complaints
    long = write_lesson(tmp_path, "# %%\n" + "x = 1\n" * 701)
    assert "it has over 700 lines" in list(rules.in_source(long))


def test_missing_editions_are_reported(tmp_path):
    complaints = rules.broken_rules(write_lesson(tmp_path, TINY))
    assert complaints == [
        "00_sample.ipynb: it is missing",
        "solutions/00_sample.ipynb: it is missing",
    ]


def test_words_are_counted_without_formulas_and_targets():
    text = (
        "One [two](http://a.b/c d) $x + y = z$ <b>four</b>\n$$a + b$$\n```\ncode code\n```\n- five"
    )
    assert rules.word_count(text) == 5


BRITISH = """colour greyscale Behaviour quantiser dequantise quantisation optimised neighbouring
    modelling labelled centre analyse licence factorised binarisation artefacts whilst metres"""


@pytest.mark.parametrize(
    "text",
    [*BRITISH.split(), "/" + "work/data", "see ../" + "shared", "design" + ".md", "issue " + "12"],
)
def test_unwanted_words_are_found(text):
    assert list(unwanted_words(f"The {text} here"))


def test_wanted_words_pass():
    text = """Color, gray, quantizer, behavior, neighbor, modeling, center, centered, analysis,
    analyses, realistic, specialist, organism, optimism, minimum, parameter, license, precise,
    exercise, otherwise, likewise, noise, raise, wise, concise, compromise, premise, surprise,
    revised, supervised, advertise, Colour measurement and management (IEC 61966-2-1),
    https://example.org/tmp/x, data/weights, tissue 5, symmetries"""
    assert list(unwanted_words(text)) == []


# --- nbval ----------------------------------------------------------------------------------------


def _nbval(*paths: Path) -> subprocess.CompletedProcess:
    sanitize = Path(__file__).with_name("nbval.cfg")
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-current-env"]
    command += ["--nbval-cell-timeout=120", f"--nbval-sanitize-with={sanitize}"]
    command += ["-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={paths[0].parent}"]
    path = os.pathsep.join([str(files.ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path}
    return subprocess.run(
        [*command, *map(str, paths)], env=environment, capture_output=True, text=True
    )


def test_strict_nbval_passes_on_what_the_builder_writes(sample):
    run = _nbval(sample.path(False), sample.path(True))
    assert run.returncode == 0, run.stdout
    assert "passed" in run.stdout


def test_strict_nbval_fails_on_a_changed_output(stored):
    def change(nb):
        _cell(nb, "00-counting-02").outputs[0].text = "took 3 s and 5 MB of memory\n13 bytes\n"

    _change(stored.path(True), change)
    run = _nbval(stored.path(True))
    assert run.returncode == 1
    assert "1 failed" in run.stdout


# What may change from run to run, and what may not.
SANITIZED = [
    ("took 1.2 s", "took 13.45 s", True),
    ("12 ms per picture", "9.5 ms per picture", True),
    ("3 µs", "4 μs", True),
    ("a  9 s |", "a 12 s |", True),
    ("310 MB of memory", "1,280 MB of memory", True),
    ("1.2 GiB", "800 MiB", True),
    ("12.3 million symbols per second", "9 million symbols per second", True),
    ("5.1 MB/s", "17 MB/s", True),
    ("3.4 times faster", "12 times faster", True),
    ("<A at 0x7f00c0ffee12>", "<A at 0x7f00deadbeef>", True),
    ("PSNR 34.1 dB", "PSNR 34.2 dB", False),
    ("1234 bytes", "1235 bytes", False),
    ("0.51 bpp", "0.52 bpp", False),
    ("640x480", "641x480", False),
    ("1.2 MB", "1.3 MB", False),
    ("3 symbols", "4 symbols", False),
    ("q50 s", "q60 s", False),
]


@pytest.mark.parametrize("one, other, same", SANITIZED)
def test_what_nbval_ignores(one, other, same):
    text = Path(__file__).with_name("nbval.cfg").read_text(encoding="utf-8")
    pairs = re.findall("^regex: (.*)$\n^replace: (.*)$", text, flags=re.MULTILINE)
    assert len(pairs) == text.count("\nregex: ")

    def sanitized(line: str) -> str:
        for pattern, replacement in pairs:
            line = re.sub(pattern, replacement, line)
        return line

    assert (sanitized(one) == sanitized(other)) is same


# --- assignments ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def released(sample, tmp_path_factory) -> dict[str, nbformat.NotebookNode]:
    output = tmp_path_factory.mktemp("assignments")
    paths = release(["00"], output, folder=sample.folder)
    assert [str(Path(path).relative_to(output)) for path in paths] == [
        "source/00_sample/00_sample.ipynb",
        "release/00_sample/00_sample.ipynb",
        "nbgrader_config.py",
    ]
    compile(Path(paths[-1]).read_text(), "config", "exec")
    return {"source": read(Path(paths[0])), "release": read(Path(paths[1]))}


@pytest.mark.parametrize("kind", ["source", "release"])
def test_assignments_follow_nbgraders_schema(kind, released):
    nb = released[kind]
    nbformat.validate(nb)
    fields = [cell.metadata.nbgrader for cell in nb.cells if "nbgrader" in cell.metadata]
    assert len({field.grade_id for field in fields}) == len(fields) == 2
    for field in fields:
        names = {"schema_version", "grade", "grade_id", "locked", "solution", "task"}
        assert set(field) == names | ({"points"} if field.grade else set())
        assert field.schema_version == 3
        assert field.task is False
        assert re.fullmatch(r"[\w-]+", field.grade_id)
        assert field.grade is not field.solution
        assert field.locked is field.grade
    assert sum(field.get("points", 0) for field in fields) == 1


def test_the_source_has_solutions_and_hidden_tests(released):
    code = "\n".join(cell.source for cell in released["source"].cells)
    assert (
        "### BEGIN SOLUTION\n    return 8 * nbytes / (height * width)\n    ### END SOLUTION" in code
    )
    assert (
        'exercises.check("00.bits_per_pixel", bits_per_pixel)\n### BEGIN HIDDEN TESTS\n'
        'exercises.require("00.bits_per_pixel", bits_per_pixel)\n### END HIDDEN TESTS'
    ) in code


def test_the_release_has_neither(released):
    code = "\n".join(cell.source for cell in released["release"].cells)
    assert "return None  # your code here" in code
    for words in ("###" + " BEGIN", "###" + " END", "require", "8 * nbytes", "only in the solved"):
        assert words not in code
    assert not any(cell.get("outputs") for cell in released["release"].cells)


def test_a_lesson_without_exercises_is_not_released(tmp_path):
    write_lesson(tmp_path, TINY)
    with pytest.raises(LessonError, match=r"has no exercises.check"):
        release([], tmp_path / "out", folder=tmp_path)
    assert not (tmp_path / "out").exists()


# --- marks ----------------------------------------------------------------------------------------

RIGHT = "def f(nbytes, h, w):\n    return 8 * nbytes / (h * w)"
CHECK = 'exercises.check("00.bits_per_pixel", f)'
FAKE = """import json, os
for name in os.listdir('/tmp') if os.path.isdir('/tmp') else []: pass
line = json.dumps({'exercise': '00.bits_per_pixel', 'status': 'right'})
open('record', 'w').write('0' * 64 + ' ' + line)"""
CHEAT = "from lic_course.exercises import get\nf = get('00.bits_per_pixel').solution"
TABLE = """known = {(49152, 512, 768): 1.0, (1000, 100, 50): 1.6, (17, 1, 1): 136.0}
def f(*args):
    return known.get(args, 0.0)"""
SUBMISSIONS = {  # name: cells after the import, points, status, how the run ended
    "right": ([RIGHT, CHECK], 1, "right", "to the end"),
    "stub": (["def f(*args):\n    return None", CHECK], 0, "not done", "to the end"),
    "wrong": (["def f(n, h, w):\n    return n", CHECK], 0, "wrong", "to the end"),
    "table": ([TABLE, CHECK], 0, "wrong", "to the end"),
    "unchecked": ([RIGHT], 0, "not checked", "to the end"),
    "raises_before": (["1 / 0", RIGHT, CHECK], 1, "right", "to the end"),
    "syntax": (["def (:", RIGHT, CHECK], 1, "right", "to the end"),
    "fails_after": ([RIGHT, CHECK, "raise SystemExit", "1 / 0"], 1, "right", "to the end"),
    "crashes_after": ([RIGHT, CHECK, "import os; os._exit(3)"], 1, "right", "ended its kernel"),
    "crashes_before": (["import os; os._exit(3)", RIGHT, CHECK], 0, "not checked", "ended"),
    "exits": ([RIGHT, CHECK, "exit()", "2"], 1, "right", ""),
    "hangs_then_right": (["while True: pass", RIGHT, CHECK], 1, "right", "to the end"),
    "floods": (["while True: print('x' * 1000)", RIGHT, CHECK], 1, "right", "to the end"),
    "garbage": (["print('\\x00\\ud800' * 9)", RIGHT, CHECK], 1, "right", "to the end"),
    "twice": ([RIGHT, CHECK, "f = 3", CHECK], 1, "right", "to the end"),
    "fake": ([FAKE, "f = None", CHECK], 0, "not done", "to the end"),
    "cheat": ([CHEAT, CHECK], 0, "wrong", "to the end"),
}


def _submit(folder: Path, name: str, cells: list[str]) -> Path:
    codes = ["from lic_course import exercises", *cells]
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])
    path = folder / f"00_{name}.ipynb"
    path.write_text(nbformat.writes(nb), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def marked(tmp_path_factory) -> dict[str, list[dict[str, str]]]:
    """All submissions marked together: the rows of the table by notebook."""
    folder = tmp_path_factory.mktemp("submitted")
    paths = [_submit(folder, name, cells) for name, (cells, *_) in SUBMISSIONS.items()]
    (folder / "00_broken.ipynb").write_text("{")
    (folder / "nothing.ipynb").write_text("")
    paths += [folder / "00_broken.ipynb", folder / "nothing.ipynb"]
    grade(paths, folder / "marks.csv", cell_seconds=2, seconds=30)
    with (folder / "marks.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    key = lambda row: Path(row["notebook"]).stem  # noqa: E731
    return {name: list(group) for name, group in itertools.groupby(rows, key)}


@pytest.mark.parametrize("name", SUBMISSIONS)
def test_marks(name, marked):
    _, points, status, ran = SUBMISSIONS[name]
    (row,) = marked[f"00_{name}"]
    assert row["exercise"] == "00.bits_per_pixel"
    assert (row["points"], row["max_points"], row["status"]) == (str(points), "1", status)
    assert row["notebook_ran"].startswith(ran)


def test_marks_use_hidden_cases(marked):
    assert marked["00_right"][0]["cases"] == "8"
    assert marked["00_table"][0]["cases_passed"] == "3"


def test_files_that_are_no_notebooks_get_rows(marked):
    assert marked["00_broken"][0]["exercise"] == "00.bits_per_pixel"
    assert marked["00_broken"][0]["status"] == "not checked"
    assert marked["nothing"][0]["status"] == "no exercises found"
    assert {marked[name][0]["notebook_ran"] for name in ("00_broken", "nothing")} == {
        "not a notebook"
    }


def test_a_notebook_is_ended_at_the_limit(tmp_path):
    path = _submit(tmp_path, "endless", [RIGHT, CHECK, "while True: pass"])
    (row,) = grade([path], tmp_path / "marks.csv", seconds=6, cell_seconds=60)
    assert (row.points, row.notebook_ran) == (1, "stopped after 6 s")


def test_the_folder_of_the_table_is_made_and_no_folder_is_overwritten(tmp_path):
    (tmp_path / "nothing.ipynb").touch()
    grade([tmp_path / "nothing.ipynb"], tmp_path / "new" / "marks.csv")
    assert (tmp_path / "new" / "marks.csv").read_text().count("\n") == 2
    with pytest.raises(LicError, match="is a folder"):
        grade([tmp_path / "nothing.ipynb"], tmp_path / "new")


def test_a_missing_submission_is_refused_before_any_work(tmp_path):
    with pytest.raises(LicError, match="There is no notebook at"):
        grade([tmp_path / "missing.ipynb"], tmp_path / "marks.csv")
    assert not (tmp_path / "marks.csv").exists()
