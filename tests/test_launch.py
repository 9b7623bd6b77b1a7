"""What `lab` and `test` start: commands, variables, the order of tests, the browser."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lic_course import browser, launch
from lic_course.files import ROOT


def test_lab_opens_the_first_lesson_in_the_whole_course():
    command = launch.lab_command(["--no-browser", "--port", "8890"])
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert command[-3:] == ["--no-browser", "--port", "8890"]
    assert str(ROOT / "notebooks" / "00_start_here.ipynb") in command
    assert f"--ServerApp.root_dir={ROOT}" in command


def test_lab_opens_what_the_user_names_instead(tmp_path):
    command = launch.lab_command([str(tmp_path)])
    assert command[-1] == str(tmp_path) and str(ROOT / launch.FIRST_LESSON) not in command
    assert not any("root_dir" in part for part in command)
    chosen = launch.lab_command(["--ServerApp.root_dir=/"])
    assert sum("root_dir" in part for part in chosen) == 1


def test_the_first_lesson_exists():
    assert (ROOT / launch.FIRST_LESSON).is_file()


def test_the_kernel_is_this_python_whatever_the_user_has_installed(tmp_path):
    for folder in (tmp_path / "data", tmp_path / "path"):
        other = folder / "kernels" / "python3"
        other.mkdir(parents=True)
        spec = {"argv": ["/another/python", "-f", "{connection_file}"], "display_name": "Python 3"}
        (other / "kernel.json").write_text(json.dumps(spec))
    code = (
        "from jupyter_client.manager import KernelManager; import lic_course;"
        "print(KernelManager().format_kernel_cmd()[0]); print(lic_course.__file__)"
    )
    own = {"JUPYTER_DATA_DIR": str(tmp_path / "data"), "JUPYTER_PATH": str(tmp_path / "path")}
    variables = {**launch.lab_environment(), **own}
    variables["JUPYTER_PATH"] = os.pathsep.join(
        [launch.lab_environment()["JUPYTER_PATH"], own["JUPYTER_PATH"]]
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(
        command, env=variables, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    python, package = result.stdout.splitlines()
    assert os.path.samefile(python, sys.executable)
    assert Path(package).parent == ROOT / "lic_course"


def test_terminals_of_lab_find_the_programs_of_the_environment():
    path = launch.lab_environment()["PATH"].split(os.pathsep)
    assert path[0] == str(Path(sys.executable).parent)


def test_all_tests_run_in_the_order_of_telling_most_first():
    paths = [Path(path).relative_to(ROOT).as_posix() for path in launch.all_tests()]
    assert paths[0] == "tests/test_style.py" and len(paths) == len(set(paths))
    wanted = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").glob("test_*.py")}
    lessons = [path for path in paths if path.endswith(".ipynb")]
    assert wanted | set(lessons) == set(paths)
    solved = [path for path in lessons if path.startswith("notebooks/solutions/")]
    assert lessons and len(lessons) == 2 * len(solved)
    if "tests/test_browser.py" in wanted:
        assert paths[-1] == "tests/test_browser.py"


def test_pytest_runs_the_notebooks_strictly_with_the_tested_versions(monkeypatch):
    monkeypatch.setattr(launch, "other_versions", list)
    assert "--nbval" in launch.pytest_command([])
    monkeypatch.setattr(launch, "other_versions", lambda: ["numpy is 3.0, not 2.4.6"])
    assert "--nbval-lax" in launch.pytest_command([])


@pytest.mark.parametrize(
    "arguments",
    [["tests/test_cli.py"], ["-x", "tests/test_cli.py::test_help"], ["notebooks", "-k", "jpeg"]],
)
def test_named_files_replace_the_list(monkeypatch, arguments):
    monkeypatch.chdir(ROOT)
    command = launch.pytest_command(arguments)
    assert not set(launch.all_tests()) - {str(ROOT / "tests" / "test_cli.py")} & set(command)


@pytest.mark.parametrize("arguments", [[], ["-x"], ["-k", "notebooks"], ["--durations=5"]])
def test_options_alone_keep_the_list(monkeypatch, arguments):
    monkeypatch.chdir(ROOT)
    command = launch.pytest_command(arguments)
    assert set(launch.all_tests()) < set(command) and set(arguments) <= set(command)


def test_other_versions_are_told_in_words(monkeypatch):
    version = launch.importlib.metadata.version
    monkeypatch.setattr(
        launch.importlib.metadata,
        "version",
        lambda name: "0.1+cpu" if name == "torch" else version(name),
    )
    assert any(words.startswith("torch is 0.1, not ") for words in launch.other_versions())


def test_run_gives_the_exit_code():
    assert launch.run([sys.executable, "-c", "raise SystemExit(7)"], dict(os.environ)) == 7
    if os.name != "nt":
        killed = [sys.executable, "-c", "import os; os.kill(os.getpid(), 15)"]
        assert launch.run(killed, dict(os.environ)) == 128 + 15


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX systems")
def test_the_program_ends_with_the_command_that_started_it():
    child = "import time; print('up', flush=True); time.sleep(600)"
    parent = (
        "import os, sys; from lic_course import launch; "
        f"sys.exit(launch.run([sys.executable, '-c', {child!r}], dict(os.environ)))"
    )
    command = [sys.executable, "-c", parent]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "up\n"
    process.terminate()
    assert process.stdout.read() == ""  # ends when the child, who holds the pipe too, has ended
    assert process.wait() == 128 + 15


@pytest.fixture
def no_browser(monkeypatch, tmp_path):
    for variable in ("CHROMIUM", "PLAYWRIGHT_BROWSERS_PATH"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(browser, "PLACES", ())
    monkeypatch.setattr(browser, "DOWNLOADS", ())
    return tmp_path


def program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o755)
    return str(path)


def test_the_browser_is_the_one_that_is_named_or_installed_or_downloaded(no_browser, monkeypatch):
    assert browser.installed_chromium() is None
    folder = no_browser / "playwright"
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(folder))
    shell = program(folder / "chromium_headless_shell-1" / "chrome-linux" / "headless_shell")
    assert browser.installed_chromium() == shell
    installed = program(no_browser / "chromium")
    assert browser.installed_chromium() == installed
    named = program(no_browser / "named" / "my-chrome")
    monkeypatch.setenv("CHROMIUM", named)
    assert browser.find_chromium() == named


def test_without_a_browser_one_is_downloaded_or_there_is_none(no_browser, monkeypatch):
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(no_browser / "playwright"))
    monkeypatch.setattr(browser.sys, "executable", str(no_browser / "no-python"))
    assert browser.find_chromium() is None

    def download(command, **options):
        assert command[1:4] == ["-m", "playwright", "install"]
        program(no_browser / "playwright" / "chromium-2" / "chrome-linux" / "chrome")

    monkeypatch.setattr(browser.subprocess, "run", download)
    assert browser.find_chromium().endswith("chrome")
