"""Files are written whole or not at all."""

import os

import pytest

from lic_course import files
from lic_course.errors import LicError


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "x.lic"
    files.write_atomically(path, b"old")
    files.write_atomically(path, b"new and longer")
    assert path.read_bytes() == b"new and longer"
    assert [p.name for p in tmp_path.iterdir()] == ["x.lic"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "x.lic"
    files.write_atomically(path, b"old")

    def disk_full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(OSError, match="No space"):
        files.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.lic"]


def test_new_files_have_ordinary_permissions(tmp_path):
    path = tmp_path / "x"
    files.write_atomically(path, b"")
    ordinary = tmp_path / "y"
    ordinary.write_bytes(b"")
    assert path.stat().st_mode == ordinary.stat().st_mode


def test_a_missing_data_folder_is_explained(tmp_path, monkeypatch):
    monkeypatch.setenv("LIC_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(LicError, match="LIC_DATA"):
        files.data_dir()
