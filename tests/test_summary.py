"""The table of all codecs: what it says of made-up results, and that the stored ones fit it."""

import json
import math

import pytest
from click.testing import CliRunner

from lic_course import evaluate, results, summary


def store(name: str, factor: float, psnr: float = 25) -> None:
    points = tuple(
        results.Point(name, p, q, 0, factor * 2**q, psnr + 3 * q, psnr + 3 * q, None, 0, 0)
        for p in ("p0", "p1")
        for q in range(1, 7)
    )
    provenance = results.Provenance("", "", 2, "", "", "", {}, "", 1)
    path = results.results_path("kodak", name)
    results.save(path, results.Results("kodak", name, provenance, points))


@pytest.fixture
def stored(tmp_path, monkeypatch):
    monkeypatch.setenv("LIC_DATA", str(tmp_path))
    for name, factor in (("jpeg", 1), ("jpeg2000", 0.5), ("worse", 2)):
        store(name, factor)
    store("elsewhere", 1, psnr=90)
    return tmp_path


def test_codecs_are_sorted_and_what_cannot_be_compared_comes_last(stored):
    rows = {row.codec: row for row in summary.summary()}
    assert list(rows) == ["jpeg2000", "jpeg", "worse", "elsewhere"]
    assert [rate.mean for rate in rows["worse"].against] == pytest.approx([100, 300])
    assert rows["jpeg2000"].against[1].mean == 0
    assert rows["elsewhere"].against == (None, None)
    assert rows["jpeg"].encode_seconds is None


def test_times_are_stored_per_megapixel_with_their_provenance(stored, monkeypatch):
    def time_codec(name, size, repetitions):
        assert size == (512, 768) and repetitions == 3
        return evaluate.Timing(name, size, 50, repetitions, 7, 8, 0.393216, 2 * 0.393216)

    monkeypatch.setattr(summary.evaluate, "time_codec", time_codec)
    summary.measure_times(["jpeg", "worse"], repetitions=3)
    assert summary.stored_times() == {"jpeg": (1.0, 2.0), "worse": (1.0, 2.0)}
    made = json.loads((stored / "results" / "timing.json").read_text())["provenance"]
    assert made["command"] == summary.COMMAND and made["processor"] and made["cores"] >= 1
    text = CliRunner().invoke(summary.main).output
    (line,) = [line for line in text.splitlines() if line.startswith("worse")]
    assert "+100.0 ± 0.0 %" in line and line.endswith("1.000   2.000")


def test_the_table_of_this_project_has_every_codec_of_kodak():
    rows = {row.codec: row for row in summary.summary()}
    assert set(rows) == set(results.measured("kodak"))
    for name, row in rows.items():
        if name != "png":
            assert all(math.isfinite(rate.mean) for rate in row.against)
            assert all(rate.lowest <= rate.mean <= rate.highest for rate in row.against)
    assert set(summary.stored_times()) <= set(rows)
    assert min(min(times) for times in summary.stored_times().values()) > 0
