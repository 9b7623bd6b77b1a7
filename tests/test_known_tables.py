"""What is stored of the known tables: all of them, near what was known, and as measured today."""

import json

import pytest
from click.testing import CliRunner

from lic_course.classical import known_tables
from lic_course.errors import LicError
from lic_course.files import data_dir


def near(table: str, difference: float, words: str = "") -> list[known_tables.Entry]:
    entries = [entry for entry in known_tables.stored(table) if words in entry.name]
    far = [e for e in entries if abs(e.measured - e.known) > difference]
    assert entries and not far, far
    return entries


def test_f_transforms_differ_by_rounding_and_clipping_alone():
    assert len(near("f-transform", 0.04)) == 9 * 7 + 3 * 2


def test_codebooks_differ_by_their_random_starts():
    bits = near("codebooks", 0.02, "bits per pixel")
    psnr = [e for e in near("codebooks", 0.1) if e not in bits]
    assert len(bits) == len(psnr) == len(known_tables.CODEBOOKS)
    best = max(psnr, key=lambda entry: entry.measured if "K = 64" in entry.name else 0)
    assert best.name == "k-means, K = 64"  # harder is better, by MSE


def test_cubes_at_equal_rate_differ_little():
    entries = near("spectral", 0.25)
    assert len(entries) == len(known_tables.SPECTRAL)
    near("spectral", 0.12, "pca")


def test_levels_rise_to_least_squares():
    found = {e.name: e.measured for e in known_tables.stored("f-transform")}
    for block, n, shape in known_tables.F_TRANSFORM:
        rising = [found[f"{block} to {n} {shape}, {name}"] for name in LEVELS]
        assert rising == sorted(rising)


LEVELS = "one level", "2 levels", "3 levels", "4 levels", "5 levels", "least squares"


@pytest.mark.parametrize("table", known_tables.TABLES)
def test_the_provenance_is_complete(table):
    path = data_dir() / "results" / "classical" / f"{table}.json"
    made = json.loads(path.read_text("utf-8"))["provenance"]
    assert made["command"] == f"python -m lic_course.classical.known_tables --table {table}"
    assert made["fingerprint"] and made["date"] and made["processor"]


def test_a_sample_of_the_stored_entries_is_measured_again():
    stored = known_tables.stored("f-transform")
    entries = known_tables.f_transform_entries()
    for old, new in zip(stored[:7], entries, strict=False):
        assert new.name == old.name and new.measured == pytest.approx(old.measured, abs=2e-3)


def test_what_was_not_measured_gets_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("LIC_DATA", str(tmp_path))
    with pytest.raises(LicError, match="--table codebooks"):
        known_tables.stored("codebooks")


def test_the_tables_are_printed():
    text = CliRunner().invoke(known_tables.main).output
    assert "8 to 3 cosine, F1                           30.070  30.072  +0.002" in text
