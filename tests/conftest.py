"""Fixtures that all tests share."""

import numpy as np
import pytest

from lic_course import images


@pytest.fixture(scope="session")
def color_picture() -> np.ndarray:
    """A detailed part of a photograph, 96 x 120, color, read-only."""
    return images.builtin("chelsea")[90:186, 130:250]


@pytest.fixture(scope="session")
def gray_picture() -> np.ndarray:
    """A detailed part of a photograph, 64 x 56, gray, read-only."""
    return images.builtin("camera")[100:164, 200:256]
