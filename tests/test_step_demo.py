"""The control that steps through schedules, figures of latents, and what schedules cost."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from lic_course import latent_plots, plots, widgets
from lic_course.errors import LicError
from lic_course.neural import schedule_costs, schedules
from lic_course.widgets import steps

SHAPE = 2, 3, 4
TIMES = {
    "raster": schedules.times(schedules.raster(*SHAPE), SHAPE),
    "checkerboard": schedules.times(schedules.checkerboard(*SHAPE), SHAPE),
}


def opened(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_the_text_counts_elements():
    demo = widgets.step_through(TIMES, step=6)
    assert demo.slider.max == demo.play.max == 12
    assert demo.text.value.startswith("step 6 of 12: 2 now (orange), 10 known (blue), 12 not yet")
    demo.menu.value = "checkerboard"
    assert (demo.slider.value, demo.slider.max, demo.play.max) == (1, 2, 2)
    assert "12 now (orange), 0 known (blue), 12 not yet" in demo.text.value


def test_the_picture_shows_what_is_known():
    picture = steps.drawn(TIMES["raster"], 5)
    middles = picture[steps.CELL // 2 :: steps.CELL, steps.CELL // 2 :: steps.CELL]
    assert picture.shape == (3 * steps.CELL, 2 * 4 * steps.CELL + steps.GAP, 3)
    assert (middles[0, :4] == steps.KNOWN).all() and (middles[2, :4] == steps.UNKNOWN).all()
    assert (middles[1, 1] == steps.NOW).all() and (middles[1, 2] == steps.UNKNOWN).all()


def test_it_moves_with_the_slider():
    demo = widgets.step_through(TIMES, "checkerboard")
    before = demo.picture.value
    demo.slider.value = 2
    assert not np.array_equal(opened(before), opened(demo.picture.value))


def test_its_still_is_stable_and_small():
    first, second = (widgets.step_through(TIMES)._repr_mimebundle_()[0] for _ in range(2))
    assert first["image/png"] == second["image/png"]
    assert len(base64.b64decode(first["image/png"])) < 20_000
    assert first["text/plain"] == "StepDemo(raster, step 1): run this cell to move it"


@pytest.mark.parametrize("arguments", [({},), (TIMES, "spiral")])
def test_what_it_cannot_show(arguments):
    with pytest.raises(LicError, match="schedule"):
        widgets.step_through(*arguments)


FIGURES = {
    "dependencies": lambda: latent_plots.dependencies(
        {"a": (np.arange(12).reshape(3, 4), [(0, -1), (-1, 0), (-2, 2)])}, (1, 2)
    ),
    "differences": lambda: latent_plots.differences(
        np.zeros((32, 48, 3), np.uint8), {"b": np.eye(4), "c": -np.eye(4)}, "bits"
    ),
    "trade": lambda: latent_plots.trade({"a": (1, 2.0), "b": (10, 0.1)}, "steps", "s"),
    "linear trade": lambda: latent_plots.trade({"a": (1, 2.0)}, "steps", "bpp", log="x"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figures(name, monkeypatch):
    shown = []
    monkeypatch.setattr(plots.plt, "show", lambda: shown.extend(plots.plt.get_fignums()))
    assert FIGURES[name]() is None
    assert len(shown) == 1 and not plots.plt.get_fignums()


@pytest.mark.parametrize("name", schedule_costs.MODELS)
def test_every_schedule_gives_its_latent_back(name):
    row = schedule_costs.measure(name, (100, 120), (4, 24), memory=False)
    fronts = {"no context": 1, "raster, one by one": 56, "raster, wavefront": 26}
    assert row.steps == fronts.get(name, row.steps)
    assert row.decode_seconds > 0 and row.decode_megabytes == 0


def test_memory_is_measured_too():
    assert schedule_costs.measure("checkerboard", (64, 64), (4, 8)).decode_megabytes > 0


def test_groups_make_all_channels():
    assert schedule_costs.uneven(192) == (8, 16, 32, 136)
    assert sum(schedule_costs.even(23)) == 23 and len(schedule_costs.even(23)) == 10


def test_rows_are_stored_and_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(schedule_costs, "data_dir", lambda: tmp_path)
    with pytest.raises(LicError, match="No times"):
        schedule_costs.recorded()
    row = schedule_costs.Row("raster", 512, 768, 1536, 1.25, 2.5, 3.75)
    schedule_costs.store([row])
    assert schedule_costs.recorded() == [row]
    assert json.loads(schedule_costs.path().read_text())["provenance"]["command"]
    assert "1536 steps" in schedule_costs.text(row) and row.megapixels == 0.393216


def test_an_unknown_schedule_is_refused():
    with pytest.raises(LicError, match="no schedule"):
        schedule_costs.measure("spiral")
