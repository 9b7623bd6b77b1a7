"""What others published, as data: well formed, sorted, with sources, and equal to the print."""

import csv
import re

import numpy as np
import pytest

from lic_course import evaluate, metrics
from lic_course.errors import LicError
from lic_course.files import data_dir

DATA_SETS = {"kodak": 68, "clic2020": 16, "clic2020-test": 19, "tecnick": 33}
MISSING = ("–", "-")


def read(name: str) -> list[dict[str, str]]:
    with open(data_dir() / "reference" / f"{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("dataset", DATA_SETS)
def test_every_curve_is_well_formed_and_has_a_source(dataset):
    curves = evaluate.published(dataset)
    assert len(curves) == DATA_SETS[dataset]
    for name, curve in curves.items():
        assert curve.kind in ("industry", "learned"), name
        assert curve.trained_for in ("mse", "ms-ssim", ""), name
        assert re.match(r"[\w-]+/[\w-]+: ", curve.source), name
        assert curve.settings, name
        assert re.fullmatch(r"(\[\d+\])?", curve.survey_reference), name
        assert len(curve.bpp) >= 4 and (np.diff(curve.bpp) > 0).all(), name
        assert curve.psnr is not None or curve.ms_ssim is not None, name
        if curve.psnr is not None:
            assert (curve.psnr > 15).all() and (curve.psnr < 60).all(), name
        if curve.ms_ssim is not None:
            assert (curve.ms_ssim > 0.7).all() and (curve.ms_ssim < 1).all(), name
        assert ("MS-SSIM" in name) <= (curve.trained_for == "ms-ssim"), name


def test_quality_rises_with_the_rate_except_where_a_note_says_so():
    for dataset in DATA_SETS:
        for name, curve in evaluate.published(dataset).items():
            for column in (curve.psnr, curve.ms_ssim):
                rises = column is None or (np.diff(column) > 0).all()
                assert rises or "not quite monotone" in curve.note, (dataset, name)


@pytest.mark.parametrize(
    ("name", "bpp", "psnr", "ms_ssim"),
    [
        ("JPEG", 0.906, 32.0587, 0.975253),
        ("WebP", 0.72178, 33.2376, None),
        ("BPG", 0.35163, 31.5949, None),
        ("AV1", 0.49870, 33.6500, None),
        ("VTM", 0.49053, 34.2624, None),
        ("Ballé 2018 hyperprior", 0.13129, 27.5800, None),
        ("Minnen 2018 mean-scale", 0.46100, 32.9500, None),
    ],
)
def test_some_published_points(name, bpp, psnr, ms_ssim):
    curve = evaluate.published()[name]
    index = int(np.argmin(abs(curve.bpp - bpp)))
    assert curve.bpp[index] == pytest.approx(bpp, abs=6e-4)
    assert curve.psnr[index] == pytest.approx(psnr, abs=6e-3)
    if ms_ssim is not None:
        assert curve.ms_ssim[index] == ms_ssim


@pytest.mark.parametrize(
    ("name", "expected"),
    [("JPEG 2000", -35.9), ("WebP", -36.2), ("BPG", -58.9), ("AV1", -62.4), ("VTM", -67.6)],
)
def test_bd_rates_of_the_published_curves_against_jpeg(name, expected):
    curves = evaluate.published("kodak")
    rate = metrics.bd_rate(*curves["JPEG"].curve(), *curves[name].curve())
    assert rate == pytest.approx(expected, abs=0.06)


def test_a_curve_gives_its_columns_by_name():
    curve = evaluate.published()["Rippel 2017"]
    bpp, decibel = curve.curve("bpp", "ms_ssim_db")
    np.testing.assert_allclose(decibel, -10 * np.log10(1 - curve.ms_ssim))
    assert len(bpp) == len(decibel)
    for missing in ("psnr", "psnr_y", "psnr_db"):
        with pytest.raises(LicError, match="without psnr"):
            curve.curve("bpp", missing)


def test_there_is_a_sentence_for_a_data_set_without_curves():
    with pytest.raises(LicError, match="only for clic2020, clic2020-test, kodak, tecnick"):
        evaluate.published("mnist")


def test_the_tables_of_the_survey_are_complete():
    rows = {number: read(f"survey_table_{number}") for number in (3, 4, 5, 6)}
    assert [len(rows[number]) for number in (3, 4, 5, 6)] == [19, 14, 18, 13]
    for number in (3, 4, 5):
        for row in rows[number]:
            assert re.match(r"\[\d+\]", row["reference"])
            for column in {"bpp", "minimum_bpp", "psnr", "ssim", "ms_ssim"} & row.keys():
                assert row[column] in MISSING or float(row[column]) > 0
    for row in rows[6]:
        assert float(row["encode_ms"]) > 0 and float(row["decode_ms"]) > 0


@pytest.mark.parametrize(
    ("number", "key", "column", "printed"),
    [
        (3, "[41]", "ms_ssim", "0.94"),
        (3, "[46]", "psnr", "29.30"),
        (3, "[50]", "bpp", "4.10"),
        (3, "[53]", "ssim", "0.8118"),
        (4, "[69]", "ms_ssim", "0.9877"),
        (4, "[70]", "psnr", "32"),
        (4, "[90]", "psnr", "20"),
        (5, "[95]", "minimum_bpp", "0.01921"),
        (5, "[97]", "psnr", "32.2332"),
        (6, "[36]", "decode_ms", "984.000"),
        (6, "WebP", "decode_ms", "83.700"),
    ],
)
def test_some_cells_are_as_printed(number, key, column, printed):
    rows = read(f"survey_table_{number}")
    (row,) = [row for row in rows if key in (row.get("reference"), row.get("codec"))]
    assert row[column] == printed


def test_every_doubt_names_rows_that_exist():
    doubts = read("survey_doubts")
    assert len(doubts) == 41
    for doubt in doubts:
        assert doubt["evidence"] in ("tables", "curves", "paper", "recalled")
        assert doubt["kind"] and doubt["reason"].endswith(".")
        for number in doubt["table"].split(", "):
            rows = read(f"survey_table_{number}")
            keys = {row.get("reference") or row.get("codec") for row in rows}
            assert doubt["reference"] in keys, doubt
