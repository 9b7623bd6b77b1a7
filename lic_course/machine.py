"""The self-check of lesson 00: what this machine has, and what to do about what it lacks."""

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from lic_course import codec, files


@dataclass(frozen=True)
class Finding:
    """One line of the self-check; `advice` is empty when nothing needs to be done."""

    what: str
    found: str
    ok: bool = True
    advice: str = ""

    def __str__(self) -> str:
        mark = "ok  " if self.ok else "note"
        line = f"{mark} {self.what:<12} {self.found}"
        return line + (f"\n                  {self.advice}" if self.advice else "")


def self_check() -> None:
    """Print what the course finds on this machine, with advice where something is missing."""
    findings = list(look())
    print(*findings, sep="\n")
    missing = sum(not finding.ok for finding in findings)
    if missing:
        print(f"\nThe course runs here; {missing} of {len(findings)} lines carry advice.")
    else:
        print("\nEverything is here: start.")


def look() -> Iterator[Finding]:
    """The findings one by one."""
    yield _python()
    yield _processor()
    yield _gpu()
    yield _disk()
    yield _widgets()
    yield _codecs()
    yield _data()


def _python() -> Finding:
    version = platform.python_version()
    ok = sys.version_info >= (3, 11)
    return Finding("Python", version, ok, "" if ok else "Install Python 3.11 or newer.")


def _processor() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = _memory()
    ok = memory is None or memory >= 4
    advice = "" if ok else "With less than 4 GiB close other programs before the later lessons."
    text = f"{cores} cores" + (f", {memory:.0f} GiB of memory" if memory else "")
    return Finding("computer", text, ok, advice)


def _memory() -> float | None:
    """Memory of the machine in GiB, or None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, ValueError, OSError):
        return None


def _gpu() -> Finding:
    import torch

    if torch.cuda.is_available():
        return Finding("GPU", torch.cuda.get_device_name())
    if torch.backends.mps.is_available():
        return Finding("GPU", "Apple GPU")
    return Finding("GPU", "none, and none is needed: every lesson runs on the processor")


def _disk() -> Finding:
    free = shutil.disk_usage(files.ROOT).free / 2**30
    ok = free >= 1
    advice = "" if ok else "Free at least 1 GiB before you download picture sets."
    return Finding("disk", f"{free:.0f} GiB free", ok, advice)


def _widgets() -> Finding:
    missing = [
        name
        for name in ("ipywidgets", "anywidget", "jupyterlab_widgets")
        if importlib.util.find_spec(name) is None
    ]
    if not missing:
        return Finding("widgets", "installed")
    advice = f"Run `pip install {' '.join(missing)}`, then restart JupyterLab."
    return Finding("widgets", f"missing: {', '.join(missing)}", False, advice)


def _codecs() -> Finding:
    reasons = {c.name: c.unavailable() for c in codec.codecs()}
    missing = {name: reason for name, reason in reasons.items() if reason}
    found = f"{len(reasons) - len(missing)} of {len(reasons)} run here"
    advice = " ".join(f"{name}: {reason}" for name, reason in missing.items())
    return Finding("codecs", found, not missing, advice)


def _data() -> Finding:
    results = sorted((files.data_dir() / "results").glob("*/*.json"))
    ok = bool(results)
    advice = "" if ok else "The folder data/results is empty: clone the whole project."
    return Finding("data", f"{len(results)} files of measured results", ok, advice)
