"""From the source of a lesson to the notebooks of learners and teachers.

    lesson.py     the source (percent format) and the two editions it gives, without outputs
    running.py    running a notebook, and normalizing what it stores
    building.py   build(): both editions of each lesson, executed, or compared with the source
    rules.py      what every lesson keeps to: sections, lengths, figures, links
    terms.py      spellings and words that the texts do without
    releasing.py  release(): assignments for nbgrader, or to hand out
    grading.py    grade(): marks submitted notebooks by what their functions do

CONTRIBUTING.md tells how to write a lesson.
"""

from lic_course.notebooks.building import build
from lic_course.notebooks.grading import grade
from lic_course.notebooks.lesson import LessonError
from lic_course.notebooks.releasing import release

__all__ = ["LessonError", "build", "grade", "release"]
