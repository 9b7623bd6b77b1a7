"""Judging a learner's answer, and saying what is right, wrong and why."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lic_course.errors import LicError
from lic_course.exercises import recording
from lic_course.exercises.comparing import difference, one_line, short
from lic_course.exercises.core import Case, Exercise, get
from lic_course.exercises.guarding import Outcome, call

RIGHT, WRONG, NOT_DONE = "right", "wrong", "not done"
_VERBS = ("raises", "returns", "is still", "ends", "prints")
_SIGN = {RIGHT: "✔", WRONG: "✘", NOT_DONE: "…"}


@dataclass(frozen=True)
class Verdict:
    """The result of trying an answer: its status, the cases it passed, and one or two lines."""

    status: str
    message: str
    passed: int = 0
    cases: int = 0


@dataclass(frozen=True)
class _Trial:
    """One case tried: what the call gave, and the complaint about it ("" when it is right)."""

    case: Case
    outcome: Outcome
    complaint: str


def check(exercise_id: str, answer: object) -> None:
    """Print whether `answer`, the learner's function, solves the exercise, and if not, why.

    Never raises, whatever the answer is or does (the user's own interrupt aside). Under
    `lic grade` the hidden cases are tried too and the result is recorded.
    """
    try:
        exercise = get(exercise_id)
        verdict = _verdict(exercise, answer)
    except LicError as error:
        print(f"✘ {error}")
        return
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        verdict = Verdict(WRONG, f"the answer cannot be checked: {one_line(error)}")
    print(f"{_SIGN[verdict.status]} {exercise_id}: {verdict.message}")
    mark = recording.Mark(
        exercise_id, verdict.status, verdict.passed, verdict.cases, verdict.message
    )
    recording.add(mark)


def require(exercise_id: str, answer: object, seed: int = 0) -> None:
    """Raise `AssertionError` unless `answer` passes all cases, the hidden ones included.

    This is the hidden test of a released assignment: nbgrader gives points when nothing is raised.
    """
    verdict = examine(get(exercise_id), answer, seed)
    assert verdict.status == RIGHT, f"{exercise_id}: {verdict.message}"


def _verdict(exercise: Exercise, answer: object) -> Verdict:
    if not recording.grading():
        return examine(exercise, answer)
    if str(getattr(answer, "__module__", "")).startswith("lic_course"):
        return Verdict(WRONG, "this is the course's own function, not an answer")
    return examine(exercise, answer, recording.seed())


def examine(exercise: Exercise, answer: object, seed: int | None = None) -> Verdict:
    """Try an answer on the exercise's cases, and with a `seed` on the hidden cases too."""
    if answer is None or answer is Ellipsis:
        return _not_done(exercise, "")
    if not callable(answer):
        words = f"expected your function {exercise.name}, got {short(answer)}"
        return Verdict(WRONG, words)
    cases = list(exercise.cases)
    if seed is not None:
        cases += exercise.hidden(np.random.default_rng(seed))
    trials = _try_all(exercise, answer, cases)
    if all(_is_pending(trial.outcome) for trial in trials):
        gave = "" if trials[0].outcome.error else "the function returns None"
        return _not_done(exercise, gave)
    passed = sum(not trial.complaint for trial in trials)
    if passed == len(cases):
        return Verdict(RIGHT, f"correct ({passed} cases)", passed, len(cases))
    return Verdict(WRONG, _explanation(exercise, trials), passed, len(cases))


def _not_done(exercise: Exercise, why: str) -> Verdict:
    words = f"not done yet{': ' if why else ''}{why} ({exercise.minutes} min)"
    return Verdict(NOT_DONE, words, 0, len(exercise.cases))


def _is_pending(outcome: Outcome) -> bool:
    if outcome.error:
        return issubclass(outcome.error, NotImplementedError)
    return outcome.value is None or outcome.value is Ellipsis


def _try_all(exercise: Exercise, answer: Callable, cases: Sequence[Case]) -> list[_Trial]:
    """Try the cases in order, and stop after one that does not come to an end."""
    trials = []
    for one in cases:
        outcome = call(answer, copy.deepcopy(one.args), exercise.seconds)
        trials.append(_Trial(one, outcome, outcome.failure or _complaint(exercise, one, outcome)))
        if outcome.too_slow:
            break
    return trials


def _complaint(exercise: Exercise, one: Case, outcome: Outcome) -> str:
    """Compare one value with the solution's, guarded: the value may be any object."""
    if outcome.value is None or outcome.value is Ellipsis:
        return "returns nothing (None): is a return missing?"

    def compare() -> str:
        args = copy.deepcopy(one.args)
        if exercise.judge:
            return exercise.judge(outcome.value, *args) or ""
        return difference(outcome.value, exercise.solution(*args), exercise.rtol, exercise.atol)

    compared = call(compare, (), exercise.seconds)
    if compared.failure:
        return f"returns {short(outcome.value)}, which cannot be compared with the right result"
    return str(compared.value)


def _explanation(exercise: Exercise, trials: list[_Trial]) -> str:
    first = next(trial for trial in trials if trial.complaint)
    called = f"{exercise.name}({', '.join(short(arg) for arg in first.case.args)})"
    if first.case.words:
        called = f"for {first.case.words}, {exercise.name}"
    joint = " " if first.complaint.startswith(_VERBS) else ": "
    lines = [f"{called}{joint}{first.complaint}"]
    if hint := _hint(exercise, trials):
        lines.append(f"  Hint: {hint}")
    if first.outcome.printed and not first.outcome.too_slow:
        lines.append("  (What your function prints is not shown here.)")
    return "\n".join(lines)


def _hint(exercise: Exercise, trials: list[_Trial]) -> str:
    """The hint of the typical mistake that gives the learner's results in every case tried."""
    for wrong in exercise.wrong:
        if all(_same(exercise, wrong.answer, trial) for trial in trials):
            return wrong.hint
    return ""


def _same(exercise: Exercise, mistake: Callable, trial: _Trial) -> bool:
    if trial.outcome.too_slow:
        return False
    theirs = call(mistake, copy.deepcopy(trial.case.args), exercise.seconds)
    if trial.outcome.error or theirs.error:
        return trial.outcome.error is theirs.error

    def compare() -> str:
        return difference(trial.outcome.value, theirs.value, exercise.rtol, exercise.atol)

    compared = call(compare, (), exercise.seconds)
    return not compared.failure and compared.value == ""
