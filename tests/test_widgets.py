"""The explorer's logic without a browser: cache, locks, numbers, words, views, stills."""

import asyncio
import base64
import io

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image

import lic_course
from lic_course import codec, evaluate, images, widgets
from lic_course.errors import LicError
from lic_course.widgets import explorer as explorer_module
from lic_course.widgets import still, views
from lic_course.widgets.trials import EQUAL_BYTES, EQUAL_PSNR, ORIGINAL, Trials


@pytest.fixture
def explorer(color_picture):
    return widgets.explore("jpeg", "own-jpeg", color_picture, quality=(30, 70))


def samples(explorer, side: str) -> np.ndarray:
    """What the browser draws."""
    width, height = explorer.size
    return np.frombuffer(getattr(explorer, f"{side}_image"), np.uint8).reshape(height, width, -1)


def opened(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


# ---- trials ----------------------------------------------------------------------------------


def test_numbers_are_those_of_the_evaluation(color_picture):
    numbers = Trials(color_picture).numbers("jpeg", 40)
    point = evaluate.measure(color_picture, "jpeg", 40)
    assert (numbers.nbytes, numbers.bpp, numbers.psnr) == (point.bytes, point.bpp, point.psnr)


def test_going_back_codes_nothing_again(color_picture):
    trials = Trials(color_picture)
    first = trials.numbers("jpeg", 40), trials.picture("jpeg", 40)
    trials.numbers("jpeg", 41)
    assert trials.encoded == 2
    assert trials.numbers("jpeg", 40) is first[0]
    assert trials.picture("jpeg", 40) is first[1]
    assert trials.encoded == 2


def test_old_pictures_give_way_and_come_back_from_their_files(color_picture):
    trials = Trials(color_picture, keep_bytes=1)
    first = trials.picture("jpeg", 1)
    for quality in range(2, 12):
        trials.picture("jpeg", quality)
    again = trials.picture("jpeg", 1)
    assert again is not first
    assert np.array_equal(again, first)
    assert trials.encoded == 11


@pytest.mark.parametrize("target", [900, 1500, 2600.0])
def test_equal_bytes_is_the_closest_of_all_qualities(color_picture, target):
    found, met = Trials(color_picture).search("jpeg", EQUAL_BYTES, target)
    sizes = {q: len(lic_course.encode(color_picture, "jpeg", q)) for q in range(1, 101)}
    assert met
    assert sizes[found] == min(sizes.values(), key=lambda size: abs(np.log(size / target)))


@pytest.mark.parametrize("target", [24.0, 29.5, 34.0])
def test_equal_psnr_is_next_to_what_find_quality_finds(color_picture, target):
    trial = codec.find_quality(color_picture, "own-jpeg", target_psnr=target)
    found, met = Trials(color_picture).search("own-jpeg", EQUAL_PSNR, target)
    assert met
    assert found in (trial.quality - 1, trial.quality)


@pytest.mark.parametrize(
    ("lock", "target", "closest"),
    [(EQUAL_BYTES, 10, 1), (EQUAL_BYTES, 1e6, 100), (EQUAL_PSNR, 9.0, 1), (EQUAL_PSNR, 99.0, 100)],
)
def test_a_target_out_of_reach_gives_the_closest_quality(color_picture, lock, target, closest):
    assert Trials(color_picture).search("jpeg", lock, target) == (closest, False)


def test_the_last_quality_may_miss_by_a_little(color_picture):
    trials = Trials(color_picture)
    largest = len(trials.file("jpeg", 100))
    assert trials.search("jpeg", EQUAL_BYTES, largest * 1.01) == (100, True)


def test_nothing_but_the_same_picture_meets_an_infinite_psnr(color_picture):
    trials = Trials(color_picture)
    assert trials.search("png", EQUAL_PSNR, float("inf"))[1]
    assert trials.search("jpeg", EQUAL_PSNR, float("inf")) == (100, False)


def test_a_search_profits_from_earlier_trials(color_picture):
    trials = Trials(color_picture)
    trials.search("jpeg", EQUAL_BYTES, 1500)
    before = trials.encoded
    quality, _ = trials.search("jpeg", EQUAL_BYTES, 1500)
    assert trials.encoded == before
    trials.search("jpeg", EQUAL_BYTES, len(trials.file("jpeg", quality)) - 1)
    assert trials.encoded - before <= 2


# ---- the explorer ----------------------------------------------------------------------------


def test_it_shows_both_sides(explorer, color_picture):
    assert (
        explorer.left["rows"]["bytes"] == f"{len(lic_course.encode(color_picture, 'jpeg', 30)):,}"
    )
    decoded = lic_course.decode(lic_course.encode(color_picture, "own-jpeg", 70))
    assert np.array_equal(samples(explorer, "right"), decoded)
    assert explorer.size == [120, 96]
    assert explorer.message == ""
    assert explorer.left["lesson"] == "02"


def test_percents_are_of_the_other_side(explorer):
    left, right = (
        int(s["rows"]["bytes"].replace(",", "")) for s in (explorer.left, explorer.right)
    )
    assert explorer.left["rows"]["percent"] == f"{100 * left / right:.0f} %"
    assert explorer.right["rows"]["percent"] == f"{100 * right / left:.0f} %"


def test_a_step_changes_picture_and_numbers(explorer):
    before = explorer.left_image, explorer.left, explorer.right_image
    explorer.left_quality = 31
    assert explorer.left_image != before[0]
    assert explorer.left["rows"]["bytes"] != before[1]["rows"]["bytes"]
    assert explorer.right_image == before[2]
    explorer.left_quality = 30
    assert (explorer.left_image, explorer.left) == before[:2]


def test_the_original_is_exact_and_uncompressed(explorer):
    explorer.right_codec = ORIGINAL
    rows = explorer.right["rows"]
    assert (rows["bytes"], rows["bpp"], rows["psnr"]) == ("34,560", "24.000", "exact")


@pytest.mark.parametrize("lock", [EQUAL_BYTES, EQUAL_PSNR])
def test_under_a_lock_the_other_side_follows(explorer, lock):
    explorer.lock = lock
    assert explorer.left_quality == 30
    assert explorer.right_quality == 30  # the same codec, written twice
    explorer.right_quality = 55
    assert explorer.left_quality == 55
    explorer.left_codec = "webp"
    assert explorer.left_quality == 55
    left, right = (explorer.trials.numbers(*explorer._setting(side)) for side in ("left", "right"))
    if lock == EQUAL_BYTES:
        assert right.nbytes == pytest.approx(left.nbytes, rel=0.03)
    else:
        assert right.psnr == pytest.approx(left.psnr, abs=0.2)
    assert explorer.message == ""


def test_a_lock_out_of_reach_is_said(explorer):
    explorer.right_codec = "jpeg2000"
    explorer.lock, explorer.left_codec = EQUAL_BYTES, "png"
    assert "jpeg2000 cannot reach" in explorer.message
    assert "quality 100 is the closest" in explorer.message
    assert explorer.right_quality == 100


@pytest.mark.parametrize("name", [ORIGINAL, "png"])
def test_a_lock_with_what_has_no_quality_is_explained(explorer, name):
    explorer.right_codec = name
    explorer.lock = EQUAL_PSNR
    assert explorer.message == f"A lock needs a quality to search, and {name} has none."
    explorer.right_quality = 20
    assert "jpeg cannot reach an exact copy" in explorer.message
    assert explorer.left_quality == 100


def test_a_codec_that_does_not_exist_leaves_the_original():
    explorer = widgets.explore("vvc", "jpeg", picture="text")
    assert explorer.left_codec == ORIGINAL
    assert explorer.message.startswith("There is no codec 'vvc'")


def test_a_codec_that_cannot_run_here_is_offered_with_its_reason(monkeypatch):
    monkeypatch.setattr(codec.get("avif"), "unavailable", lambda: "Pillow was built without it.")
    explorer = widgets.explore("jpeg", "avif", picture="text")
    assert explorer.right_codec == ORIGINAL
    assert "cannot run here" in explorer.message
    assert {c["name"]: c["problem"] for c in explorer.codecs}["avif"]


def test_a_picture_that_a_codec_refuses_is_said_on_its_side():
    explorer = widgets.explore("jpeg", "jpegxr", np.zeros((20, 10), np.uint8))
    assert "needs a width of at least" in explorer.right["problem"]
    assert explorer.right["rows"] == {}
    assert explorer.left["rows"]["percent"] == "–"
    explorer.lock = EQUAL_BYTES
    assert explorer._repr_mimebundle_()[0]["image/png"]


def test_only_the_wanted_codecs_are_offered():
    explorer = widgets.explore("webp", "jpeg", "text", codecs=["own-jpeg"])
    assert [c["name"] for c in explorer.codecs] == ["original", "jpeg", "webp", "own-jpeg"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/no/such.png", "There is no file /no/such.png"),
        ("/", "is a folder"),
        (__file__, "is not a picture"),
    ],
)
def test_a_path_that_is_no_picture(explorer, path, words):
    shown = explorer.picture
    explorer._heard(explorer, {"kind": "path", "path": f" {path} "}, [])
    assert words in explorer.message
    assert explorer.picture == shown


def test_a_path(explorer, tmp_path):
    images.write(tmp_path / "mine.png", images.builtin("camera")[:40, :50])
    explorer._heard(explorer, {"kind": "path", "path": str(tmp_path / "mine.png")}, [])
    assert (explorer.picture, explorer.size, explorer.message) == ("mine.png", [50, 40], "")
    assert "mine.png" in explorer.pictures
    explorer.picture = "text"
    explorer.picture = "mine.png"
    assert explorer.size == [50, 40]


def test_an_upload(explorer):
    png = images.to_png(images.builtin("camera")[:40, :50])
    explorer._heard(explorer, {"kind": "upload", "name": "camera"}, [memoryview(png)])
    assert (explorer.picture, explorer.size) == ("camera (yours)", [50, 40])
    explorer._heard(explorer, {"kind": "upload", "name": "a.txt"}, [memoryview(b"words")])
    assert explorer.message.startswith("a.txt is not a picture")
    assert explorer.picture == "camera (yours)"


def test_a_large_picture_is_reduced_and_says_so():
    explorer = widgets.explore("jpeg", ORIGINAL, np.zeros((1500, 2000), np.uint8))
    width, height = explorer.size
    assert width * height <= 2**20
    assert width / height == pytest.approx(4 / 3, abs=0.01)
    assert "your picture has 2000 × 1500 pixels" in explorer.message


def test_what_is_slow_follows(monkeypatch):
    monkeypatch.setattr(explorer_module, "PAUSE", 0)
    monkeypatch.setattr(explorer_module, "COARSE", (10, 60))
    explorer = widgets.explore("jpeg", "webp", images.builtin("camera")[:170, :180])
    assert explorer.left["rows"]["ms_ssim"] == "…"
    asyncio.run(explorer.fill_in())
    expected = explorer.trials.ms_ssim("webp", 50)
    assert explorer.right["rows"]["ms_ssim"] == f"{expected:.4f}"
    assert [p[2] for p in explorer.curves["left"]["points"]] == [10, 50, 60]
    assert explorer.curves["left"]["quality"] == 50


def test_a_new_step_cancels_the_slow_work():
    async def steps():
        explorer = widgets.explore("jpeg", "webp", "text")
        explorer._heard(explorer, {"kind": "seen"}, [])
        first = explorer._task
        explorer.left_quality = 51
        await asyncio.sleep(0)
        assert first.cancelled()
        explorer._task.cancel()

    asyncio.run(steps())


def test_small_pictures_have_no_ms_ssim(explorer):
    assert explorer.left["rows"]["ms_ssim"] == "n/a"


# ---- views and stills ------------------------------------------------------------------------


def test_the_error_map(explorer, color_picture):
    exact = views.error_map(color_picture, color_picture)
    assert (exact == exact[0, 0]).all()
    explorer.view = views.ERROR
    decoded = explorer.trials.picture("jpeg", 30)
    assert np.array_equal(samples(explorer, "left"), views.error_map(color_picture, decoded))
    assert "black is exact" in explorer.legend


def test_bits_per_block(explorer):
    explorer.view = views.BITS
    bits = explorer.trials.bits_per_block("own-jpeg", 70)
    assert bits.shape == (12, 15)
    assert f"to {bits.max():,.0f} (yellow)" in explorer.legend
    assert not np.array_equal(samples(explorer, "right"), explorer.trials.picture("own-jpeg", 70))
    explorer.right_codec = "webp"
    assert "webp cannot tell its bits per block" in explorer.legend
    assert np.array_equal(samples(explorer, "right"), explorer.trials.picture("webp", 70))


def test_the_map_of_bits_covers_pictures_of_any_size():
    x = images.builtin("camera")[:41, :30]
    assert views.bits_map(x, np.ones((6, 4))).shape == (41, 30, 3)


def every_nth_row(n):
    return images.builtin("text")[::n, ::n], f"{n} words"


@pytest.mark.parametrize(
    "make",
    [
        lambda: widgets.explore("jpeg", "own-jpeg", picture="text"),
        lambda: widgets.slider_demo(every_nth_row, "n", (1, 5, 2)),
    ],
    ids=["explore", "slider_demo"],
)
def test_stills_and_texts_never_change(make):
    first, second = (make()._repr_mimebundle_()[0] for _ in range(2))
    assert first["image/png"] == second["image/png"]
    assert first["text/plain"] == second["text/plain"]
    assert "run this cell" in first["text/plain"]
    png = base64.b64decode(first["image/png"])
    assert png.startswith(b"\x89PNG")
    assert len(png) < 60_000


def test_a_still_shows_the_left_half_left_and_the_right_half_right():
    black, white = np.zeros((40, 40), np.uint8), np.full((40, 40), 255, np.uint8)
    sheet = opened(still.wiped(still.Half(black, "a", ["1"]), still.Half(white, "b", []), "foot"))
    assert (sheet[14:50, 14:30] == 0).all()
    assert (sheet[14:50, 34:50] == 255).all()


def test_a_notebook_without_a_browser_gets_text_and_a_still():
    source = "from lic_course import widgets\nwidgets.explore('jpeg', 'webp', picture='text')"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    (output,) = notebook.cells[0].outputs
    expected = "Explorer(jpeg at 50 | webp at 50, on text): run this cell to use it"
    assert output.data["text/plain"] == expected
    assert "image/png" in output.data


# ---- the slider over a function --------------------------------------------------------------


def test_a_slider_shows_what_the_function_answers():
    demo = widgets.slider_demo(
        lambda n: (np.full((n, n), n, np.uint8), f"{n} wide"), "n", (1, 9, 3)
    )
    assert demo.text.value == "3 wide"
    demo.slider.value = 5
    assert demo.text.value == "5 wide"
    assert opened(demo.picture.value).shape == (5, 5, 3)


def test_a_function_that_refuses_is_quoted():
    def refuse(n):
        if n > 2:
            raise LicError("This is too much.")
        return images.to_png(np.zeros((2, 2), np.uint8)), "fine"

    demo = widgets.slider_demo(refuse, values=(1, 5, 1))
    demo.slider.value = 4
    assert demo.text.value == "This is too much."
