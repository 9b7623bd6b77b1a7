"""pip: what is asked of it, what it says in between, and how its failures are told."""

import sys
from pathlib import Path

import pytest

from lic_course import installer
from lic_course.files import ROOT


class FakePip:
    """Takes notes of what pip is asked to install, and fails as told."""

    def __init__(self, monkeypatch, failures=()):
        self.asked, self.failures = [], list(failures)
        monkeypatch.setattr(installer, "Pip", lambda *arguments: self)
        self.progress = installer.Progress()

    def install(self, arguments):
        self.asked.append(arguments)
        if self.failures and (error := self.failures.pop(0)):
            raise error


def install(tmp_path):
    log = tmp_path / "log"
    installer.install(Path("python"), ROOT, ROOT / "constraints.txt", log, None)


def test_torch_for_the_cpu_comes_first_on_linux_without_a_gpu(tmp_path, monkeypatch):
    monkeypatch.setattr(installer.sys, "platform", "linux")
    monkeypatch.setattr(installer, "has_nvidia_gpu", lambda: False)
    pip = FakePip(monkeypatch, [installer.NoNetwork("that index cannot be reached")])
    install(tmp_path)
    first, second = pip.asked
    assert installer.CPU_INDEX in first and "--no-deps" in first and first[-1].startswith("torch>")
    assert second[-2:] == ["-e", f"{ROOT}[test]"] and str(ROOT / "constraints.txt") in second


@pytest.mark.parametrize(("platform", "gpu"), [("linux", True), ("darwin", False), ("win32", True)])
def test_elsewhere_the_ordinary_torch_is_installed(tmp_path, monkeypatch, platform, gpu):
    monkeypatch.setattr(installer.sys, "platform", platform)
    monkeypatch.setattr(installer, "has_nvidia_gpu", lambda: gpu)
    pip = FakePip(monkeypatch)
    install(tmp_path)
    assert len(pip.asked) == 1


def test_ranges_are_used_where_a_pinned_version_has_no_build(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(installer, "has_nvidia_gpu", lambda: True)
    pip = FakePip(monkeypatch, [installer.NoWheel("numpy==2.4.6", "")])
    install(tmp_path)
    assert ["-c" in arguments for arguments in pip.asked] == [True, False]
    assert "numpy==2.4.6" in capsys.readouterr().out


FAILURES = {
    "WARNING: Retrying (Retry(total=4)) after connection broken by "
    "'NewConnectionError('Failed to establish a new connection: [Errno -2] Name or service not "
    "known')'\nERROR: Could not find a version that satisfies the requirement numpy\n"
    "ERROR: No matching distribution found for numpy": (installer.NoNetwork, "check the network"),
    "ERROR: No matching distribution found for numpy==2.4.6": (installer.NoWheel, "numpy==2.4.6"),
    "ERROR: ResolutionImpossible: for help visit": (installer.NoWheel, "one of the tested"),
    "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device": (
        installer.SetUpError,
        "disk is full",
    ),
    "ERROR: Something else.\n": (installer.SetUpError, "(Something else)"),
    "Killed": (installer.SetUpError, "could not install"),
}


@pytest.mark.parametrize(("output", "wanted"), FAILURES.items())
def test_failures_of_pip_become_one_sentence_with_the_log(output, wanted):
    error = installer.failure(output, Path("somewhere/set-up.log"))
    assert type(error) is wanted[0] and wanted[1] in str(error)
    assert (
        str(error).count("\n") == 0
        and str(error).endswith(".")
        and "somewhere" in str(error)
        and "set-up.log" in str(error)
    )


def test_a_real_pip_that_fails_leaves_its_output_in_the_log(tmp_path):
    log = tmp_path / "log"
    with installer.locked(tmp_path / "lock") as lock, pytest.raises(installer.NoWheel):
        pip = installer.Pip(Path(sys.executable), log, lock)
        pip.install(["--no-index", "--find-links", str(tmp_path), "no-such-package==1"])
    assert "No matching distribution found for no-such-package==1" in log.read_text()


def test_progress_tells_what_pip_does():
    progress, there = installer.Progress(), {"pip"}
    progress.read("Collecting numpy==2.4.6 (from lic_course)\n", there)
    assert progress.text == "looking up numpy"
    progress.read("  Downloading scikit_image-0.26.0-cp311-cp311-manylinux.whl (14.2 MB)\n", there)
    assert progress.text == "downloading scikit_image (14.2 MB)"
    progress.read("Installing collected packages: numpy, scikit_", there)
    progress.read("image, torch\n", there)
    assert progress.text == "installing 1 of 3: numpy"
    progress.read("", there | {"numpy", "scikit-image"})
    assert progress.text == "installing 3 of 3: torch"
    progress.read("", there | {"numpy", "scikit-image", "torch"})
    assert progress.text == "installing 3 of 3: torch"
