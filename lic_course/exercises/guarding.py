"""Calling a function that may do anything: raise, exit, print without end, never return."""

import contextlib
import ctypes
import io
import linecache
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from lic_course.exercises.comparing import one_line

MOST_PRINTED = 100_000


class _Stopped(BaseException):
    """Raised inside the guarded function to end it."""


class _PrintsTooMuch(_Stopped):
    """The function printed more than a check reads."""


class _Sink(io.TextIOBase):
    """Swallows what is printed, up to a limit."""

    def __init__(self):
        self.count = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.count += len(text)
        if self.count > MOST_PRINTED:
            raise _PrintsTooMuch
        return len(text)


@dataclass(frozen=True)
class Outcome:
    """What a guarded call gave: a value, or a failure in words with the exception's type."""

    value: object = None
    failure: str = ""
    error: type | None = None
    printed: bool = False
    too_slow: bool = False


class _Worker(threading.Thread):
    """Runs one call in a thread, so that the main thread can give up on it."""

    def __init__(self, function: Callable, args: tuple):
        super().__init__(daemon=True)
        self.function, self.args = function, args
        self.value: object = None
        self.error: BaseException | None = None
        self.done = threading.Event()

    def run(self) -> None:
        try:
            self.value = self.function(*self.args)
        except BaseException as error:
            self.error = error
        finally:
            self.done.set()

    def stop(self, patience: float = 1.0) -> None:
        """Raise `_Stopped` in the thread, again while it catches it, for `patience` seconds."""
        for _ in range(max(1, round(patience / 0.05))):
            ident = ctypes.c_ulong(self.ident or 0)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(_Stopped))
            if self.done.wait(0.05):
                return


def call(function: Callable, args: tuple, seconds: float) -> Outcome:
    """Call `function(*args)` in a thread for at most `seconds`, whatever it does.

    Only the user's own interrupt (KeyboardInterrupt in the main thread) passes through. Printed
    text is swallowed. Code that ignores being stopped, such as one long library call, is left
    behind in its thread, which ends with the program.
    """
    sink = _Sink()
    worker = _Worker(function, args)
    with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
        worker.start()
        try:
            in_time = worker.done.wait(seconds)
        finally:
            if not worker.done.is_set():
                worker.stop()
    if not in_time:
        words = f"is still running after {seconds:g} seconds: does a loop never end?"
        return Outcome(failure=words, error=TimeoutError, printed=sink.count > 0, too_slow=True)
    if worker.error is not None:
        return _failed(worker.error, function, sink.count > 0)
    return Outcome(value=worker.value, printed=sink.count > 0)


def _failed(error: BaseException, function: Callable, printed: bool) -> Outcome:
    if isinstance(error, _PrintsTooMuch):
        words = "prints without end: does a loop never end?"
        return Outcome(failure=words, error=type(error), printed=True, too_slow=True)
    if isinstance(error, SystemExit):
        words = "ends the program (SystemExit): give the result back with return"
        return Outcome(failure=words, error=SystemExit, printed=printed)
    words = f"raises {one_line(error)}{_place(error, function)}"
    return Outcome(failure=words, error=type(error), printed=printed)


def _place(error: BaseException, function: Callable) -> str:
    """The line of the learner's own code that raised, as ', at "x = y / 0"'."""
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    line = ""
    with contextlib.suppress(Exception):
        for frame, number in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename == code.co_filename:
                line = linecache.getline(code.co_filename, number).strip()[:80]
    return f', at "{line}"' if line else ""
