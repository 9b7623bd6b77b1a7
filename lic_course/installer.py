"""Installs the course into a virtual environment: one pip, its progress, its failures in words.

Standard library only: it runs before anything is installed.
"""

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import venv

# Modules are compiled when they are first used, which halves the time of the set-up; by pip only
# where Python has been told not to write compiled files.
OPTIONS = ["--progress-bar", "off", "--compile" if sys.dont_write_bytecode else "--no-compile"]
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
NETWORK = re.compile(
    "NewConnectionError|NameResolutionError|Failed to establish|ConnectTimeout|ReadTimeout"
    "|ProxyError|Temporary failure in name|getaddrinfo failed|Connection (refused|reset|broken)"
    "|Network is unreachable|SSLError|RemoteDisconnected|IncompleteRead|HTTP error 5"
)
NO_WHEEL = re.compile("No matching distribution found for ([^ \n]+)|ResolutionImpossible")


class SetUpError(Exception):
    """The set-up cannot go on; the message is one sentence that says what to do."""


class NoNetwork(SetUpError):
    """The package index cannot be reached."""


class NoWheel(SetUpError):
    """A package has no ready-made build for this Python."""

    def __init__(self, package, message):
        super().__init__(message)
        self.package = package


def say(text):
    """Print one line at once."""
    print(text, flush=True)


def check_venv_module():
    """Raise `SetUpError` when this Python cannot make virtual environments (Debian's default)."""
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise SetUpError(
            "This Python cannot make virtual environments (venv or ensurepip is missing): on "
            "Debian or Ubuntu install it with 'sudo apt install python3-venv', elsewhere install "
            "Python from https://www.python.org, then run this command again."
        )


def create(folder):
    """Make the virtual environment, with pip in it."""
    try:
        venv.EnvBuilder(with_pip=True, symlinks=os.name != "nt").create(folder)
    except subprocess.CalledProcessError as error:
        raise SetUpError(
            f"This Python could not make a virtual environment in {folder} ({error}): reinstall "
            "Python (on Debian or Ubuntu: 'sudo apt install python3-venv') and run this again."
        ) from error


@contextlib.contextmanager
def locked(path):
    """Hold a file's lock: one set-up at a time. The system frees it however the process ends."""
    with open(path, "a") as file:
        if not _try_lock(file):
            say("Another set-up of the course is at work here: waiting for it to finish.")
            while not _try_lock(file):
                time.sleep(0.5)
        yield file


def _try_lock(file):
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a file system without locks: go on without one
        return True
    return True


def install(python, project, constraints, log, lock):
    """Install the project with its requirements and test tools into the environment of `python`.

    First with the tested versions; where one of them has no build for this Python, with the ranges
    of pyproject.toml. All of pip's output goes to the file `log`. An open `lock` is passed on to
    pip, so that a pip that outlives this process still holds it. Raises `SetUpError`.
    """
    log.unlink(missing_ok=True)
    pip = Pip(python, log, lock)
    try:
        _install_all(pip, project, ["-c", str(constraints)])
    except NoWheel as error:
        say(f"{error.package} is not built for this Python: other versions may print other digits.")
        _install_all(pip, project, [])
    pip.progress.done(f"Set up in {pip.progress.seconds():.0f} s.")


def _install_all(pip, project, constraints):
    if sys.platform == "linux" and not has_nvidia_gpu():
        torch = torch_requirement(project)
        options = ["--no-deps", "--retries", "0", "--timeout", "15", "--index-url", CPU_INDEX]
        with contextlib.suppress(SetUpError):  # the ordinary install below brings another build
            pip.install([*options, *constraints, torch])
    pip.install(["--only-binary", ":all:", *constraints, "-e", f"{project}[test]"])


def has_nvidia_gpu():
    """Whether an NVIDIA driver is there: only then the builds of several GB for GPUs make sense."""
    return bool(shutil.which("nvidia-smi")) or os.path.exists("/proc/driver/nvidia/version")


def torch_requirement(project):
    """The requirement line of torch in the project's pyproject.toml."""
    table = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    return next(line for line in table["dependencies"] if re.match(r"torch\b", line))


class Pip:
    """Runs pip with its output in a log file, and shows what it is doing in one line."""

    def __init__(self, python, log, lock):
        self.python, self.log, self.lock = python, log, lock
        self.progress = Progress()

    def install(self, arguments):
        """`pip install` with these arguments; raises `SetUpError` in words when it fails."""
        command = [str(self.python), "-m", "pip", "install", *OPTIONS, *arguments]
        quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_USER": "0"}
        descriptors = () if os.name == "nt" else (self.lock.fileno(),)
        with open(self.log, "ab") as log, open(self.log, encoding="utf-8", errors="replace") as new:
            new.seek(0, os.SEEK_END)
            start = new.tell()
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(os.environ, **quiet, PYTHONUNBUFFERED="1"),
                pass_fds=descriptors,
            )
            self._follow(process, new)
            new.seek(start)
            if process.returncode:
                raise failure(new.read(), self.log)

    def _follow(self, process, log):
        try:
            while process.poll() is None:
                time.sleep(0.2)
                self.progress.read(log.read(), self._installed())
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise

    def _installed(self):
        """The names of the packages in the environment, as in the names of their folders."""
        library = "Lib" if os.name == "nt" else "lib/python*"
        packages = self.python.parent.parent.glob(f"{library}/site-packages/*.dist-info")
        return {_plain(path.name.split("-")[0]) for path in packages}


def _plain(name):
    return re.sub("[-_.]+", "-", name).lower()


class Progress:
    """One line that tells the elapsed seconds and what is being installed."""

    def __init__(self):
        self.start = time.monotonic()
        self.text, self.shown, self.rest = "starting pip", 0.0, ""
        self.names, self.before = [], set()  # what pip installs now, what was there before
        self.terminal = sys.stdout.isatty()

    def seconds(self):
        """Seconds since the start."""
        return time.monotonic() - self.start

    def read(self, output, installed):
        """Take in new output of pip and the set of installed packages, and show the state."""
        *lines, self.rest = (self.rest + output).split("\n")
        for line in lines:
            self._read_line(line.strip(), installed)
        if self.names:
            new = installed - self.before
            done = [index for index, name in enumerate(self.names, 1) if _plain(name) in new]
            now = min(max(done, default=0), len(self.names) - 1)
            self.text = f"installing {now + 1} of {len(self.names)}: {self.names[now]}"
        self._show()

    def _read_line(self, line, installed):
        if match := re.match(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line):
            self.text, self.names = f"looking up {match[1]}", []
        elif match := re.match(r"Downloading (?:\S*/)?([\w.]+)-\S*whl (\(.*\))", line):
            self.text = f"downloading {match[1]} {match[2]}"
        elif match := re.match(r"Processing (?:\S*/)?([\w.]+)-\S*whl", line):
            self.text = f"unpacking {match[1]}"
        elif match := re.match(r"Installing collected packages: (.*)", line):
            self.names, self.before = match[1].split(", "), installed

    def _show(self):
        line = f"{self.seconds():5.0f} s  {self.text}"
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            print("\r" + line[:width].ljust(width), end="", flush=True)
        elif self.seconds() - self.shown > 5:  # a log file: a line now and then
            self.shown = self.seconds()
            say(line)

    def done(self, text):
        """End the line with a last word."""
        if self.terminal:
            print("\r" + " " * (shutil.get_terminal_size().columns - 1), end="\r")
        say(text)


def failure(output, log):
    """The `SetUpError` that says in one sentence why pip, which printed `output`, failed."""
    where = f"pip's whole output is in {log}."
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    if "No space left on device" in output:
        return SetUpError(f"The disk is full: make room and run this command again; {where}")
    if NETWORK.search(output):
        return NoNetwork(
            "pip cannot reach the package index: check the network connection (behind a proxy, "
            f"set HTTPS_PROXY) and run this command again; {where}"
        )
    if match := NO_WHEEL.search(output):
        package = match[1] or "one of the tested versions"
        return NoWheel(
            package,
            f"There is no ready-made build of {package} for {python} on this system: start with "
            f"another version of Python, for example python3.12; {where}",
        )
    reasons = re.findall(r"^ERROR: (.*)", output, re.M)
    reason = f" ({reasons[-1].rstrip('.')})" if reasons else ""
    return SetUpError(f"pip could not install the requirements{reason}; {where}")
