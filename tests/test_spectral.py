"""Spectral cubes: round trips, side information, damage, golden files, and detection."""

import numpy as np
import pytest

import lic_course
from lic_course import bitstream, cli
from lic_course.classical import spectral
from lic_course.classical.spectral_detection import (
    cosine_estimator,
    detection_area,
    spectral_angle,
    synthetic_cube,
    target_weights,
)
from lic_course.errors import BitstreamError, LicError, UnsupportedImage
from tests.test_damage import damaged
from tests.test_golden import GOLDEN

METHODS = spectral.METHODS
FILES = 2000


@pytest.fixture(scope="module")
def scene():
    return synthetic_cube()


def small_cube():
    return synthetic_cube(25, 31, 20, seed=1)[0]


def mse(a, b):
    return float(np.mean((a.astype(float) - b) ** 2))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9, 3), (7, 1, 300), (12, 17, 5)], ids=str)
def test_any_shape_is_coded(method, shape):
    cube = np.random.default_rng(0).integers(900, 9000, shape).astype(np.uint16)
    decoded = spectral.decode_cube(spectral.encode_cube(cube, method, error=10.0))
    assert decoded.shape == shape and decoded.dtype == np.uint16
    if method != "j2k":
        assert np.sqrt(mse(cube, decoded)) < 25


@pytest.mark.parametrize("method", METHODS)
def test_less_error_takes_more_bytes(scene, method):
    cube, _ = scene
    files = [spectral.encode_cube(cube, method, error=error) for error in (400, 100, 25)]
    errors = [mse(cube, spectral.decode_cube(data)) for data in files]
    assert sorted(map(len, files)) == [len(data) for data in files]
    assert errors == sorted(errors, reverse=True)


def test_the_error_is_what_was_asked_for(scene):
    """K planes with the error D each, plus the variance of the components left out."""
    cube, _ = scene
    bands = cube.shape[2]
    pixels = cube.reshape(-1, bands).astype(float)
    variances = np.linalg.eigvalsh(np.cov(pixels.T, bias=True))[::-1]
    for method in ("pca-j2k", "pca-dct"):
        decoded = spectral.decode_cube(spectral.encode_cube(cube, method, 6, error=40.0))
        expected = (variances[6:].sum() + np.minimum(variances[:6], 40.0**2).sum()) / bands
        assert 0.5 * expected < mse(cube, decoded) < 1.3 * expected


def test_components_are_cheaper_than_bands(scene):
    cube, _ = scene
    bands = spectral.encode_cube(cube, "j2k", error=60.0)
    components = spectral.encode_cube(cube, "pca-j2k", error=60.0)
    assert len(components) < len(bands) / 3
    assert mse(cube, spectral.decode_cube(components)) < mse(cube, spectral.decode_cube(bands))


def test_as_many_components_as_are_larger_than_the_error(scene):
    cube, _ = scene
    variances = np.linalg.eigvalsh(np.cov(cube.reshape(-1, cube.shape[2]).T.astype(float)))
    for error in (30.0, 120.0, 1e4):
        head = bitstream.unpack(spectral.encode_cube(cube, error=error)).segments["pca"]
        expected = np.count_nonzero(variances > error**2)
        assert abs(spectral.HEAD.unpack_from(head)[2] - max(1, expected)) <= 1


def test_the_axes_are_in_the_file_and_small(scene):
    cube, _ = scene
    segments = bitstream.unpack(spectral.encode_cube(cube, components=6, error=40.0)).segments
    assert list(segments) == ["pca", "data"]
    assert 100 < len(segments["pca"]) < 4 * 7 * cube.shape[2] / 2  # half of what float32 takes


def test_clusters_have_axes_of_their_own(scene):
    cube, _ = scene
    one, four = (spectral.encode_cube(cube, components=2, error=40.0, clusters=n) for n in (1, 4))
    segments = bitstream.unpack(four).segments
    assert list(segments) == ["pca", "map", "data"]
    assert len(segments["pca"]) > 2 * len(bitstream.unpack(one).segments["pca"])
    assert mse(cube, spectral.decode_cube(four)) < 0.8 * mse(cube, spectral.decode_cube(one))


def test_weights_move_the_error_away_from_the_target(scene):
    cube, labels = scene
    target = labels == 4
    t = cube[target].mean(axis=0)
    weights = target_weights(cube, t, 1000.0, 0.02)
    assert weights[target].mean() > 10 * weights[~target].mean()
    plain, weighted = (
        spectral.decode_cube(spectral.encode_cube(cube, components=3, error=40.0, weights=w))
        for w in (None, np.where(target, 1000.0, 1.0))
    )
    assert mse(cube[target], weighted[target]) < 0.9 * mse(cube[target], plain[target])
    assert mse(cube, weighted) >= mse(cube, plain)


def test_detection_before_and_after(scene):
    """Few components drop what makes a rare material different, unless it has more weight."""
    cube, labels = scene
    target = labels == 4
    t = cube[target].mean(axis=0)

    def found(x):
        return detection_area(cosine_estimator(x.reshape(-1, x.shape[2]), t), target)

    def after(**settings):
        return found(spectral.decode_cube(spectral.encode_cube(cube, **settings)))

    few, weights = {"components": 3, "error": 20.0}, np.where(target, 1000.0, 1.0)
    assert found(cube) > 0.99 and after(error=20.0) > 0.99
    assert after(**few) < 0.85 < after(**few, weights=weights)
    assert spectral_angle(2 * t[None], t) == pytest.approx([0], abs=1e-6)


def test_detection_area_is_a_probability():
    assert detection_area([1, 2, 3, 4], np.array([False, False, True, True])) == 1
    assert detection_area([1, 1, 1, 1], np.array([False, False, True, True])) == 0.5
    assert detection_area([1, 3, 2, 4], np.array([False, False, True, True])) == 0.75


def test_quality_is_an_error(scene):
    cube, _ = scene
    errors = [spectral.error_of(cube, quality) for quality in (1, 50, 51, 100)]
    assert errors == sorted(errors, reverse=True)
    assert 20 * np.log10(errors[1] / errors[2]) == pytest.approx(0.5)
    assert spectral.error_of(np.full((2, 2, 2), 7, np.uint16), 50) > 0


def test_snr_and_bits():
    cube = np.array([[[0, 2]]], np.uint16)
    assert spectral.snr(cube, cube) == np.inf
    assert spectral.snr(cube, cube + np.uint16(1)) == pytest.approx(0)
    assert spectral.bits_per_sample(b"abc", cube) == 12


def test_cubes_and_pictures_are_not_confused(gray_picture):
    with pytest.raises(BitstreamError, match="npy"):
        lic_course.decode(spectral.encode_cube(small_cube()))
    with pytest.raises(BitstreamError, match="picture"):
        spectral.decode_cube(lic_course.encode(gray_picture, "jpeg"))
    for wrong in (small_cube().astype(float), small_cube()[0], small_cube()[:0]):
        with pytest.raises(UnsupportedImage, match="uint16"):
            spectral.encode_cube(wrong)


def test_wrong_settings_get_one_clear_sentence():
    cube = small_cube()
    with pytest.raises(LicError, match="pca-j2k"):
        spectral.encode_cube(cube, "jpeg")
    with pytest.raises(LicError, match="255"):
        spectral.encode_cube(cube, clusters=256)
    with pytest.raises(LicError, match="error"):
        spectral.encode_cube(cube, error=float("nan"))
    with pytest.raises(LicError, match="positive"):
        spectral.encode_cube(cube, weights=np.zeros(cube.shape[:2]))


def test_the_head_of_the_file_is_small():
    data = spectral.encode_cube(small_cube(), error=100.0, clusters=3)
    assert len(data) - sum(map(len, bitstream.unpack(data).segments.values())) <= 40


def test_the_limit_of_samples_is_kept():
    data = spectral.encode_cube(small_cube())
    with pytest.raises(BitstreamError, match="max_samples"):
        spectral.decode_cube(data, max_samples=small_cube().size - 1)


def coded_cubes():
    settings = (("j2k", 1), ("pca-j2k", 1), ("pca-j2k", 3), ("pca-dct", 2))
    return [spectral.encode_cube(small_cube(), m, 3, 300.0, n) for m, n in settings]


def test_damaged_files_are_noticed():
    rng, files = np.random.default_rng(0), coded_cubes()
    for number in range(FILES):
        data = files[number % len(files)]
        broken = damaged(data, rng)
        if broken == data:
            continue
        with pytest.raises(BitstreamError):
            spectral.decode_cube(broken)


def test_crafted_files_meet_a_decoder_that_holds():
    rng = np.random.default_rng(1)
    sound = [bitstream.unpack(data) for data in coded_cubes()]
    refused = 0
    for number in range(FILES):
        file = sound[number % len(sound)]
        name = list(file.segments)[rng.integers(len(file.segments))]
        broken = file.segments | {name: damaged(file.segments[name], rng)}
        try:
            cube = spectral.decode_cube(bitstream.pack("spectral", file.shape, broken), 2**20)
        except BitstreamError:
            refused += 1
        else:
            assert cube.shape[:2] == file.shape and cube.dtype == np.uint16
    assert refused > FILES / 2


@pytest.mark.parametrize("method", METHODS)
def test_old_files_keep_decoding(method):
    folder = GOLDEN.parent / "golden_cubes"
    decoded = spectral.decode_cube((folder / f"{method}.lic").read_bytes())
    expected = np.load(folder / f"{method}.npy")
    assert decoded.shape == expected.shape
    assert np.abs(decoded.astype(int) - expected).max() <= 3


def test_the_command_line_takes_cubes(tmp_path, monkeypatch, capsys, scene):
    monkeypatch.chdir(tmp_path)
    np.save("cube.npy", scene[0])
    assert cli.main(["encode", "cube.npy", "cube.lic", "--quality", "60"]) == 0
    assert "bits a sample" in capsys.readouterr().out
    assert cli.main(["decode", "cube.lic", "back.npy"]) == 0
    assert spectral.snr(scene[0], np.load("back.npy")) > 30
    np.save("float.npy", np.zeros((2, 2, 2)))
    (tmp_path / "text.npy").write_text("no array")
    for arguments in (
        ["encode", "float.npy", "out.lic"],
        ["encode", "text.npy", "out.lic"],
        ["encode", "missing.npy", "out.lic"],
        ["encode", "cube.npy", "out.lic", "--quality", "0"],
        ["encode", "cube.npy", "out.lic", "--target-bpp", "1"],
        ["encode", "cube.npy", "out.lic", "--codec", "jpeg2000"],
        ["decode", "cube.lic", "out.png"],
    ):
        assert cli.main(arguments) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and "Traceback" not in error
    assert not (tmp_path / "out.lic").exists()


def write_golden() -> None:
    """Write the golden files, once, by `python -m tests.test_spectral`."""
    folder = GOLDEN.parent / "golden_cubes"
    folder.mkdir(exist_ok=True)
    for method, clusters in zip(METHODS, (1, 2, 1), strict=True):
        data = spectral.encode_cube(small_cube(), method, error=100.0, clusters=clusters)
        with open(folder / f"{method}.lic", "xb") as file:
            file.write(data)
        np.save(folder / f"{method}.npy", spectral.decode_cube(data))


if __name__ == "__main__":
    write_golden()
