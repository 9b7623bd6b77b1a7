"""Finds a Chromium for the browser tests: installed on the system, or by playwright."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
PLACES = (  # where macOS and Windows put them, outside PATH
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"%ProgramFiles%\Google\Chrome\Application\chrome.exe",
    r"%LocalAppData%\Google\Chrome\Application\chrome.exe",
    r"%ProgramFiles(x86)%\Microsoft\Edge\Application\msedge.exe",
)
DOWNLOADS = (  # where playwright puts its own
    "~/.cache/ms-playwright",
    "~/Library/Caches/ms-playwright",
    r"%LocalAppData%\ms-playwright",
)
DOWNLOADED = ("headless_shell", "chrome-headless-shell", "chrome", "Chromium")


def find_chromium() -> str | None:
    """The path of a Chromium, Chrome or Edge, downloaded with playwright if there is none; or None.

    The environment variable CHROMIUM names one to use instead.
    """
    return installed_chromium() or _download()


def installed_chromium() -> str | None:
    """The path of a browser that is on this machine already, or None."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    programs = (shutil.which(program) for program in PROGRAMS)
    places = (place for place in map(_expand, PLACES) if os.path.isfile(place))
    return next(filter(None, (*programs, *places)), None) or _downloaded()


def _expand(place: str) -> str:
    return os.path.expanduser(os.path.expandvars(place))


def _downloaded() -> str | None:
    folders = [os.environ.get("PLAYWRIGHT_BROWSERS_PATH"), *map(_expand, DOWNLOADS)]
    for folder in filter(None, folders):
        for path in sorted(Path(folder).glob("chromium*/**/*"), reverse=True):
            if path.stem in DOWNLOADED and os.access(path, os.X_OK) and path.is_file():
                return str(path)
    return None


def _download() -> str | None:
    command = [sys.executable, "-m", "playwright", "install", "chromium-headless-shell"]
    try:
        subprocess.run(command, capture_output=True, timeout=600, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return _downloaded()
