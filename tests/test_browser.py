"""The lessons as a learner meets them: a real JupyterLab in a real browser, by keyboard.

Set LIC_SCREENSHOTS to a folder to keep a picture of every step.
"""

import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from lic_course import images
from lic_course.files import notebooks_dir

LESSONS = sorted(notebooks_dir().glob("*.ipynb"))
expect.set_options(timeout=30_000)  # a busy machine may take seconds for a step
READY = """() => {
    const widget = window.jupyterapp?.shell.currentWidget;
    return widget?.context?.isReady && widget.sessionContext?.isReady
        && widget.sessionContext.session?.kernel?.status === "idle";
}"""
RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"
ERRORS = "[data-mime-type='application/vnd.jupyter.stderr'], [data-mime-type$='jupyter.error']"


def open_notebook(page: Page, lab, name: str) -> None:
    page.goto(lab.address(name))
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.wait_for_function(READY)


def run_all(page: Page) -> None:
    page.set_default_timeout(240_000)
    done = page.evaluate(RUN_ALL)
    page.set_default_timeout(30_000)
    assert page.locator(ERRORS).all_inner_texts() == []
    assert done, "a cell failed"


def open_cells(page: Page, lab, name: str, *cells: str) -> None:
    """A notebook made of these cells, opened and run."""
    write_notebook(lab.folder / name, [nbformat.v4.new_code_cell(source) for source in cells])
    open_notebook(page, lab, name)
    run_all(page)


def write_notebook(path: Path, cells: list) -> None:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, path)


def the_explorer(page: Page) -> Locator:
    explorer = page.locator(".lic-explorer")
    expect(cell(explorer, "left", "bytes")).to_have_text(re.compile(r"^[\d,]+$"))
    explorer.scroll_into_view_if_needed()
    return explorer


def cell(explorer: Locator, side: str, row: str) -> Locator:
    return explorer.locator(f"[data-cell={side}-{row}]")


def shown(explorer: Locator, side: str) -> Locator:
    return explorer.locator(f".lic-pane.lic-{side} canvas")


def pixels(explorer: Locator, side: str) -> str:
    return shown(explorer, side).evaluate("canvas => canvas.toDataURL()")


def choose(explorer: Locator, group: str, value: str) -> None:
    explorer.locator(f"[aria-label={group}] input[value='{value}']").check(force=True)


def keep(page: Page, name: str) -> None:
    if folder := os.environ.get("LIC_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder, f"{name}.png"))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_and_its_explorer_answers_to_the_keyboard(lesson, lab, page, tmp_path):
    shutil.copy(lesson, lab.folder)
    open_notebook(page, lab, lesson.name)
    keep(page, f"{lesson.stem}-1-opened")
    run_all(page)
    assert "not done yet" in " ".join(page.locator(".jp-OutputArea").all_inner_texts())
    explorer = the_explorer(page)
    move_the_quality(explorer)
    keep(page, f"{lesson.stem}-2-moved")
    lock_the_bytes(explorer)
    keep(page, f"{lesson.stem}-3-locked")
    zoom_and_wipe(explorer)
    keep(page, f"{lesson.stem}-4-zoomed")
    upload_a_picture(explorer, tmp_path / "mine.png")


def move_the_quality(explorer: Locator) -> None:
    choose(explorer, "lock", "free")
    before = cell(explorer, "left", "bytes").inner_text()
    picture = pixels(explorer, "left")
    slider = explorer.locator("[data-quality=left]")
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")
    expect(cell(explorer, "left", "bytes")).not_to_have_text(before)
    assert pixels(explorer, "left") != picture
    expect(cell(explorer, "left", "ms_ssim")).to_have_text(re.compile(r"^0\.\d{4}$"))


def lock_the_bytes(explorer: Locator) -> None:
    choose(explorer, "lock", "equal bytes")
    message = explorer.locator(".lic-message")
    percent = re.compile(r"^(9\d|10\d) %$")
    expect(
        cell(explorer, "right", "percent")
        .filter(has_text=percent)
        .or_(message.filter(has_text="A lock needs a quality"))
    ).to_be_visible()


def zoom_and_wipe(explorer: Locator) -> None:
    stage, zoom = explorer.locator(".lic-stage"), explorer.locator(".lic-zoom output")
    fitted = zoom.inner_text()
    stage.focus()
    stage.press("+")
    expect(zoom).not_to_have_text(fitted)
    place = shown(explorer, "left").get_attribute("style")
    stage.press("Shift+ArrowRight")
    expect(shown(explorer, "left")).not_to_have_attribute("style", place)
    stage.press("0")
    expect(zoom).to_have_text(fitted)
    at = int(stage.get_attribute("aria-valuenow"))
    stage.press("ArrowRight")
    assert int(stage.get_attribute("aria-valuenow")) > at
    stage.press("End")
    expect(stage).to_have_attribute("aria-valuenow", "100")


def upload_a_picture(explorer: Locator, path: Path) -> None:
    images.write(path, images.builtin("chelsea")[:170, :200])
    explorer.locator("input[type=file]").set_input_files(path)
    expect(explorer.locator(".lic-picture")).to_have_value(path.name)
    expect(shown(explorer, "left")).to_have_attribute("width", "200")


def test_own_pictures_views_and_mistakes(lab, page, tmp_path):
    cells = "from lic_course import widgets", "widgets.explore('jpeg', 'own-jpeg', quality=30)"
    open_cells(page, lab, "explorer.ipynb", *cells)
    explorer = the_explorer(page)
    message, upload = explorer.locator(".lic-message"), explorer.locator("input[type=file]")

    upload_a_picture(explorer, tmp_path / "mine.png")
    (tmp_path / "words.png").write_text("not a picture")
    upload.set_input_files(tmp_path / "words.png")
    expect(message).to_contain_text("words.png is not a picture that can be read")

    path = explorer.locator(".lic-path")
    path.press_sequentially("/no/dd00.png")  # in JupyterLab, d d deletes a cell, 0 0 restarts
    path.press("Enter")
    expect(message).to_contain_text("There is no file /no/dd00.png")
    path.fill(str(tmp_path / "mine.png"))
    path.press("Enter")
    expect(message).to_be_empty()

    legend = explorer.locator(".lic-legend")
    for view in ("error", "bits per block"):
        before = pixels(explorer, "right"), legend.inner_text()
        choose(explorer, "view", view)
        expect(legend).not_to_have_text(before[1])
        assert pixels(explorer, "right") != before[0]
        keep(page, f"explorer-{view.replace(' ', '-')}")
    expect(legend).to_contain_text("bits a block (blue)")
    expect(explorer.locator(".lic-curve .lic-here")).to_have_count(2)


def test_a_held_key_leaves_no_queue_behind(lab, page):
    """A slow codec skips the steps that were overtaken, and ends at the last one."""
    cells = (
        "from lic_course import widgets",
        "e = widgets.explore('heif', 'original', 'chelsea')\ne",
    )
    open_cells(page, lab, "slow.ipynb", *cells)
    explorer = the_explorer(page)
    slider = explorer.locator("[data-quality=left]")
    slider.focus()
    for _ in range(30):
        slider.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^20, "))
    assert page.locator(ERRORS).count() == 0


def test_a_still_picture_before_the_cells_are_run(lab, page):
    from lic_course import widgets

    explorer = widgets.explore("jpeg", "webp", picture="camera")
    data = {k: v for k, v in explorer._repr_mimebundle_()[0].items() if "widget" not in k}
    output = nbformat.v4.new_output("execute_result", data, execution_count=1)
    code = nbformat.v4.new_code_cell("explorer", outputs=[output], execution_count=1)
    write_notebook(lab.folder / "still.ipynb", [code])
    open_notebook(page, lab, "still.ipynb")
    expect(page.locator(".jp-RenderedImage img")).to_be_visible()


def test_a_slider_over_a_function(lab, page):
    open_cells(
        page,
        lab,
        "slider.ipynb",
        "from lic_course import images, widgets",
        "x = images.builtin('camera')\n"
        "widgets.slider_demo(lambda n: (x[::n, ::n], f'every {n}th pixel'), 'step', (1, 16, 4))",
    )
    expect(page.locator(".widget-label", has_text="every 4th pixel")).to_be_visible()
    picture = page.locator("img.widget-image")
    before = picture.get_attribute("src")
    page.locator(".noUi-handle").press("ArrowRight")
    expect(page.locator(".widget-label", has_text="every 5th pixel")).to_be_visible()
    expect(picture).not_to_have_attribute("src", before)
