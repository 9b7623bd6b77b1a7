"""Measuring: points, sweeps that survive a kill, stored results, BD-rates, timing."""

import json
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import lic_course
from lic_course import codec, datasets, evaluate, metrics, results
from lic_course.codec import Codec
from lic_course.errors import LicError, UnavailableCodec, UnsupportedImage
from lic_course.files import data_dir

SECONDS = {"encode_seconds", "decode_seconds"}


class Fake(Codec):
    """Keeps every second row: a lossy codec that is quick and can be told to fail."""

    name, kind, summary, lesson, quality_help = "fake", "own", "", "00", ""
    seen: ClassVar[list[tuple[int, float]]] = []
    broken_value = None

    def encode(self, image, quality):
        if image[0, 0] == self.broken_value:
            raise UnsupportedImage("this picture is not wanted")
        self.seen.append((int(image[0, 0]), quality))
        return {"rows": image[::2].tobytes() + bytes(int(quality))}

    def decode(self, segments, shape):
        rows = np.frombuffer(segments["rows"], np.uint8)
        half = rows[: (shape[0] + 1) // 2 * shape[1]].reshape(-1, shape[1])
        return np.repeat(half, 2, axis=0)[: shape[0]]


@pytest.fixture
def fake(monkeypatch):
    """The codec "fake", registered for one test, with an empty record of what it coded."""
    monkeypatch.setitem(codec.REGISTRY, "fake", f"{__name__}:Fake")
    monkeypatch.setattr(Fake, "seen", [])
    codec.get.cache_clear()
    yield Fake
    codec.get.cache_clear()


def gray_pictures(count: int = 4) -> list[datasets.Picture]:
    def load(index):
        image = np.random.default_rng(index).integers(0, 256, (10, 12), dtype=np.uint8)
        image[0, 0] = index
        return image

    return [datasets.Picture(f"p{i}", lambda i=i: load(i)) for i in range(count)]


def without_seconds(found: results.Results) -> list[tuple]:
    names = [field for field in results.Point.__dataclass_fields__ if field not in SECONDS]
    return [tuple(getattr(point, name) for name in names) for point in found.points]


def test_a_point_is_measured_on_the_complete_file(color_picture):
    point = evaluate.measure(color_picture, "jpeg", 60, "cat")
    data = lic_course.encode(color_picture, "jpeg", 60)
    back = lic_course.decode(data)
    assert (point.codec, point.picture, point.quality) == ("jpeg", "cat", 60)
    assert point.bytes == len(data)
    assert point.bpp == 8 * len(data) / (96 * 120)
    assert point.psnr == metrics.psnr(color_picture, back)
    assert point.psnr_y == metrics.psnr_y(color_picture, back)
    assert point.ms_ssim is None  # 96 x 120 is too small
    assert point.encode_seconds > 0 and point.decode_seconds > 0


def test_ms_ssim_is_measured_when_the_picture_is_large_enough():
    image = lic_course.images.builtin("camera")[:180, :170]
    point = evaluate.measure(image, "jpeg", 30)
    back = lic_course.decode(lic_course.encode(image, "jpeg", 30))
    assert point.ms_ssim == metrics.ms_ssim(image, back)


def test_a_sweep_measures_everything_and_is_read_back(fake, tmp_path):
    path = tmp_path / "new" / "fake.json"
    found = evaluate.sweep("fake", gray_pictures(), "tiny", (10, 60), path, progress=False)
    assert fake.seen == [(i, q) for i in range(4) for q in (10, 60)]
    stored = results.load(path)
    assert (stored.codec, stored.dataset, stored.pictures) == (
        "fake",
        "tiny",
        ["p0", "p1", "p2", "p3"],
    )
    assert stored.provenance == found.provenance
    for old, new in zip(found.points, stored.points, strict=True):
        assert new.bytes == old.bytes and new.quality == old.quality
        assert new.psnr == pytest.approx(old.psnr, abs=5e-5)
        assert new.bpp == pytest.approx(old.bpp, abs=5e-6)
    made = stored.provenance
    assert made.command == "lic evaluate --codec fake --folder tiny"
    assert made.pictures == 4 and made.package == lic_course.__version__
    assert "numpy" in made.libraries and made.processor and made.cores >= 1
    assert path.read_text().count("\n   [") == 8  # one line a point


def test_a_curve_is_the_mean_over_the_pictures(fake):
    found = evaluate.sweep("fake", gray_pictures(), "tiny", (60, 10), progress=False)
    bpp, psnr = found.curve()
    assert len(bpp) == 2 and bpp[0] < bpp[1]
    assert bpp[0] == np.mean([p.bpp for p in found.points if p.quality == 10])
    assert psnr[1] == np.mean([p.psnr for p in found.points if p.quality == 60])
    one = found.curve("quality", "bytes", picture="p2")
    np.testing.assert_array_equal(one[0], [10, 60])
    assert one[1][0] == next(p.bytes for p in found.points if (p.picture, p.quality) == ("p2", 10))


def test_a_curve_leaves_out_what_some_picture_lacks(fake):
    found = evaluate.sweep("fake", gray_pictures(), "tiny", (10, 60), progress=False)
    partial = results.Results("tiny", "fake", found.provenance, found.points[:-1])
    np.testing.assert_array_equal(partial.curve("quality", "bpp")[0], [10])
    for arguments, sentence in (
        (("bpp", "beauty"), "not 'beauty'"),
        (("bpp", "ms_ssim"), "too small for MS-SSIM"),
        (("bpp", "psnr", "p9"), "not measured on a picture 'p9'"),
    ):
        with pytest.raises(LicError, match=sentence):
            found.curve(*arguments)


def test_a_sweep_that_broke_off_goes_on_where_it_was(fake, tmp_path, monkeypatch):
    path = tmp_path / "fake.json"
    monkeypatch.setattr(Fake, "broken_value", 2)
    with pytest.raises(UnsupportedImage, match="p2: this picture is not wanted"):
        evaluate.sweep("fake", gray_pictures(), "tiny", (10, 60), path, progress=False)
    assert results.load(path).pictures == ["p0", "p1"]
    monkeypatch.setattr(Fake, "broken_value", None)
    Fake.seen.clear()
    resumed = evaluate.sweep("fake", gray_pictures(), "tiny", (10, 60), path, progress=False)
    assert {index for index, _ in Fake.seen} == {2, 3}
    evaluate.sweep("fake", gray_pictures(), "tiny", (10, 60), tmp_path / "whole", progress=False)
    whole = results.load(tmp_path / "whole")
    assert without_seconds(results.load(path)) == without_seconds(whole)
    Fake.seen.clear()
    again = evaluate.sweep("fake", gray_pictures(), "tiny", (10, 60), path, progress=False)
    assert Fake.seen == [] and len(again.points) == len(resumed.points) == 8
    evaluate.sweep("fake", gray_pictures(), "tiny", (10, 30, 60), path, progress=False)
    assert {quality for _, quality in Fake.seen} == {30}
    np.testing.assert_array_equal(results.load(path).curve("quality", "bpp")[0], [10, 30, 60])


KILLED = """
import sys
import test_evaluate as here
here.evaluate.sweep("jpeg", here.flat_pictures(0.05), "flat", (50,), sys.argv[1], progress=False)
"""


def flat_pictures(seconds: float) -> list[datasets.Picture]:
    def load(index):
        time.sleep(seconds)
        return np.full((16, 16), index, np.uint8)

    return [datasets.Picture(f"p{i:02}", lambda i=i: load(i)) for i in range(40)]


def test_a_sweep_survives_kill_9(tmp_path):
    path = tmp_path / "jpeg.json"
    folders = f"{data_dir().parent}{os.pathsep}{Path(__file__).parent}"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], env=os.environ | {"PYTHONPATH": folders}
    )
    while not path.exists() and process.poll() is None:
        time.sleep(0.01)
    process.kill()  # SIGKILL, which no program can catch
    process.wait()
    partial = results.load(path)  # whole JSON, whatever the moment of the kill
    assert 1 <= len(partial.points) < 40
    complete = evaluate.sweep("jpeg", flat_pictures(0), "flat", (50,), path, progress=False)
    assert complete.pictures == [f"p{i:02}" for i in range(40)]
    assert complete.points[: len(partial.points)] == partial.points


def test_results_of_another_experiment_are_not_mixed_in(fake, tmp_path):
    path = tmp_path / "fake.json"
    evaluate.sweep("fake", gray_pictures(), "tiny", (10,), path, progress=False)
    before = path.read_bytes()
    for codec_name, chosen, dataset, sentence in (
        ("fake", gray_pictures(3), "tiny", "another pictures, another fingerprint"),
        ("fake", gray_pictures(), "other", "another dataset"),
        ("png", gray_pictures(), "tiny", "another codec"),
    ):
        with pytest.raises(LicError, match=sentence):
            evaluate.sweep(codec_name, chosen, dataset, (10,), path, progress=False)
    assert path.read_bytes() == before
    evaluate.sweep("fake", gray_pictures(3), "tiny", (10,), path, restart=True, progress=False)
    assert results.load(path).pictures == ["p0", "p1", "p2"]


def test_a_damaged_results_file_is_named_in_one_sentence(fake, tmp_path):
    path = tmp_path / "fake.json"
    evaluate.sweep("fake", gray_pictures(1), "tiny", (10,), path, progress=False)
    good = json.loads(path.read_text())
    short_row = good | {"points": {"p0": [[10, 60]]}}
    no_codec = {key: value for key, value in good.items() if key != "codec"}
    damaged = [b"", b"{", b"\xff\xfe", b"[]", b"null", path.read_bytes()[:-9]]
    damaged += [json.dumps(d).encode() for d in (short_row, no_codec, good | {"provenance": {}})]
    for data in damaged:
        path.write_bytes(data)
        with pytest.raises(LicError, match=r"fake\.json is (damaged|not a results file)"):
            evaluate.sweep("fake", gray_pictures(1), "tiny", (10,), path, progress=False)
        assert path.read_bytes() == data


def test_lossless_results_are_kept(tmp_path):
    path = tmp_path / "png.json"
    evaluate.sweep("png", gray_pictures(2), "tiny", (100,), path, progress=False)
    assert "Infinity" not in path.read_text()
    assert results.load(path).curve()[1][0] == math.inf


def test_unknown_codecs_and_missing_results():
    with pytest.raises(UnavailableCodec, match="no codec 'jpog'"):
        evaluate.sweep("jpog", gray_pictures(), "tiny", progress=False)
    with pytest.raises(LicError, match="lic evaluate --codec jpog"):
        evaluate.load_results("kodak", "jpog")
    assert evaluate.measured("nowhere") == []


def made_up(name: str, factor: float, pictures: int = 3) -> results.Results:
    provenance = results.Provenance("", "", pictures, "", "", "", {}, "", 1)
    points = tuple(
        results.Point(
            name, f"p{i}", q, 0, factor * 2**q * (1 + i), 25 + 3 * q, 26 + 3 * q, None, 0, 0
        )
        for i in range(pictures)
        for q in range(1, 7)
    )
    return results.Results("made-up", name, provenance, points)


def test_bd_rate_of_a_codec_that_needs_half_the_bits():
    found = results.compare(made_up("a", 1), made_up("b", 0.5))
    assert found.mean == pytest.approx(-50)
    assert found.of_mean_curve == pytest.approx(-50)
    assert found.half_width == pytest.approx(0, abs=1e-9)
    assert math.isnan(results.compare(made_up("a", 1, 1), made_up("b", 0.5, 1)).half_width)
    with pytest.raises(LicError, match="different pictures"):
        results.compare(made_up("a", 1), made_up("b", 1, pictures=2))


def test_points_that_nobody_would_choose_do_not_count():
    rate, quality = np.array([3, 1, 2, 2, 4, 5.0]), np.array([30, 28, 27.9, 29, 30, math.inf])
    chosen = results.worth_choosing(rate, quality)
    np.testing.assert_array_equal(chosen, ([1, 2, 3], [28, 29, 30]))
    anchor, test = made_up("a", 1), made_up("b", 0.5)
    useless = results.Point("b", "p1", 9, 0, 40, 38.9, 38.9, None, 0, 0)  # 32 bpp give 40 dB
    lossless = results.Point("b", "p1", 10, 0, 90, math.inf, math.inf, None, 0, 0)
    more = results.Results("made-up", "b", test.provenance, (*test.points, useless, lossless))
    assert results.compare(anchor, more) == results.compare(anchor, test)


def test_the_interval_is_student_t_over_the_pictures():
    rates = (1.0, 0.8, 0.5)
    anchor, test = made_up("a", 1), made_up("b", 1)
    points = tuple(
        results.Point(**{**vars(p), "bpp": p.bpp * rates[int(p.picture[1])]}) for p in test.points
    )
    found = results.compare(anchor, results.Results("made-up", "b", test.provenance, points))
    values = np.array([0, -20, -50])
    assert found.mean == pytest.approx(values.mean())
    assert found.half_width == pytest.approx(4.302653 * values.std(ddof=1) / math.sqrt(3))


def test_the_bd_table_is_sorted_and_leaves_out_single_points(tmp_path, monkeypatch):
    monkeypatch.setenv("LIC_DATA", str(tmp_path))
    for name, factor in (("jpeg", 1), ("good", 0.5), ("bad", 1.5)):
        results.save(results.results_path("made-up", name), made_up(name, factor))
    single = results.Results(
        "made-up", "png", made_up("png", 1).provenance, made_up("png", 1).points[:1]
    )
    results.save(results.results_path("made-up", "png"), single)
    assert evaluate.measured("made-up") == ["bad", "good", "jpeg", "png"]
    table = evaluate.bd_table("made-up", "jpeg")
    assert [row.codec for row in table] == ["good", "bad"]
    assert str(table[0].psnr) == "-50.0 ± 0.0 %" and table[1].psnr_y.mean == pytest.approx(50)
    assert table[0].ms_ssim is None
    assert [row.codec for row in evaluate.bd_table("made-up", "jpeg", ["bad"])] == ["bad"]


def test_timing_gives_medians_and_refuses_widths():
    timing = evaluate.time_codec("jpeg", size=(40, 56), repetitions=3)
    assert (timing.codec, timing.size, timing.repetitions) == ("jpeg", (40, 56), 3)
    assert timing.encode_seconds > 0 and timing.decode_seconds > 0
    assert timing.encode_cpu_seconds >= 0 and timing.decode_cpu_seconds >= 0
    with pytest.raises(LicError, match="no widths"):
        evaluate.time_codec("jpeg", widths=(128, 192))


def test_evaluating_does_not_load_torch():
    code = "import sys, lic_course.evaluate, lic_course.datasets; sys.exit('torch' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(data_dir().parent)}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


# What this project measured on Kodak, as it is stored.

KODAK = evaluate.measured("kodak")
LOWEST_BPP = {"jpeg-ls": 0.7}  # pixel by pixel, it needs that much even for errors up to 50
LEARNED_HIGHEST = 1.1  # the gains of a learned codec were trained up to some lambda, not further


def test_every_codec_has_been_measured_on_kodak():
    assert set(KODAK) >= {"png", "jpeg", "jpeg-444", "webp", "jpeg2000", "jpegxr", "jpegxl", "heif"}
    assert set(KODAK) >= {"avif", "own-jpeg"}


@pytest.mark.parametrize("name", KODAK)
def test_stored_results_are_complete_and_plausible(name):
    stored = evaluate.load_results("kodak", name)
    assert stored.pictures == [f"kodim{i:02}" for i in range(1, 25)]
    assert stored.provenance.fingerprint == "9258f2ee17c2e14b"
    assert len(stored.points) == 24 * len(stored.curve()[0])
    text = results.results_path("kodak", name).read_text()
    assert len(text) < 200_000 and "/" not in stored.provenance.command
    if name != "png":
        bpp, psnr = stored.curve()
        highest = LEARNED_HIGHEST if codec.get(name).kind == "learned" else 2
        assert len(bpp) >= 8 and bpp[0] < LOWEST_BPP.get(name, 0.5) and bpp[-1] > highest
        assert (np.diff(bpp) > 0).all() and (np.diff(psnr) > 0).all()
        assert (np.diff(stored.curve("bpp", "ms_ssim")[1]) > 0).all()


def at(name: str, quality: float, column: str = "psnr") -> float:
    qualities, values = evaluate.load_results("kodak", name).curve("quality", column)
    return values[qualities == quality].item()


@pytest.mark.parametrize(("quality", "psnr"), [(10, 29.1512), (50, 33.2376), (90, 39.5570)])
def test_webp_on_kodak_equals_the_published_values(quality, psnr):
    assert at("webp", quality) == pytest.approx(psnr, abs=1e-4)


def test_webp_on_kodak_equals_the_published_curve():
    stored, published = evaluate.load_results("kodak", "webp"), evaluate.published()["WebP"]
    rates, quality = stored.curve()
    for bpp, psnr in zip(rates, quality, strict=True):
        nearest = int(np.argmin(abs(published.psnr - psnr)))
        if abs(published.psnr[nearest] - psnr) < 1e-3:  # the same setting: sizes differ by a header
            assert published.bpp[nearest] == pytest.approx(bpp, abs=1.5e-3)


def test_jpeg_on_kodak_agrees_with_an_independent_run():
    assert at("jpeg", 50) == pytest.approx(32.174, abs=1e-3)
    assert 0.85 < at("jpeg", 50, "bpp") < 0.9055  # 0.9055 with the standard Huffman tables


def test_one_picture_of_kodak_measured_again():
    if not os.environ.get("LIC_DATASETS") or datasets.find("kodak") is None:
        pytest.skip("set LIC_DATASETS to a folder with kodak/ to measure a picture again")
    picture = datasets.pictures("kodak")[2]
    point = evaluate.measure(picture.load(), "webp", 50, picture.name)
    stored = evaluate.load_results("kodak", "webp")
    (old,) = [p for p in stored.points if (p.picture, p.quality) == (picture.name, 50)]
    assert point.psnr == pytest.approx(old.psnr, abs=0.02)
    assert point.bytes == pytest.approx(old.bytes, rel=0.01)


@pytest.mark.parametrize("picture", ["camera", "coffee"])
def test_the_stored_results_of_our_own_codec_are_those_of_todays_code(picture):
    image = lic_course.images.builtin(picture)
    for old in evaluate.load_results("builtin", "own-jpeg").points:
        if (old.picture, old.quality) in ((picture, 10), (picture, 75)):
            point = evaluate.measure(image, "own-jpeg", old.quality)
            assert point.bytes == pytest.approx(old.bytes, rel=1e-3)
            assert point.psnr == pytest.approx(old.psnr, abs=2e-3)


def test_cost_tells_seconds_and_peak_memory():
    with evaluate.cost() as cost:
        np.zeros(10**6)  # 8 MB, freed at once: the peak counts
    assert 8 <= cost.megabytes < 9
    assert 0 < cost.seconds < 60
    assert re.fullmatch(r"\d+\.\d\d s, 8 MB of memory", str(cost))


def test_cost_of_what_fails_is_still_told_and_the_error_passes():
    with pytest.raises(ZeroDivisionError), evaluate.cost() as cost:
        np.zeros(10**6)[0] / (1 // 0)
    assert cost.megabytes >= 8


def test_cost_on_a_missing_gpu_is_one_sentence(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(LicError, match="no NVIDIA GPU"), evaluate.cost(gpu=True):
        pass
