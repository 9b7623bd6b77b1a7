"""Finds or makes the environment of the course, then hands over to the command line.

    python3 -m lic_course lab      open the course in JupyterLab
    python3 -m lic_course test     run all tests
    python3 -m lic_course --help   once it is set up: every command

The first start installs what the course needs into the folder .venv of the project (set LIC_VENV
to choose another place). A Python that already has everything is used as it is.

Standard library only: this runs before anything is installed.
"""

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from lic_course import installer
from lic_course.installer import SetUpError, say

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "pyproject.toml"
CONSTRAINTS = ROOT / "constraints.txt"
MARKER = ".lic-incomplete"  # there while pip works: what it left behind is not to be trusted
STAMP = ".lic-complete"  # written last: what was installed, and for which folder
LOCK = ".lic-lock"


def main(arguments):
    """Run the command line `arguments` in a complete environment; returns the exit code."""
    try:
        python = prepare(arguments)
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. The next start goes on from here.", file=sys.stderr)
        return 130
    if python is None:
        print(__doc__.strip())
        return 0
    if python == Path(sys.executable):
        from lic_course.cli import main as command_line

        return command_line(arguments)
    return hand_over(python, arguments)


def prepare(arguments):
    """The Python that has what the command needs, set up first if necessary.

    None when only help is wanted and nothing is installed yet. Raises `SetUpError`.
    """
    running = Path(sys.executable)
    help_only = not arguments or "--help" in arguments or "-h" in arguments
    if arguments[:1] == ["lab"] and not help_only:
        refuse_root(arguments)
    if not PROJECT.exists():
        return running
    lines = requirements(test=arguments[:1] == ["test"])
    environment = Environment(environment_folder())
    inside = Path(sys.prefix).resolve() == environment.folder.resolve()
    if not inside and not missing(lines):
        return running
    if not environment.ready(lines):
        if help_only:
            return None
        environment.set_up(lines)
    return running if inside else environment.python


def refuse_root(arguments):
    """JupyterLab does not start for root unless told to; say so before anything is installed."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root and not any(re.search("allow.root|--version", argument) for argument in arguments):
        raise SetUpError(
            "JupyterLab does not run as root unless you say so: use an ordinary account, or add "
            "--allow-root to this command if this is a container or a machine of your own."
        )


def environment_folder():
    """Where the environment is: `.venv` in the project, or the folder that LIC_VENV names."""
    return Path(os.environ.get("LIC_VENV") or ROOT / ".venv").expanduser().absolute()


def requirements(test):
    """The lines of pyproject.toml that say what the course (and its tests) need."""
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    tools = project["optional-dependencies"]["test"] if test else []
    return project["dependencies"] + tools


def missing(lines):
    """Those of the requirements (`name>=low,<high`) that this Python does not meet."""
    return [line for line in lines if not _met(line)]


def _met(line):
    name, bounds = re.fullmatch(r"([\w.-]+)(.*)", line).groups()
    try:
        installed = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return bool(installed) and in_range(installed, bounds)


def in_range(version, bounds):
    """Whether a version such as `2.13.0+cpu` is within bounds such as `>=2.4,<3`."""
    for bound in filter(None, bounds.split(",")):
        low, number = bound.startswith(">="), bound.lstrip("><=")
        if (_release(version) >= _release(number)) != low:
            return False
    return True


def _release(version):
    """The release number without trailing zeros: 2.0 and 2.0.0 are the same."""
    numbers = [int(part) for part in re.match(r"\d+(\.\d+)*", version).group().split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers


class Environment:
    """The course's own virtual environment, and what is known about its state."""

    def __init__(self, folder):
        self.folder = folder
        self.marker, self.stamp, self.lock = folder / MARKER, folder / STAMP, folder / LOCK
        windows = os.name == "nt"
        self.python = folder / ("Scripts/python.exe" if windows else "bin/python")

    def wanted(self):
        """What the stamp says when everything is installed as this clone of the course needs it."""
        project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
        text = json.dumps(project, sort_keys=True) + CONSTRAINTS.read_text("utf-8")
        return {
            "requirements": hashlib.sha256(text.encode()).hexdigest(),
            "interpreter": os.path.realpath(self.python),
            "environment": str(self.folder),
            "course": str(ROOT),
        }

    def stamped(self):
        """What the stamp says, an empty dictionary when there is none."""
        try:
            return json.loads(self.stamp.read_text("utf-8"))
        except (OSError, ValueError):
            return {}

    def ready(self, lines):
        """Whether nothing needs to be done: installed by us, or by somebody else and complete."""
        if self.marker.exists() or not self.python.exists():
            return False
        return self.stamped() == self.wanted() if self.stamp.exists() else self.meets(lines)

    def meets(self, lines):
        """Whether the Python of the environment meets the requirements (asks it, so 0.1 s)."""
        question = (
            "import sys; from lic_course import bootstrap; "
            "sys.exit(bool(bootstrap.missing(sys.argv[1:])))"
        )
        command = [str(self.python), "-c", question, *lines]
        try:
            return subprocess.run(command, env=course_variables(), cwd=ROOT).returncode == 0
        except OSError:
            return False

    def set_up(self, lines):
        """Make or repair the environment; raises `SetUpError` with one clear sentence."""
        installer.check_venv_module()
        try:
            self._check_folder()
            self.folder.mkdir(parents=True, exist_ok=True)
            with installer.locked(self.lock) as lock:
                if not self.ready(lines):
                    self._install(lines, lock)
        except OSError as error:
            place = error.filename or self.folder
            raise SetUpError(
                f"The set-up cannot write {place} ({error.strerror}): make the folder writable, "
                "copy the course to a folder of your own, or set LIC_VENV to another place."
            ) from error

    def _check_folder(self):
        """Refuse to touch a folder that is in use for something else."""
        ours = [self.marker, self.stamp, self.lock, self.folder / "pyvenv.cfg"]
        if any(path.exists() for path in ours) or not self.folder.exists():
            return
        if any(self.folder.iterdir()):
            raise SetUpError(
                f"{self.folder} holds other files: set LIC_VENV to a new or an empty folder."
            )

    def _install(self, lines, lock):
        rebuild = self._must_rebuild()
        say(f"Setting up the course in {self.folder} (once, a few minutes).")
        if self.marker.exists():
            say("The last set-up was interrupted: starting it again, downloads are kept.")
        self.marker.touch()
        if rebuild:
            self._clear()
            installer.create(self.folder)
        try:
            installer.install(self.python, ROOT, CONSTRAINTS, self.folder / "set-up.log", lock)
        except installer.NoNetwork:
            if rebuild or not self.meets(lines):
                raise
            say("There are newer versions to install, but no network: going on without them.")
        else:
            self.stamp.write_text(json.dumps(self.wanted()), "utf-8")
        self.marker.unlink()

    def _must_rebuild(self):
        if self.marker.exists() or not self.python.exists():
            return True
        old, new = self.stamped(), self.wanted()
        return bool(old) and any(old.get(key) != new[key] for key in ("interpreter", "environment"))

    def _clear(self):
        """Delete the environment, the marker last: a deletion that is interrupted goes on."""
        for path in self.folder.iterdir():
            if path not in (self.marker, self.lock):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def course_variables():
    """The process's environment variables, with this clone of the course importable everywhere."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH")]
    return dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, paths)))


def hand_over(python, arguments):
    """Go on in the other Python: replace this process where the system can, else wait for it."""
    command = [str(python), "-m", "lic_course", *arguments]
    sys.stdout.flush()
    if os.name != "nt":
        os.execve(python, command, course_variables())
    try:
        return subprocess.run(command, env=course_variables()).returncode
    except KeyboardInterrupt:
        return 130
