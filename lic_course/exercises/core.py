"""What an exercise is, and where to find it by its id."""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lic_course.errors import LicError


@dataclass(frozen=True)
class Case:
    """One call of the learner's function: its positional arguments.

    `words` stands for the arguments in messages when they are too long to print: "a gray block".
    """

    args: tuple
    words: str = ""


def case(*args: object, words: str = "") -> Case:
    """A case with these positional arguments: `case(49152, 512, 768)`."""
    return Case(args, words)


@dataclass(frozen=True)
class Wrong:
    """A typical wrong answer: a function, and the hint for a learner whose answer does the same."""

    answer: Callable
    hint: str


def _no_cases(rng: np.random.Generator) -> Sequence[Case]:
    return ()


@dataclass(frozen=True)
class Exercise:
    """One exercise: everything that its check, its tests and its grading need.

    id: lesson and name, "02.dct_matrix"; task: one sentence that says what to write.
    minutes: how long it takes; points: what `lic grade` gives for it.
    solution: the reference solution, also the source of the expected values.
    cases: tried by every check; hidden: more cases from a random generator, tried when grading.
    wrong: at least three typical wrong answers, each with the hint it deserves.
    judge: replaces the comparison with the solution where many answers are right. It gets what the
    function returned and the arguments, and returns a complaint, or None when all is well.
    rtol, atol: tolerances of numbers; seconds: limit of each call.
    """

    id: str
    task: str
    minutes: int
    points: int
    solution: Callable
    cases: Sequence[Case]
    wrong: Sequence[Wrong]
    hidden: Callable[[np.random.Generator], Sequence[Case]] = _no_cases
    judge: Callable[..., str | None] | None = None
    rtol: float = 1e-6
    atol: float = 1e-9
    seconds: float = 10.0

    @property
    def name(self) -> str:
        """The id without its lesson: "dct_matrix"."""
        return self.id.partition(".")[2]


def lessons() -> list[str]:
    """The numbers of the lessons that have exercises: ["00", "01", ...]."""
    modules = pkgutil.iter_modules([str(Path(__file__).parent)])
    return sorted(module.name[7:] for module in modules if module.name.startswith("lesson_"))


def of_lesson(number: str) -> dict[str, Exercise]:
    """The exercises of one lesson by id, in their order; empty for a lesson without exercises."""
    if number not in lessons():
        return {}
    module = importlib.import_module(f"lic_course.exercises.lesson_{number}")
    return {exercise.id: exercise for exercise in module.EXERCISES}


def get(exercise_id: str) -> Exercise:
    """The exercise with this id.

    Raises `LicError` with the ids that the lesson has when there is none.
    """
    number = str(exercise_id).partition(".")[0]
    exercises = of_lesson(number)
    if exercise_id in exercises:
        return exercises[exercise_id]
    known = ", ".join(exercises) or f"none for lesson {number!r}"
    raise LicError(f"There is no exercise {exercise_id!r}; the exercises here are: {known}.")
