"""Data sets: folders, fetching with hashes from a server of our own, archives, crops, the cube."""

import functools
import hashlib
import http.server
import io
import threading
import zipfile

import numpy as np
import pytest

from lic_course import datasets, images
from lic_course.dataset_registry import DATASETS, DataSet, File
from lic_course.errors import LicError, UnsupportedImage


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder, and no copies elsewhere."""
    monkeypatch.setenv("LIC_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LIC_DATASETS", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A folder and the address at which a local server offers it."""
    monkeypatch.setenv("NO_PROXY", "*")
    folder = tmp_path / "www"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def register(monkeypatch, *files: File) -> None:
    entry = DataSet("tiny", "two pictures", 2, 1, "free", "a page", "nobody", files)
    monkeypatch.setitem(DATASETS, "tiny", entry)


def two_pngs() -> dict[str, bytes]:
    rng = np.random.default_rng(1)
    return {
        name: images.to_png(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8))
        for name in ("a.png", "b.png")
    }


def test_a_folder_is_opened_by_name_with_its_subfolders(tmp_path):
    for name in ("b.png", "sub/a.PNG", "sub/c.jpg", "a.webp", "a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(two_pngs()["a.png"])
    for name in ("notes.txt", "SHA256SUMS", "._b.png"):
        (tmp_path / name).write_bytes(b"no picture")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "x.png").write_bytes(two_pngs()["a.png"])
    opened = datasets.pictures(tmp_path)
    assert [p.name for p in opened] == ["a.png", "a.webp", "b", "sub/a", "sub/c"]
    np.testing.assert_array_equal(opened[2].load(), images.read(two_pngs()["a.png"]))


def test_a_file_that_is_no_picture_is_named_when_it_is_loaded(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (picture,) = datasets.open_folder(tmp_path)
    with pytest.raises(UnsupportedImage, match=r"broken\.png"):
        picture.load()


def test_folders_and_names_that_do_not_exist(tmp_path):
    with pytest.raises(LicError, match="has no pictures"):
        datasets.open_folder(tmp_path)
    with pytest.raises(LicError, match="no folder"):
        datasets.open_folder(tmp_path / "nowhere")
    with pytest.raises(LicError, match="builtin, kodak"):
        datasets.pictures("kodac")
    with pytest.raises(LicError, match="indian_pines"):
        datasets.pictures("indian-pines")
    for function in (datasets.find, datasets.fetch):
        with pytest.raises(LicError, match="take one of kodak"):
            function("kodac")


def test_the_builtin_pictures_are_a_set():
    chosen = datasets.pictures("builtin")
    assert [p.name for p in chosen] == list(images.BUILTIN)
    np.testing.assert_array_equal(chosen[1].load(), images.builtin("camera"))


def test_a_set_is_fetched_once_and_checked(cache, server, monkeypatch):
    folder, address = server
    pngs = two_pngs()
    for name, data in pngs.items():
        (folder / name).write_bytes(data)
    register(monkeypatch, *(File(f"{address}/{n}", sha256(d)) for n, d in pngs.items()))
    assert datasets.find("tiny") is None
    chosen = datasets.pictures("tiny")
    assert [p.name for p in chosen] == ["a", "b"]
    np.testing.assert_array_equal(chosen[1].load(), images.read(pngs["b.png"]))
    for name in pngs:
        (folder / name).unlink()  # from now on only the cache can serve them
    assert datasets.fetch("tiny") == cache / "tiny" == datasets.find("tiny")
    assert sorted(path.name for path in cache.rglob("*.*")) == ["a.png", "b.png"]


def test_a_file_with_another_hash_is_refused_and_not_kept(cache, server, monkeypatch):
    folder, address = server
    (folder / "a.png").write_bytes(b"something else")
    register(monkeypatch, File(f"{address}/a.png", sha256(b"the published file")))
    with pytest.raises(LicError, match="does not send the published file"):
        datasets.fetch("tiny", progress=False)
    assert [path for path in cache.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("missing", ["file", "server"])
def test_without_network_there_is_one_sentence(cache, server, monkeypatch, missing):
    address = server[1] if missing == "file" else "http://127.0.0.1:9"
    register(monkeypatch, File(f"{address}/a.png", "0" * 64))
    with pytest.raises(LicError, match="connect to the network, or put a copy into"):
        datasets.fetch("tiny", progress=False)
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_a_copy_of_the_user_saves_the_download(cache, tmp_path, monkeypatch):
    pngs = two_pngs()
    register(monkeypatch, *(File(f"http://127.0.0.1:9/{n}", sha256(d)) for n, d in pngs.items()))
    own = tmp_path / "own" / "tiny"
    own.mkdir(parents=True)
    for name, data in pngs.items():
        (own / name).write_bytes(data)
    monkeypatch.setenv("LIC_DATASETS", str(own.parent))
    assert datasets.fetch("tiny") == own
    assert not cache.exists()
    (own / "b.png").write_bytes(pngs["a.png"])
    with pytest.raises(LicError, match=r"b\.png is not the published file"):
        datasets.fetch("tiny")


def test_an_archive_is_read_without_unpacking(cache, server, monkeypatch):
    folder, address = server
    pngs = two_pngs()
    with zipfile.ZipFile(folder / "set.zip", "w") as archive:
        archive.writestr("valid/b.png", pngs["b.png"])
        archive.writestr("valid/a.png", pngs["a.png"])
        archive.writestr("readme.txt", "no picture")
        archive.writestr("__MACOSX/valid/._a.png", "no picture")
    data = (folder / "set.zip").read_bytes()
    register(monkeypatch, File(f"{address}/set.zip", sha256(data)))
    chosen = datasets.pictures("tiny")
    assert [p.name for p in chosen] == ["a", "b"]
    np.testing.assert_array_equal(chosen[0].load(), images.read(pngs["a.png"]))
    assert [path.name for path in cache.rglob("*.*")] == ["set.zip"]


def numpy_file(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize("installed", [False, True])
def test_indian_pines_from_the_package_or_fetched(cache, server, tmp_path, monkeypatch, installed):
    cube, labels = np.arange(8, dtype=np.uint16).reshape(2, 2, 2), np.eye(2, dtype=np.uint8)
    parts = {"corrected": numpy_file(cube), "gt": numpy_file(labels)}
    package = tmp_path / "tensorly"
    (package / "datasets/data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    folder, address = server
    files = []
    for part, data in parts.items():
        name = f"Indian_pines_{part}.npy"
        (package / "datasets/data" / name).write_bytes(data)
        (folder / name).write_bytes(data)
        files.append(File(f"{address}/{name}", sha256(data)))
    entry = DataSet("indian-pines", "a cube", 1, 1, "free", "a page", "nobody", tuple(files))
    monkeypatch.setitem(DATASETS, "indian-pines", entry)
    if installed:
        monkeypatch.syspath_prepend(str(tmp_path))
    else:
        monkeypatch.setattr(datasets.importlib.util, "find_spec", lambda name: None)
    found_cube, found_labels = datasets.indian_pines()
    np.testing.assert_array_equal(found_cube, cube)
    np.testing.assert_array_equal(found_labels, labels)
    assert (cache / "indian-pines/Indian_pines_gt.npy").exists() is not installed


def test_another_version_of_the_cube_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "tensorly/datasets/data"
    folder.mkdir(parents=True)
    (tmp_path / "tensorly/__init__.py").touch()
    for file in DATASETS["indian-pines"].files:
        (folder / file.name).write_bytes(numpy_file(np.zeros(3)))
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(LicError, match="is not the published file"):
        datasets.indian_pines()


def test_crops_are_parts_of_the_pictures_and_repeatable():
    ramp = np.arange(40 * 50, dtype=np.uint32).reshape(40, 50)
    color = np.stack([ramp % 256, ramp // 256, ramp * 0], axis=2).astype(np.uint8)
    small = datasets.Picture("small", lambda: np.zeros((8, 90), np.uint8))
    chosen = [small, datasets.Picture("ramp", lambda: color)]
    first = datasets.crops(chosen, 16, 5, seed=3)
    assert first.shape == (5, 16, 16, 3) and first.dtype == np.uint8
    positions = first[..., 0] + 256 * first[..., 1].astype(int)
    for crop in positions:  # a window of the ramp is known by its first value
        np.testing.assert_array_equal(crop, crop[0, 0] + ramp[:16, :16])
    assert len({int(crop[0, 0]) for crop in positions}) > 1
    np.testing.assert_array_equal(first, datasets.crops(chosen, 16, 5, seed=3))
    assert (first != datasets.crops(chosen, 16, 5, seed=4)).any()
    gray = datasets.crops([small], 8, 2)
    assert gray.shape == (2, 8, 8, 3)
    with pytest.raises(LicError, match="No picture has 41×41"):
        datasets.crops(chosen, 41, 1)


def test_the_fingerprint_knows_names_and_pixels():
    def one(name, value):
        return [datasets.Picture(name, lambda: np.full((2, 3), value, np.uint8))]

    assert datasets.fingerprint(one("a", 1)) == datasets.fingerprint(one("a", 1))
    others = {datasets.fingerprint(one(*case)) for case in (("a", 1), ("b", 1), ("a", 2))}
    assert len(others) == 3


def test_the_registry_is_complete():
    for name, entry in DATASETS.items():
        assert entry.name == name and entry.count > 0 and entry.megabytes > 0
        assert all((entry.what, entry.license, entry.citation))
        assert entry.source.startswith("http")
        assert len({file.name for file in entry.files}) == len(entry.files) > 0
        for file in entry.files:
            assert len(bytes.fromhex(file.sha256)) == 32
    kodak = DATASETS["kodak"].files
    assert (kodak[0].name, kodak[23].name) == ("kodim01.png", "kodim24.png")
    assert len({file.sha256 for file in kodak}) == 24
