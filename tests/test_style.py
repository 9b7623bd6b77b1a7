"""The house style: ruff's rules and format, short modules, short functions, one way of imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from lic_course.files import ROOT

SOURCES = ["lic_course", "tests", "notebooks/src"]
MODULES = sorted((ROOT / "lic_course").rglob("*.py"))
LONGEST_MODULE, LONGEST_FUNCTION = 350, 60
# What a part of the package must not know of: arrows point one way.
BELOW = {
    "images": {"codec", "industry", "classical", "neural", "plots", "widgets", "notebooks"},
    "metrics": {"codec", "industry", "classical", "neural", "plots", "widgets", "notebooks"},
    "bitstream": {"codec", "industry", "classical", "neural", "plots", "widgets", "notebooks"},
    "entropy": {"codec", "industry", "classical", "neural", "plots", "widgets", "notebooks"},
    "classical": {"plots", "widgets", "notebooks", "cli"},
    "neural": {"plots", "widgets", "notebooks", "cli"},
}


def ruff(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "ruff", *arguments, *SOURCES]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_has_nothing_to_say(command):
    result = ruff(*command)
    assert result.returncode == 0, result.stdout + result.stderr


def test_ruff_sees_the_sources_of_the_lessons():
    seen = ruff("check", "--show-files").stdout
    for path in (ROOT / "notebooks" / "src").glob("*.py"):
        assert path.name in seen


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_and_functions_are_short(path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST_MODULE
    long = [
        f"{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert not long


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_one_way(path):
    part = path.relative_to(ROOT / "lic_course").parts[0].removesuffix(".py")
    assert not imported_parts(path) & BELOW.get(part, set())


def imported_parts(path: Path) -> set[str]:
    """The parts of lic_course that a module imports anywhere, such as {"images", "codec"}."""
    names = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return {name.split(".")[1] for name in names if name.startswith("lic_course.")}
