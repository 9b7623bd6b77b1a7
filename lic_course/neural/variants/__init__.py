"""Methods of the survey as small experiments: each composes parts, trains briefly, and measures.

    python -m lic_course.neural.variants                       # the list
    python -m lic_course.neural.variants soft-to-hard --data FOLDER --seconds 120

An experiment is a function `(pictures, seconds, seed) -> dict` of measured numbers; the functions
of a module such as `autoencoders` or `contexts` that carry `@experiment` are found by name. The
recorded results lie in data/results/variants/NAME.json, one run per seed, with their provenance.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lic_course.errors import LicError
from lic_course.files import data_dir

Run = Callable[[list[np.ndarray], float, int], dict]


@dataclass(frozen=True)
class Experiment:
    """An experiment: the survey's reference, what it is to show, and the function."""

    name: str
    reference: str  # number in the survey, such as "42"
    finding: str  # what the literature lets expect
    run: Run


EXPERIMENTS: dict[str, Experiment] = {}


def experiment(name: str, reference: str, finding: str) -> Callable[[Run], Run]:
    """Register a function as the experiment of a name."""

    def register(run: Run) -> Run:
        EXPERIMENTS[name] = Experiment(name, reference, finding, run)
        return run

    return register


def recorded(name: str) -> dict:
    """What an experiment measured, averaged over its seeds; LicError when it has no record."""
    path = data_dir() / "results" / "variants" / f"{name}.json"
    if not path.is_file():
        raise LicError(
            f"The experiment {name!r} has no record: run `python -m lic_course.neural.variants "
            f"{name} --data FOLDER`."
        )
    return _mean(list(json.loads(path.read_text("utf-8"))["runs"].values()))


def _mean(runs: list):
    """The mean of equal structures of dicts, lists and numbers; of texts the first."""
    first = runs[0]
    if isinstance(first, dict):
        return {key: _mean([run[key] for run in runs]) for key in first}
    if isinstance(first, list):
        return [_mean(list(values)) for values in zip(*runs, strict=True)]
    return first if isinstance(first, str) else sum(runs) / len(runs)
