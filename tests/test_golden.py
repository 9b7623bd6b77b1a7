"""Files written by earlier versions keep decoding: `tests/golden/CODEC.lic`, one for each codec.

A new codec gets its file once, by `python -m tests.test_golden CODEC`, and never again. Only new
weights of a learned codec, which cannot read what older ones wrote, need a new file.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

import lic_course
from lic_course import codec, images, metrics

GOLDEN = Path(__file__).parent / "golden"
QUALITY = 70


def picture() -> np.ndarray:
    return images.builtin("chelsea")[100:157, 130:203]


@pytest.mark.parametrize("name", codec.names())
def test_old_files_keep_decoding(name):
    if reason := codec.get(name).unavailable():
        pytest.skip(reason)
    data = (GOLDEN / f"{name}.lic").read_bytes()
    decoded = lic_course.decode(data)
    assert lic_course.info(data).codec == name
    expected = images.read(GOLDEN / f"{name}.png")
    # decoders may round the last bit differently from version to version, and no more than that
    assert decoded.shape == expected.shape
    assert np.abs(decoded.astype(int) - expected).max() <= 3
    assert metrics.psnr(expected, decoded) > 48


def test_no_golden_file_is_left_without_its_codec():
    assert {path.stem for path in GOLDEN.iterdir()} == set(codec.names())


def write(name: str) -> None:
    """Write the golden file of a new codec, and the picture that it decodes to."""
    data = lic_course.encode(picture(), name, QUALITY)
    GOLDEN.mkdir(exist_ok=True)
    mode = "wb" if codec.get(name).kind == "learned" else "xb"
    with open(GOLDEN / f"{name}.lic", mode) as file:
        file.write(data)
    images.write(GOLDEN / f"{name}.png", lic_course.decode(data))


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        write(argument)
