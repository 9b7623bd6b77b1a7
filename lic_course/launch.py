"""What `lab` and `test` start: JupyterLab and pytest, with this clone of the course importable."""

import importlib.metadata
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lic_course.files import ROOT

FIRST_LESSON = "notebooks/00_start_here.ipynb"
FIRST_TEST, LAST_TEST = "test_style.py", "test_browser.py"
# Another version of these may print other digits or write other bytes.
DECISIVE = ("pillow", "imagecodecs", "pillow-heif", "numpy", "scipy", "scikit-image", "torch")
# Options of pytest that are followed by a value, which is then not a path.
TAKES_VALUE = ("-k", "-m", "-o", "-p", "-c", "-W", "-n", "--ignore", "--deselect", "--maxfail")


def lab_command(arguments: Sequence[str]) -> list[str]:
    """The command that opens JupyterLab at the first lesson, unless `arguments` name a file."""
    command = [sys.executable, "-m", "jupyterlab", "--LabApp.news_url=None"]
    if not any(os.path.exists(argument) for argument in arguments):
        command += [str(ROOT / FIRST_LESSON)]
        if not any("root_dir" in argument or "notebook-dir" in argument for argument in arguments):
            command += [f"--ServerApp.root_dir={ROOT}"]
    return [*command, *arguments]


def lab_environment() -> dict[str, str]:
    """The variables for JupyterLab: its kernel and its terminals use this very environment."""
    return dict(
        os.environ,
        PYTHONPATH=_before("PYTHONPATH", ROOT),
        JUPYTER_PATH=_before("JUPYTER_PATH", Path(sys.prefix, "share", "jupyter")),
        PATH=_before("PATH", Path(sys.executable).parent),
    )


def _before(variable: str, folder: Path) -> str:
    """The value of a list of folders with one more in front."""
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get(variable)])])


def run(command: Sequence[str], variables: dict[str, str], folder: Path | None = None) -> int:
    """Run a command until it ends and return its exit code; it deals with Ctrl-C itself."""
    with subprocess.Popen(command, env=variables, cwd=folder) as process:
        before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        try:
            return _wait(process)
        finally:
            signal.signal(signal.SIGTERM, before)


def _wait(process: subprocess.Popen) -> int:
    while True:
        try:
            code = process.wait()
            return code if code >= 0 else 128 - code  # ended by a signal: as a shell says it
        except KeyboardInterrupt:
            continue


def pytest_command(arguments: Sequence[str]) -> list[str]:
    """The command that runs all tests, or those that `arguments` name, in the course's order.

    The notebooks run too: their printed numbers are compared with the stored ones where the
    packages that make the numbers have the tested versions.
    """
    options = [
        "--nbval-lax" if other_versions() else "--nbval",
        "--nbval-current-env",
        "--nbval-cell-timeout=300",
        f"--nbval-sanitize-with={ROOT / 'tests' / 'nbval.cfg'}",
    ]
    named = [_is_path(*pair) for pair in zip(arguments, ["", *arguments], strict=False)]
    paths = [] if any(named) else all_tests()
    chosen = [
        _absolute(argument) if path else argument
        for argument, path in zip(arguments, named, strict=True)
    ]
    return [sys.executable, "-m", "pytest", *options, *chosen, *paths]


def all_tests() -> list[str]:
    """Every test file and notebook, quick and telling ones first, the browser last."""
    files = sorted((ROOT / "tests").glob("test_*.py"), key=lambda path: path.name)
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    solved = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
    first = [path for path in files if path.name == FIRST_TEST]
    last = [path for path in files if path.name == LAST_TEST]
    others = [path for path in files if path not in first + last]
    return [str(path) for path in first + others + notebooks + solved + last]


def _is_path(argument: str, before: str) -> bool:
    """Whether an argument of pytest is a file or a folder, and not the value of an option."""
    if argument.startswith("-") or before in TAKES_VALUE:
        return False
    return os.path.exists(argument.split("::")[0])


def _absolute(argument: str) -> str:
    """A path, perhaps with ::test behind it, made independent of the user's folder."""
    path, *test = argument.split("::")
    return "::".join([os.path.abspath(path), *test])


def other_versions() -> list[str]:
    """Sentences such as "numpy is 2.3.1, not 2.4.6" for packages that make the printed numbers."""
    tested = dict(re.findall(r"^([\w.-]+)==(\S+)", constraints(), re.M))
    tested = {name.lower().replace("_", "-"): version for name, version in tested.items()}
    found = {name: importlib.metadata.version(name).split("+")[0] for name in DECISIVE}
    return [
        f"{name} is {found[name]}, not {tested[name]}"
        for name in DECISIVE
        if found[name] != tested[name]
    ]


def constraints() -> str:
    """The text of constraints.txt: the exact versions that the stored outputs were made with."""
    return (ROOT / "constraints.txt").read_text("utf-8")
