"""The training queue: every recipe, whether its weights exist, and what they reach."""

import json

from lic_course.errors import LicError
from lic_course.neural import weights
from lic_course.neural.recipes import RECIPES
from lic_course.results import compare, load_results


def rows() -> list[tuple[str, ...]]:
    """Name, state, steps, hardware, minutes and BD-rate of each recipe: missing weights first."""
    found = [_row(name) for name in RECIPES]
    return sorted(found, key=lambda row: row[1] != "missing")


def _row(name: str) -> tuple[str, ...]:
    path = weights.path_of(name).with_suffix(".json")
    if not path.is_file():
        return name, "missing", "", "", f"{RECIPES[name].minutes:g} planned", ""
    card = json.loads(path.read_text("utf-8"))
    steps, seconds = (card[key] + card.get(f"prior_{key}", 0) for key in ("steps", "seconds"))
    minutes = f"{seconds / 60:.0f}"
    return name, card["fingerprint"], str(steps), card["hardware"], minutes, _gain(name)


def _gain(name: str) -> str:
    try:
        return f"{compare(load_results('kodak', 'jpeg'), load_results('kodak', name)).mean:+.1f} %"
    except LicError:
        return "not measured"
