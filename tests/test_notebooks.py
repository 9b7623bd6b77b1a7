"""The lessons keep their rules, and both editions are what their sources give."""

import re

import pytest

from lic_course import course, files
from lic_course.notebooks import build, rules
from lic_course.notebooks.lesson import find_lessons
from lic_course.notebooks.terms import unwanted_words

LESSONS = {lesson.name: lesson for lesson in find_lessons()}
lessons = pytest.mark.parametrize("name", LESSONS)


@lessons
def test_the_lesson_keeps_the_rules(name):
    broken = rules.broken_rules(LESSONS[name])
    assert not broken, "\n".join(broken)


@lessons
def test_both_editions_are_what_the_source_gives(name):
    differences = build([name], check=True)
    assert not differences, "\n".join(differences)


@lessons
@pytest.mark.parametrize("solved, sign", [(True, "✔"), (False, "…")])
def test_checks_accept_the_solution_and_wait_for_the_learner(name, solved, sign):
    nb = rules.stored(LESSONS[name].path(solved))
    answers = [
        line
        for cell in rules.code_cells(nb)
        if rules.CHECK.search(cell.source)
        for output in cell.outputs
        for line in output.text.splitlines()
    ]
    assert answers
    assert [line for line in answers if not line.startswith(sign)] == []


def test_every_notebook_has_a_source():
    folder = files.notebooks_dir()
    found = {path.stem for path in [*folder.glob("*.ipynb"), *folder.glob("solutions/*.ipynb")]}
    assert found == set(LESSONS)


def test_lessons_are_those_of_the_course_in_its_order():
    planned = [lesson.name for lesson in course.LESSONS]
    assert list(LESSONS) == [name for name in planned if name in LESSONS]
    assert [name[:2] for name in planned] == [f"{i:02d}" for i in range(len(planned))]


def test_the_guide_names_the_sections_and_the_limits():
    guide = (files.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    titles = re.findall(r"^\d+\. `([^`]+)`", guide, re.M)
    assert tuple(titles) == rules.SECTIONS
    limits = (
        f"at most {rules.LONGEST_CODE_CELL} lines of {rules.LONGEST_LINE} characters, "
        f"median under {rules.MEDIAN_CODE_CELL} lines",
        f"at most {rules.MOST_WORDS} words",
        f"at most {rules.LONGEST_SETUP} lines",
    )
    for words in (*limits, *(f"`{tag}`" for tag in rules.TAGS)):
        assert words in guide


def _texts() -> list:
    root = files.ROOT
    own = [*root.glob("*.md"), *root.glob("data/**/*.md"), *root.glob("docs/**/*.md")]
    package = [
        path for kind in ("py", "js", "css") for path in root.glob(f"lic_course/**/*.{kind}")
    ]
    settings = [root / "pyproject.toml", root / "environment.yml"]
    texts = own + package + [path for path in settings if path.exists()]
    return [path for path in texts if path.name != "terms.py"]


def test_texts_are_in_american_english_and_speak_of_this_project_only():
    complaints = [
        f"{path.relative_to(files.ROOT)}:{number}: {words}"
        for path in _texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for words in unwanted_words(line)
    ]
    assert not complaints, "\n".join(complaints)
