"""Methods of the survey as small experiments: each composes parts, trains briefly, and measures.

    python -m lic_course.neural.variants                       # the list
    python -m lic_course.neural.variants soft-to-hard --data FOLDER --seconds 120

An experiment is a function `(pictures, seconds, seed) -> dict` of measured numbers; the functions
of a module `autoencoders` or `variational` that carry `@experiment` are found by name. The recorded
results lie in data/results/variants/NAME.json, one run per seed, with their provenance.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

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
