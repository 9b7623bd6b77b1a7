"""Step by step through the decoding of a latent: what is known, what comes now, what is left."""

from collections.abc import Mapping

import ipywidgets
import numpy as np

from lic_course import images
from lic_course.errors import LicError
from lic_course.widgets import still

CELL, GAP, LINE = 14, 14, 1  # pixels
PAPER = 255, 255, 255
UNKNOWN, KNOWN, NOW = (226, 228, 232), (0, 114, 178), (230, 159, 0)
MILLISECONDS = 250  # of a step when it runs by itself


class StepDemo(ipywidgets.VBox):
    """A list of schedules, a slider over the steps of the chosen one, and a picture of the latent.

    The channels of the latent stand side by side, a square for each element.
    """

    def __init__(self, schedules: Mapping[str, np.ndarray], chosen: str, step: int):
        self.schedules = {name: np.asarray(times) for name, times in schedules.items()}
        self.menu = ipywidgets.Dropdown(
            options=list(schedules), value=chosen, description="schedule"
        )
        self.slider = ipywidgets.IntSlider(min=1, max=1, description="step")
        self.slider.layout.width = "min(100%, 420px)"
        self.play = ipywidgets.Play(min=1, max=1, interval=MILLISECONDS)
        ipywidgets.jslink((self.play, "value"), (self.slider, "value"))
        self.picture = ipywidgets.Image(format="png", layout={"max_width": "100%"})
        self.text = ipywidgets.Label()
        row = ipywidgets.HBox([self.slider, self.play])
        super().__init__([self.menu, row, self.picture, self.text])
        self._choose()
        self.slider.value = step
        self.menu.observe(self._choose, "value")
        self.slider.observe(self._draw, "value")
        self._draw()

    @property
    def times(self) -> np.ndarray:
        """The step at which each element is decoded, (C, h, w), from 0."""
        return self.schedules[self.menu.value]

    def _choose(self, change: object = None) -> None:
        for control in (self.slider, self.play):
            control.value = 1
            control.max = int(self.times.max()) + 1
        self._draw()

    def _draw(self, change: object = None) -> None:
        step = self.slider.value - 1
        self.picture.value = images.to_png(drawn(self.times, step))
        now, known = (int(np.sum(test)) for test in (self.times == step, self.times < step))
        self.text.value = (
            f"step {step + 1} of {self.slider.max}: {now} now (orange), {known} known (blue), "
            f"{self.times.size - now - known} not yet (gray)"
        )

    def __repr__(self) -> str:
        return f"StepDemo({self.menu.value}, step {self.slider.value}): run this cell to move it"

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict, dict] | dict:
        line = f"{self.menu.value}, {self.text.value}"
        picture = still.captioned(self.picture.value, line)
        return still.bundle(super()._repr_mimebundle_(**kwargs), repr(self), picture)


def drawn(times: np.ndarray, step: int) -> np.ndarray:
    """The channels of a latent side by side at a step, uint8 (height, width, 3)."""
    colors = np.array([KNOWN, NOW, UNKNOWN], np.uint8)[1 + np.sign(times - step)]
    planes = [colors[c].repeat(CELL, 0).repeat(CELL, 1) for c in range(len(times))]
    for plane in planes:
        plane[::CELL] = plane[:, ::CELL] = PAPER
    gap = np.full((planes[0].shape[0], GAP, 3), PAPER, np.uint8)
    return np.concatenate([part for plane in planes for part in (plane, gap)][:-1], axis=1)


def step_through(schedules: Mapping[str, np.ndarray], chosen: str = "", step: int = 1) -> StepDemo:
    """Step through schedules: choose one from the list, and move the slider or press play.

    schedules: name: the step at which each element of a latent is decoded, (C, h, w) integers from
    0 (see `neural.schedules.times`). chosen, step: which one and which step, from 1, at first.
    """
    if not schedules:
        raise LicError("There is nothing to step through: give at least one schedule.")
    chosen = chosen or next(iter(schedules))
    if chosen not in schedules:
        raise LicError(f"There is no schedule {chosen!r}: take one of {', '.join(schedules)}.")
    return StepDemo(schedules, chosen, step)
