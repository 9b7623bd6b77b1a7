"""The map of the course agrees with the notebooks and with README.md."""

import re

from lic_course import course
from lic_course.files import ROOT, notebooks_dir


def test_readme_has_the_table_of_lessons_and_the_two_commands():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert readme == course.with_table(readme), "run python -m lic_course.course"
    assert "python3 -m lic_course lab" in readme
    assert "python3 -m lic_course test" in readme
    assert "PREPARATION" not in course.with_table(readme.replace("in preparation", "PREPARATION"))


def test_every_notebook_is_on_the_map_with_its_own_title():
    on_the_map = {lesson.name: lesson for lesson in course.LESSONS}
    for source in sorted((notebooks_dir() / "src").glob("*.py")):
        lesson = on_the_map[source.stem]
        assert f"# # {lesson.question}\n" in source.read_text("utf-8")
        assert re.search(rf"^# \*{lesson.minutes} min · ", source.read_text("utf-8"), re.M)


def test_lessons_need_only_earlier_lessons():
    numbers = [lesson.number for lesson in course.LESSONS]
    assert numbers == [f"{n:02}" for n in range(14)]
    for lesson in course.LESSONS:
        assert all(need in numbers and need < lesson.number for need in lesson.needs)


def test_the_map_links_lessons_that_exist_and_no_others():
    text = course.Map()._repr_markdown_()
    for lesson in course.LESSONS:
        assert (f"]({lesson.name}.ipynb)" in text) == lesson.exists
    assert len(repr(course.Map()).splitlines()) == 14
