"""Every figure can be drawn, returns nothing, leaves nothing open, and is the same each time."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lic_course import images, plots
from lic_course.errors import LicError

SQUARE = np.arange(-20, 44).reshape(8, 8)
PHOTO = images.builtin("chelsea")[:64, :80]
FIGURES = {
    "show": lambda: plots.show([PHOTO, PHOTO[..., 0]], ["a", "b"], crop=(8, 8, 32, 40)),
    "show in rows": lambda: plots.show([PHOTO] * 3, columns=2),
    "rate_distortion": lambda: plots.rate_distortion(["jpeg"], highlight="jpeg", published=["BPG"]),
    "ms-ssim": lambda: plots.rate_distortion(["jpeg"], metric="ms_ssim_db"),
    "curves": lambda: plots.curves([1, 2, 4], {"a": [1, 2, 3], "b": [3, 2, 1]}, "x", "y", log="x"),
    "bars": lambda: plots.bars(["a", "b"], {"real": [1, 2], "ideal": [1.5, 1]}, "bits", "", ".1f"),
    "histogram": lambda: plots.histogram({"pixels": PHOTO, "rows": PHOTO[0]}, "value", log=True),
    "matrix": lambda: plots.matrix([SQUARE, np.abs(SQUARE)], ["signed", "not"]),
    "basis": lambda: plots.basis(np.ones((2, 3, 8, 8)), "flat"),
    "path": lambda: plots.path(np.arange(64), "rows"),
    "block_bits": lambda: plots.block_bits(PHOTO, np.ones((8, 10)), "cat"),
}


@pytest.fixture
def drawn(monkeypatch):
    """What `plt.show()` would have shown, as PNG bytes."""
    pictures = []

    def keep():
        buffer = io.BytesIO()
        plt.gcf().savefig(buffer, format="png")
        pictures.append(buffer.getvalue())

    monkeypatch.setattr(plt, "show", keep)
    plots.style()
    return pictures


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure(name, drawn):
    for _ in range(2):
        assert FIGURES[name]() is None
    assert plt.get_fignums() == []
    first, second = drawn
    assert first == second
    assert len(first) < 200_000


def test_a_codec_looks_the_same_everywhere():
    assert plots.look("own-jpeg") == plots.look("own-jpeg")
    assert len(set(plots.CODEC_LOOKS.values())) == len(plots.CODEC_LOOKS)
    assert plots.look("a codec to come") == plots.look("a codec to come")


def test_nothing_to_show_is_said():
    with pytest.raises(LicError, match="nothing to show"):
        plots.show([])
