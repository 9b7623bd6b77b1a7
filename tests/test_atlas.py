"""The atlas: complete, its lessons, cells and codecs exist, its BD-rates are the stored ones."""

import re
from collections import Counter

import pytest
from click.testing import CliRunner

from lic_course import atlas, codec, course
from lic_course.notebooks.lesson import find_lessons
from lic_course.notebooks.rules import stored
from lic_course.results import compare, load_results, measured

METHODS = atlas.atlas()
SECTIONS = {
    cell.id.removesuffix("-01")
    for lesson in find_lessons()
    for cell in stored(lesson.path(solved=False)).cells
}
BUILT = {lesson.name[:2] for lesson in find_lessons()}
NAMED = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
BD_RATE = re.compile(r"([+-]\d+\.\d ± \d+\.\d %) against (\w+)")


@NAMED
def test_lessons_cells_and_codecs_exist(method):
    assert method.lesson in {entry.number for entry in course.LESSONS}
    if method.cell:
        assert method.cell in SECTIONS and method.cell.startswith(f"{method.lesson}-")
    if method.codec:
        assert method.codec in codec.names()


@NAMED
def test_what_runs_tells_where_and_what_it_showed(method):
    assert method.status in atlas.STATUSES
    assert method.rate in ("bytes", "estimate", "")
    if method.status == "planned":
        assert not (method.finding or method.cell or method.codec)
    else:
        assert method.parts or method.codec or method.cell
        assert method.cell or method.codec
        assert method.finding.endswith(".") and len(method.finding) < 220
        assert method.lesson in BUILT or method.codec


@pytest.mark.parametrize("family", ["conventional", "pca", "fuzzy", "curves"])
def test_the_classical_families_are_done(family):
    statuses = [method.status for method in METHODS if method.family == family]
    assert statuses and "planned" not in statuses


def test_every_method_that_the_survey_cites_is_listed_once():
    counts = Counter(number for method in METHODS for number in method.references)
    assert set(counts) == {14, *range(16, 107)}  # before 14, and 15: surveys
    assert max(counts.values()) == 1
    assert len({method.name for method in METHODS}) == len(METHODS)


@NAMED
def test_bd_rates_in_findings_are_those_of_the_stored_results(method):
    for text, anchor in BD_RATE.findall(method.finding):
        rate = compare(load_results("kodak", anchor), load_results("kodak", method.codec))
        assert str(rate) == text
    assert method.finding.count("±") == len(BD_RATE.findall(method.finding))


def test_own_codecs_on_kodak_are_in_the_atlas():
    own = {name for name in measured("kodak") if codec.get(name).kind == "own"}
    assert own <= {method.codec for method in METHODS}


def test_the_atlas_is_printed():
    text = CliRunner().invoke(atlas.main, ["--family", "curves"]).output
    assert text.startswith(
        "    [90] hyperbolic curve fitting (spirit; lesson 05, codec hyperbolic)"
    )
    assert text.splitlines()[-1] == "1 spirit"
