"""A slider over any function that answers with a picture and a line of text."""

from collections.abc import Callable

import ipywidgets
import numpy as np

from lic_course import images
from lic_course.errors import LicError
from lic_course.widgets import still

Answer = tuple[np.ndarray | bytes, str]


class SliderDemo(ipywidgets.VBox):
    """A slider, the picture that the function makes of its value, and one line of text."""

    def __init__(self, function: Callable[[int], Answer], label: str, values: tuple[int, int, int]):
        lowest, highest, start = values
        self.function = function
        self.slider = ipywidgets.IntSlider(
            start, lowest, highest, description=label, style={"description_width": "initial"}
        )
        self.slider.layout.width = "min(100%, 420px)"
        self.picture = ipywidgets.Image(format="png", layout={"max_width": "100%"})
        self.text = ipywidgets.Label()
        super().__init__([self.slider, self.picture, self.text])
        self.slider.observe(self._answer, "value")
        self._answer()

    def _answer(self, change: object = None) -> None:
        try:
            picture, text = self.function(self.slider.value)
        except LicError as error:
            self.text.value = str(error)
            return
        self.picture.value = picture if isinstance(picture, bytes) else images.to_png(picture)
        self.text.value = text

    def __repr__(self) -> str:
        return (
            f"SliderDemo({self.slider.description} = {self.slider.value}): run this cell to move it"
        )

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict, dict] | dict:
        line = f"{self.slider.description} {self.slider.value}: {self.text.value}"
        picture = still.captioned(self.picture.value, line)
        return still.bundle(super()._repr_mimebundle_(**kwargs), repr(self), picture)


def slider_demo(
    function: Callable[[int], Answer],
    label: str = "quality",
    values: tuple[int, int, int] = (1, 100, 50),
) -> SliderDemo:
    """A slider from values[0] to values[1], starting at values[2], that shows `function(value)`.

    function: takes the slider's value and returns a picture (array or PNG bytes) and one line of
    text. A `LicError` that it raises is shown as that line.
    """
    return SliderDemo(function, label, values)
