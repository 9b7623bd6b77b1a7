"""The set-up: when nothing is to be done, what is made, repaired and updated, how it fails."""

import ast
import importlib.metadata
import json
import os
import re
import signal
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from lic_course import __main__ as entry
from lic_course import bootstrap, installer
from lic_course.bootstrap import Environment
from lic_course.files import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LINES = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]
PINS = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.M))
posix = pytest.mark.skipif(os.name == "nt", reason="signals and scripts of POSIX systems")


def one_sentence(text: str) -> bool:
    """One line that ends like a sentence, and no traceback."""
    return text.count("\n") == 0 and text.endswith(".") and "Traceback" not in text


# Old Pythons, and a Python with nothing


@pytest.mark.parametrize("name", ["__init__", "__main__", "bootstrap"])
def test_old_pythons_can_parse_what_they_load_first(name):
    ast.parse((ROOT / "lic_course" / f"{name}.py").read_text("utf-8"), feature_version=(3, 6))


def run_as(version: tuple[int, ...], *arguments: str) -> subprocess.CompletedProcess:
    code = (
        f"import runpy, sys; sys.version_info = {version}; sys.argv[1:] = {list(arguments)}; "
        "runpy.run_module('lic_course', run_name='__main__', alter_sys=True)"
    )
    command = [sys.executable, "-S", "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13)])
def test_an_old_python_says_one_sentence(version):
    result = run_as(version, "lab")
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr.startswith(
        f"The course needs Python 3.11 or newer and this is Python 3.{version[1]}"
    )
    assert result.stderr.count("\n") == 1


def test_the_oldest_python_is_the_one_of_pyproject():
    assert PROJECT["requires-python"] == ">={}.{}".format(*entry.OLDEST)


def test_a_bare_python_can_load_the_set_up_and_show_help(tmp_path):
    command = [sys.executable, "-S", "-m", "lic_course", "--help"]
    variables = dict(os.environ, LIC_VENV=str(tmp_path / "none"))
    result = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "python3 -m lic_course lab" in result.stdout and not (tmp_path / "none").exists()


def test_import_loads_nothing_heavy():
    code = "import sys, lic_course; dir(lic_course); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert not {"numpy", "torch", "PIL", "click"} & set(loaded.stdout.split())


# Requirements


def test_every_requirement_is_a_name_with_a_lower_and_an_upper_bound():
    for line in LINES:
        assert re.fullmatch(r"[\w-]+>=[\d.]+,<[\d.]+", line), line


versions = st.lists(st.integers(0, 40), min_size=1, max_size=4).map(
    lambda numbers: ".".join(map(str, numbers))
)


@given(versions, versions, versions)
def test_ranges_are_read_as_packaging_reads_them(version, low, high):
    bounds = f">={low},<{high}"
    assert bootstrap.in_range(version, bounds) == SpecifierSet(bounds).contains(version)
    assert bootstrap.in_range(version + "+cpu", bounds) == bootstrap.in_range(version, bounds)


def test_missing_tells_absent_old_and_new_packages():
    installed = importlib.metadata.version("numpy")
    lines = ["no-such-package>=1,<2", "numpy>=99,<100", "numpy>=0.1,<1", f"numpy>={installed},<99"]
    assert bootstrap.missing(lines) == lines[:3]


def test_the_pinned_versions_are_in_range_and_complete():
    pins = {name.lower().replace("_", "-"): version for name, version in PINS.items()}
    for requirement in map(Requirement, LINES):
        assert pins[requirement.name] in requirement.specifier


def test_the_pinned_versions_install_on_the_oldest_python():
    for name, version in PINS.items():
        try:
            found = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        if found["Version"].split("+")[0] == version and found["Requires-Python"]:
            assert SpecifierSet(found["Requires-Python"]).contains("3.11.0"), name


CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}


def test_the_conda_environment_has_the_same_requirements():
    entries = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    pip = next(entry["pip"] for entry in entries if isinstance(entry, dict))
    conda = [entry for entry in entries if isinstance(entry, str)]
    assert [entry for entry in pip if entry.startswith("-")] == ["-e ."]
    wanted = {Requirement(line).name: Requirement(line).specifier for line in LINES}
    found = {}
    for line in conda:
        name, _, bounds = line.partition(" ")
        found[{v: k for k, v in CONDA_NAMES.items()}.get(name, name)] = SpecifierSet(bounds)
    for line in pip:
        if not line.startswith("-"):
            found[Requirement(line).name] = Requirement(line).specifier
    assert found.pop("python") == SpecifierSet(PROJECT["requires-python"])
    assert found.pop("pip") == SpecifierSet()
    assert found == wanted


def test_continuous_integration_runs_the_command_of_the_readme():
    readme = (ROOT / "README.md").read_text("utf-8")
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    command = "python3 -m lic_course test"
    assert f"\n{command}\n" in readme and f"\n{command}" in script
    assert "\npython3 -m lic_course lab\n" in readme


@posix
def test_the_script_of_continuous_integration_is_bash():
    assert subprocess.run(["bash", "-n", ROOT / ".ci" / "run"]).returncode == 0


def test_pre_commit_checks_with_the_same_ruff():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    ruff = next(repo for repo in hooks if "ruff" in repo["repo"])
    assert ruff["rev"] == "v" + PINS["ruff"]
    assert [hook["id"] for hook in ruff["hooks"]] == ["ruff-check", "ruff-format"]


# The environment and its state, with a pip that only takes notes


class Notes:
    """Stands in for the installer: makes an environment without pip, remembers what was asked."""

    def __init__(self, monkeypatch):
        self.calls, self.error = [], None
        monkeypatch.setattr(installer, "create", self.create)
        monkeypatch.setattr(installer, "install", self.install)

    def create(self, folder):
        self.calls.append("create")
        venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(folder)

    def install(self, python, project, constraints, log, lock):
        self.calls.append("install")
        assert python.exists() and (python.parents[1] / bootstrap.MARKER).exists()
        if self.error:
            raise self.error


@pytest.fixture
def notes(monkeypatch):
    return Notes(monkeypatch)


@pytest.fixture
def environment(tmp_path):
    return Environment(tmp_path / "environment")


def test_a_new_environment_is_made_once(environment, notes):
    assert not environment.ready(LINES)
    environment.set_up(LINES)
    assert environment.ready(LINES) and not environment.marker.exists()
    environment.set_up(LINES)
    assert notes.calls == ["create", "install"]


def test_a_failed_set_up_starts_from_nothing_at_the_next_start(environment, notes):
    notes.error = installer.SetUpError("broken")
    with pytest.raises(installer.SetUpError, match="broken"):
        environment.set_up(LINES)
    assert not environment.ready(LINES)
    debris = environment.folder / "lib" / "half" / "written.py"
    debris.parent.mkdir(parents=True)
    debris.touch()
    notes.error = None
    environment.set_up(LINES)
    assert environment.ready(LINES) and not debris.exists()


def test_changed_requirements_update_what_is_there(environment, notes, monkeypatch, tmp_path):
    environment.set_up(LINES)
    kept = environment.folder / "kept"
    kept.touch()
    changed = tmp_path / "constraints.txt"
    changed.write_text("numpy==1.0\n")
    monkeypatch.setattr(bootstrap, "CONSTRAINTS", changed)
    assert not environment.ready(LINES)
    environment.set_up(LINES)
    assert environment.ready(LINES) and kept.exists()
    assert notes.calls == ["create", "install", "install"]


def test_an_update_without_network_goes_on_with_what_is_there(environment, notes, monkeypatch):
    environment.set_up(LINES)
    stamp = environment.stamped()
    environment.stamp.write_text(json.dumps({**stamp, "requirements": "older"}))
    notes.error = installer.NoNetwork("no network")
    monkeypatch.setattr(Environment, "meets", lambda self, lines: True)
    environment.set_up(LINES)
    assert not environment.marker.exists()
    monkeypatch.setattr(Environment, "meets", lambda self, lines: False)
    with pytest.raises(installer.NoNetwork):
        environment.set_up(LINES)


def test_a_moved_or_broken_environment_is_made_again(environment, notes, tmp_path):
    environment.set_up(LINES)
    moved = Environment(environment.folder.rename(tmp_path / "moved"))
    assert not moved.ready(LINES)
    moved.set_up(LINES)
    assert moved.ready(LINES)
    moved.python.unlink()
    assert not moved.ready(LINES)
    moved.set_up(LINES)
    assert moved.ready(LINES) and notes.calls == ["create", "install"] * 3


def test_an_environment_of_the_users_own_is_used_as_it_is(environment, notes):
    notes.create(environment.folder)
    assert environment.ready([]) and not environment.ready(["no-such-package>=1,<2"])
    environment.set_up([])
    assert notes.calls == ["create"]


def test_a_folder_with_other_files_is_left_alone(environment, notes):
    precious = environment.folder / "thesis.tex"
    precious.parent.mkdir()
    precious.write_text("precious")
    with pytest.raises(installer.SetUpError, match="holds other files") as caught:
        environment.set_up(LINES)
    assert one_sentence(str(caught.value)) and list(environment.folder.iterdir()) == [precious]


def test_a_place_that_cannot_be_written_is_named(tmp_path, notes):
    (tmp_path / "file").touch()
    with pytest.raises(installer.SetUpError, match=r"cannot write .*file") as caught:
        Environment(tmp_path / "file" / "environment").set_up(LINES)
    assert one_sentence(str(caught.value)) and not notes.calls


def test_a_python_without_venv_says_how_to_get_it(environment, monkeypatch):
    monkeypatch.setattr(installer.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(installer.SetUpError, match="apt install python3-venv") as caught:
        environment.set_up(LINES)
    assert one_sentence(str(caught.value)) and not environment.folder.exists()


def test_a_venv_that_fails_is_one_sentence(tmp_path, monkeypatch):
    def fail(self, folder):
        raise subprocess.CalledProcessError(1, ["python", "-m", "ensurepip"])

    monkeypatch.setattr(venv.EnvBuilder, "create", fail)
    with pytest.raises(installer.SetUpError, match="python3-venv") as caught:
        installer.create(tmp_path)
    assert one_sentence(str(caught.value))


# What a start does


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """No requirement is met by the running Python, and the environment would be in `tmp_path`."""
    monkeypatch.setenv("LIC_VENV", str(tmp_path / "environment"))
    monkeypatch.setattr(bootstrap, "missing", lambda lines: lines)
    return tmp_path / "environment"


def test_a_complete_python_is_used_and_nothing_made(monkeypatch, tmp_path, notes):
    monkeypatch.setenv("LIC_VENV", str(tmp_path / "environment"))
    assert bootstrap.missing(LINES) == []
    assert bootstrap.prepare(["test"]) == Path(sys.executable)
    assert not list(tmp_path.iterdir()) and not notes.calls


def test_another_python_is_handed_over_to(elsewhere, notes, monkeypatch):
    seen = []
    monkeypatch.setattr(bootstrap, "hand_over", lambda python, arguments: seen.append(arguments))
    bootstrap.main(["encode", "a", "b"])
    bootstrap.main(["codecs"])
    assert seen == [["encode", "a", "b"], ["codecs"]] and notes.calls == ["create", "install"]


def test_errors_of_the_set_up_are_one_sentence_and_two(elsewhere, notes, capsys):
    notes.error = installer.NoNetwork("There is no network.")
    assert bootstrap.main(["codecs"]) == 2
    assert capsys.readouterr().err == "There is no network.\n"


def test_control_c_is_quiet(elsewhere, notes, capsys):
    notes.error = KeyboardInterrupt()
    assert bootstrap.main(["codecs"]) == 130
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--help"], ["lab", "--help"]])
def test_help_installs_nothing(elsewhere, notes, capsys, arguments):
    assert bootstrap.main(arguments) == 0
    assert "python3 -m lic_course lab" in capsys.readouterr().out
    assert not notes.calls and not elsewhere.exists()


def test_root_is_told_of_the_option_before_anything_is_installed(
    elsewhere, notes, monkeypatch, capsys
):
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    assert bootstrap.main(["lab", "--no-browser"]) == 2
    message = capsys.readouterr().err.strip()
    assert "--allow-root" in message and one_sentence(message) and not notes.calls
    bootstrap.refuse_root(["--allow-root"])
    bootstrap.refuse_root(["--ServerApp.allow_root=True"])
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    bootstrap.refuse_root([])


# A real process that is killed, with a pip that sleeps

DRIVER = """
import signal, sys, venv
from lic_course import bootstrap, installer
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in background
installer.create = lambda folder: venv.EnvBuilder(with_pip=False).create(folder)
bootstrap.missing = lambda lines: lines
bootstrap.hand_over = lambda python, arguments: print("handed over")
sys.exit(bootstrap.main(["codecs"]))
"""
PIP = """
import pathlib, sys, time
folder = pathlib.Path(sys.prefix)
(folder / "touched").touch()
print("Collecting numpy", flush=True)
while not {go!r} or not pathlib.Path({go!r}).exists():
    time.sleep(0.05)
"""


def start(tmp_path: Path, go: str) -> subprocess.Popen:
    """Start a set-up whose pip works until the file `go` exists."""
    pip = tmp_path / "fake" / "pip"
    pip.mkdir(parents=True, exist_ok=True)
    (pip / "__main__.py").write_text(PIP.format(go=go))
    paths = [str(tmp_path / "fake"), str(ROOT)]
    variables = dict(
        os.environ,
        LIC_VENV=str(tmp_path / "environment"),
        PYTHONPATH=os.pathsep.join(paths),
        PYTHONUNBUFFERED="1",
    )
    command = [sys.executable, "-c", DRIVER]
    return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=-2, text=True)


def wait_for(path: Path, process: subprocess.Popen) -> None:
    while not path.exists():
        assert process.poll() is None, process.stdout.read()


@posix
def test_a_killed_set_up_is_repaired_after_its_pip_has_ended(tmp_path):
    environment, go = Environment(tmp_path / "environment"), tmp_path / "go"
    killed = start(tmp_path, str(go))
    wait_for(environment.folder / "touched", killed)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert environment.marker.exists() and not environment.ready(LINES)
    again = start(tmp_path, str(go))
    assert "waiting for it to finish" in again.stdout.readline()  # its pip lives on
    go.touch()
    output, _ = again.communicate()
    assert again.returncode == 0, output
    assert "was interrupted" in output and output.endswith("handed over\n")
    assert environment.ready(LINES) and not environment.marker.exists()


@posix
def test_control_c_stops_pip_too(tmp_path):
    process = start(tmp_path, "")
    wait_for(tmp_path / "environment" / "touched", process)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate()
    assert process.returncode == 130 and "Traceback" not in output
    with installer.locked(tmp_path / "environment" / bootstrap.LOCK):
        pass  # nobody holds the lock any more
