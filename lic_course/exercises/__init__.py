"""The exercises of the lessons: `exercises.check("00.bits_per_pixel", bits_per_pixel)`.

core.py       what an exercise is: reference solution, cases, typical mistakes
comparing.py  where an answer differs from the expected one, in words
guarding.py   calling a function that may do anything at all
checking.py   check() prints, examine() judges, require() is for nbgrader's tests
recording.py  what `lic grade` reads after it has run a notebook
lesson_NN.py  the exercises of lesson NN, a tuple named EXERCISES

A lesson's module is loaded when one of its exercises is first asked for.
"""

from lic_course.exercises.checking import check, examine, require
from lic_course.exercises.core import Case, Exercise, Wrong, case, get, lessons, of_lesson

__all__ = [
    "Case",
    "Exercise",
    "Wrong",
    "case",
    "check",
    "examine",
    "get",
    "lessons",
    "of_lesson",
    "require",
]
