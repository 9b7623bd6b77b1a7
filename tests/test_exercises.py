"""Each exercise accepts its solution and rejects typical mistakes; checks never raise."""

import contextlib
import re
import sys
import time

import numpy as np
import pytest

from lic_course import exercises, files
from lic_course.errors import LicError
from lic_course.exercises import Exercise, Wrong, case, checking, recording
from lic_course.exercises.comparing import difference, short
from lic_course.exercises.lesson_00 import bits_per_pixel

ALL = {
    exercise_id: exercise
    for number in exercises.lessons()
    for exercise_id, exercise in exercises.of_lesson(number).items()
}
TOY = "00.bits_per_pixel"


@pytest.fixture(params=sorted(ALL))
def exercise(request) -> Exercise:
    return ALL[request.param]


def test_the_solution_is_right_in_visible_and_hidden_cases(exercise):
    assert exercises.examine(exercise, exercise.solution).status == "right"
    for seed in range(3):
        verdict = exercises.examine(exercise, exercise.solution, seed)
        assert verdict.status == "right", verdict.message
        assert verdict.cases > len(exercise.cases), "no hidden cases"


def test_typical_mistakes_are_wrong_and_get_their_hint(exercise):
    assert len(exercise.wrong) >= 3
    for wrong in exercise.wrong:
        verdict = exercises.examine(exercise, wrong.answer)
        assert verdict.status == "wrong", f"{wrong.answer.__name__} passes the visible cases"
        assert f"Hint: {wrong.hint}" in verdict.message
        assert "cannot be compared" not in verdict.message


def test_messages_are_the_same_in_every_run(exercise):
    for answer in (exercise.solution, *(wrong.answer for wrong in exercise.wrong)):
        messages = {exercises.examine(exercise, answer).message for _ in range(2)}
        assert len(messages) == 1
        assert not re.search(r"0x[0-9a-f]{6,}", messages.pop())


def test_a_stub_is_not_done_yet(exercise):
    for stub in (None, ..., lambda *args: None, lambda *args: ..., _not_implemented):
        assert exercises.examine(exercise, stub).status == "not done"


def test_its_description_is_complete(exercise):
    assert re.fullmatch(r"\d\d\.[a-z]\w*", exercise.id)
    assert exercise.name == exercise.solution.__name__
    assert exercise.task.endswith(".")
    assert exercise.minutes > 0
    assert exercise.points > 0
    assert len(exercise.cases) >= 2
    assert all(wrong.hint.endswith((".", "?", "!")) for wrong in exercise.wrong)


def _not_implemented(*args):
    raise NotImplementedError


# --- check never raises ---------------------------------------------------------------------------


class Hostile:
    """Every operation on it ends the program."""

    def __getattr__(self, name):
        raise SystemExit(name)

    def _exit(self, *args):
        raise SystemExit

    __eq__ = __repr__ = __str__ = __len__ = __iter__ = __float__ = __array__ = __hash__ = _exit


class HostileAnswer(Hostile):
    @property
    def __class__(self):
        raise SystemExit

    def __call__(self, *args):
        return self


def _exits(nbytes, height, width):
    sys.exit(3)


def _divides_by_zero(nbytes, height, width):
    print("working")
    return nbytes / 0


def _prints_forever(nbytes, height, width):
    while True:
        print("la" * 1000)


def _recurses(*args):
    return _recurses(*args)


def _interrupts(*args):
    raise KeyboardInterrupt


def _bad_message(*args):
    class Bad(Exception):
        __str__ = None

    raise Bad


ODD_ANSWERS = [
    (3, "got 3"),
    ("bits", "got 'bits'"),
    (Hostile, ""),
    (Hostile(), ""),
    (HostileAnswer(), ""),
    ((lambda n: n), "TypeError"),
    ((lambda *args: Hostile()), "Hostile"),
    ((lambda *args: "1.0"), "expected the number 1, got '1.0'"),
    ((lambda *args: [1.0]), "got [1]"),
    ((lambda *args: (n for n in args)), "type generator"),
    ((lambda *args: float("nan")), "got nan"),
    ((lambda *args: True), "got True"),
    (_exits, "return"),
    (_divides_by_zero, 'raises ZeroDivisionError: division by zero, at "return nbytes / 0"'),
    (_prints_forever, "prints without end"),
    (_recurses, "RecursionError"),
    (_interrupts, "KeyboardInterrupt"),
    (_bad_message, "raises Bad"),
    (int, "TypeError"),
]


@pytest.mark.parametrize("position", range(len(ODD_ANSWERS)))
def test_odd_answers_get_a_sentence(position, capsys):
    answer, words = ODD_ANSWERS[position]
    assert exercises.check(TOY, answer) is None
    printed, errors = capsys.readouterr()
    assert printed.startswith(f"✘ {TOY}: ")
    assert words in printed
    assert errors == ""
    assert len(printed) < 500


@pytest.mark.parametrize("exercise_id", ["00.missing", "77.x", "", None, 5, "../core"])
def test_an_unknown_exercise_is_a_sentence_with_the_known_ones(exercise_id, capsys):
    exercises.check(exercise_id, None)
    assert "There is no exercise" in capsys.readouterr().out
    with pytest.raises(LicError, match="There is no exercise"):
        exercises.get(exercise_id)


def test_what_check_prints(capsys):
    exercises.check(TOY, bits_per_pixel)
    exercises.check(TOY, None)
    exercises.check(TOY, lambda *args: None)
    exercises.check(TOY, lambda nbytes, h, w: nbytes / (h * w))
    assert capsys.readouterr().out.splitlines() == [
        "✔ 00.bits_per_pixel: correct (3 cases)",
        "… 00.bits_per_pixel: not done yet (3 min)",
        "… 00.bits_per_pixel: not done yet: the function returns None (3 min)",
        "✘ 00.bits_per_pixel: bits_per_pixel(49152, 512, 768): expected 1, got 0.125",
        "  Hint: nbytes counts bytes, and each byte has 8 bits.",
    ]


def test_a_forgotten_return_in_one_branch_is_named(capsys):
    exercises.check(TOY, lambda n, h, w: None if n == 17 else 8 * n / (h * w))
    assert "bits_per_pixel(17, 1, 1) returns nothing (None)" in capsys.readouterr().out


def _toy(**changes) -> Exercise:
    fields = {
        "id": "00.double",
        "task": "Double it.",
        "minutes": 1,
        "points": 1,
        "solution": lambda x: 2 * x,
        "cases": (case(2), case(5)),
        "wrong": (Wrong(lambda x: x, "twice."),),
    }
    return Exercise(**fields | changes)


def test_an_endless_loop_is_stopped():
    def endless(x):
        while True:
            with contextlib.suppress(Exception):
                time.sleep(0.001)

    verdict = exercises.examine(_toy(seconds=0.3), endless)
    assert "still running after 0.3 seconds" in verdict.message


def test_an_answer_may_change_its_arguments():
    def greedy(x):
        x *= 2
        return x

    cases = (case(np.arange(3)), case(np.arange(4)))
    assert exercises.examine(_toy(cases=cases), greedy).status == "right"
    assert cases[0].args[0].tolist() == [0, 1, 2]


def test_words_stand_for_long_arguments():
    toy = _toy(cases=(case(np.zeros((64, 64)), words="a black picture"),))
    message = exercises.examine(toy, lambda x: x + 1).message
    assert message.startswith("for a black picture, double: at [0, 0] expected 0, got 1 (4096 of")


def test_a_judge_replaces_the_comparison():
    def root(value, x):
        return None if value * value == x else f"{value} squared is not {x}"

    toy = _toy(cases=(case(4), case(9)), judge=root, solution=lambda x: int(x**0.5))
    assert exercises.examine(toy, lambda x: -int(x**0.5)).status == "right"
    assert "2 squared is not 9" in exercises.examine(toy, lambda x: 2).message


def test_require_raises_for_nbgrader():
    exercises.require(TOY, bits_per_pixel)
    with pytest.raises(AssertionError, match=r"expected 1, got 0\.125"):
        exercises.require(TOY, lambda n, h, w: n / (h * w))
    with pytest.raises(AssertionError, match="not done yet"):
        exercises.require(TOY, None)


def test_hidden_cases_catch_what_the_visible_ones_cannot():
    known = {(49152, 512, 768): 1.0, (1000, 100, 50): 1.6, (17, 1, 1): 136.0}
    table = lambda *args: known.get(args, 1.0)  # noqa: E731
    assert exercises.examine(ALL[TOY], table).status == "right"
    assert exercises.examine(ALL[TOY], table, seed=0).status == "wrong"


# --- the record of lic grade ----------------------------------------------------------------------


@pytest.fixture
def record(tmp_path, monkeypatch):
    monkeypatch.setattr(recording, "_record", None)
    path = tmp_path / "record"
    recording.start(str(path), "a secret", seed=4)
    return path


def test_a_record_holds_each_check_with_hidden_cases(record):
    exercises.check(TOY, lambda n, h, w: 8 * n / h / w)
    exercises.check(TOY, None)
    marks = recording.read(record, "a secret")
    assert [(mark.exercise, mark.status) for mark in marks] == [(TOY, "right"), (TOY, "not done")]
    assert marks[0].cases == 8


def test_a_record_ignores_lines_that_are_not_signed(record):
    exercises.check(TOY, None)
    with record.open("a") as file:
        file.write('{"exercise": "00.bits_per_pixel", "status": "right"}\n')
        file.write("0" * 64 + ' {"exercise": "00.bits_per_pixel", "status": "right"}\nnonsense\n')
    assert len(recording.read(record, "a secret")) == 1
    assert recording.read(record, "another secret") == []


def test_the_solution_of_the_package_earns_nothing(record):
    exercises.check(TOY, bits_per_pixel)
    assert recording.read(record, "a secret")[0].status == "wrong"


def test_lic_grade_alone_adds_the_hidden_cases(monkeypatch, capsys):
    monkeypatch.setenv("LIC_GRADE", "1")
    exercises.check(TOY, lambda n, h, w: 8 * n / h / w)
    assert "correct (8 cases)" in capsys.readouterr().out


# --- comparing ------------------------------------------------------------------------------------

EQUAL = [
    (1, 1.0),
    (np.float32(0.5), 0.5),
    (np.array(3), 3),
    ([1, 2], np.array([1.0, 2.0])),
    (np.array([1, 2]), [1, 2]),
    ((1, (2, "a")), [1, [2, "a"]]),
    ({"a": np.zeros(2)}, {"a": [0.0, 0.0]}),
    (bytearray(b"ab"), b"ab"),
    (np.bool_(True), True),
    ("x", "x"),
    (1 + 2j, np.complex128(1 + 2j)),
    (np.array([np.nan]), np.array([np.nan])),
]
DIFFERENT = [
    (1.1, 1.0, "expected 1, got 1.1"),
    (1.0000001, 1.0, ""),
    (1.00001, 1.0, "expected 1, got 1.00001"),
    (1.000002, 1.0, "expected 1.0, got 1.000002"),
    ("1", 1, "expected the number 1, got '1'"),
    (1, True, "expected True, got 1"),
    (True, 1, "expected the number 1, got True"),
    (b"ab", "ab", "expected 'ab', got b'ab'"),
    (np.zeros((2, 3)), np.zeros((3, 2)), "expected an array of shape (3, 2), got shape (2, 3)"),
    ([[1], [2, 3]], np.zeros(2), "expected an array of shape (2,)"),
    (np.array(["a"]), np.zeros(1), "expected an array of shape (1,)"),
    (5, np.zeros(1), "expected an array of shape (1,), got 5"),
    (np.array([0, 1]), np.zeros(2), "at [1] expected 0, got 1 (1 of 2 values differ)"),
    ([1, 2], [1, 2, 3], "expected 3 items, got 2"),
    ([1, 3], [1, 2], "item 1: expected 2, got 3"),
    (7, [7], "expected a list of 1 items, got 7"),
    ("ab", ["a", "b"], "expected a list of 2 items, got 'ab'"),
    ({}, {"a": 1}, "the key 'a' is missing"),
    ({"a": 2}, {"a": 1}, "key 'a': expected 1, got 2"),
    ({"a": 1, "b": 1}, {"a": 1}, "the key 'b' should not be there"),
    ([], {"a": 1}, "expected a dictionary with 1 keys, got []"),
]


@pytest.mark.parametrize("got, want", EQUAL)
def test_equal_values(got, want):
    assert difference(got, want) == ""


@pytest.mark.parametrize("got, want, words", DIFFERENT)
def test_different_values(got, want, words):
    found = difference(got, want)
    assert found.startswith(words) if words else found == ""


def test_a_tensor_counts_as_its_array():
    torch = pytest.importorskip("torch")
    assert difference(torch.ones(2, requires_grad=True), np.ones(2)) == ""
    assert difference(np.ones(2), torch.ones(2)) == ""
    assert difference(torch.tensor(2.0), 2) == ""


def test_short_is_short_and_has_no_addresses():
    values = [object(), np.zeros((9, 9)), list(range(50)), "x" * 500, {1: object()}, print, (1,)]
    for value in values:
        assert len(short(value)) <= 90
        assert "0x" not in short(value)


# --- the exercises in the lessons -----------------------------------------------------------------


def _checks_of_lessons() -> dict[str, set[str]]:
    pattern = re.compile(r"\bexercises\.check\(\s*[\"']([^\"']+)[\"']")
    sources = sorted((files.notebooks_dir() / "src").glob("[0-9][0-9]_*.py"))
    return {path.stem: set(pattern.findall(path.read_text("utf-8"))) for path in sources}


@pytest.mark.parametrize("name, checked", sorted(_checks_of_lessons().items()))
def test_lessons_check_exactly_the_registered_exercises(name, checked):
    assert checked == set(exercises.of_lesson(name[:2]))


def test_verdict_words_are_the_ones_the_grader_counts():
    assert (checking.RIGHT, checking.WRONG, checking.NOT_DONE) == ("right", "wrong", "not done")
