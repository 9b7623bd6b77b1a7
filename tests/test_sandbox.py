"""A decoder that crashes or hangs ends its own process, and only that."""

import os
import signal

import numpy as np
import pytest

from lic_course import codec, sandbox
from lic_course.errors import BitstreamError

pytestmark = pytest.mark.skipif(
    codec.get("jpegxr").unavailable() is not None, reason="imagecodecs without JPEG XR"
)


@pytest.fixture
def sound(color_picture):
    data = codec.get("jpegxr").encode(color_picture, 50)["jxr"]
    return data, color_picture.shape


def test_the_child_decodes_and_stays(sound):
    first = sandbox.decode("jpegxr_decode", *sound)
    child = sandbox._child
    assert np.array_equal(first, sandbox.decode("jpegxr_decode", *sound))
    assert sandbox._child is child


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_a_hang_is_ended_and_the_next_picture_decodes(sound, monkeypatch):
    sandbox.decode("jpegxr_decode", *sound)
    monkeypatch.setattr(sandbox, "TIMEOUT", 0.2)
    os.kill(sandbox._child.pid, signal.SIGSTOP)
    with pytest.raises(BitstreamError, match="hung"):
        sandbox.decode("jpegxr_decode", *sound)
    monkeypatch.undo()
    assert sandbox.decode("jpegxr_decode", *sound).shape == sound[1]


def test_a_dead_child_is_replaced(sound):
    sandbox.decode("jpegxr_decode", *sound)
    sandbox._child.kill()
    sandbox._child.wait()
    assert sandbox.decode("jpegxr_decode", *sound).shape == sound[1]


def test_damage_is_told_in_words(sound):
    data, shape = sound
    with pytest.raises(BitstreamError):
        sandbox.decode("jpegxr_decode", data[:40], shape)
