"""Schedules: every element once, no element before what it depends on, and the number of steps."""

import numpy as np
import pytest

from lic_course.neural import schedules

SIZES = [(1, 1), (1, 9), (8, 1), (7, 5), (33, 47), (32, 48)]
KINDS = {
    "raster": schedules.raster,
    "wavefront": schedules.wavefront,
    "checkerboard": schedules.checkerboard,
    "everything": schedules.everything,
    "diagonals": schedules.diagonals,
    "slices": lambda M, h, w: schedules.slices(M, h, w, (1, 1, 2)),
    "uneven": lambda M, h, w: schedules.slices_and_checkerboard(M, h, w, (1, 3)),
    "groups by diagonals": lambda M, h, w: schedules.diagonals(M, h, w, (1, 3)),
    "staggered": lambda M, h, w: schedules.staggered(M, h, w, (2, 2)),
    "tiles": lambda M, h, w: schedules.tiles(M, h, w, 8),
    "blocks": lambda M, h, w: schedules.blocks(M, h, w, 4),
    "blocks in groups": lambda M, h, w: schedules.blocks(M, h, w, 4, (1, 3)),
}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_every_element_is_coded_once(kind, size):
    count = np.zeros((4, *size), int)
    for step in KINDS[kind](4, *size):
        np.add.at(count, step.index, 1)
    assert (count == 1).all()


@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_wavefront_respects_the_mask(size, kernel):
    """Brute force: whatever the causal mask sees has an earlier step."""
    h, w = size
    time = schedules.times(schedules.wavefront(1, h, w, kernel), (1, h, w))[0]
    r = kernel // 2
    for i in range(h):
        for j in range(w):
            seen = [(i - a, j + b) for a in range(1, r + 1) for b in range(-r, r + 1)]
            seen += [(i, j - b) for b in range(1, r + 1)]
            for y, x in seen:
                if 0 <= y < h and 0 <= x < w:
                    assert time[y, x] < time[i, j]


def test_one_column_less_of_delay_would_break_it():
    """t = r i + j is too early: some element would need one of its own step."""
    h, w, r = 6, 9, 2
    i, j = np.indices((h, w))
    t = r * i + j
    assert any(t[y - 1, x + r] >= t[y, x] for y in range(1, h) for x in range(w - r))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_group_follows_a_whole_window_behind_the_one_before(size):
    """Brute force: the second half sees all of the first in a 5x5 window, and starts no later."""
    h, w = size
    first, second = schedules.times(schedules.staggered(2, h, w, (1, 1)), (2, h, w))
    slack = [
        second[i, j] - first[max(0, i - 2) : i + 3, max(0, j - 2) : j + 3].max()
        for i in range(h)
        for j in range(w)
    ]
    assert min(slack) >= 1
    assert min(slack) == 1 or min(size) < 3  # with a smaller delay it would not do


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (schedules.raster(2, 32, 48), 1536),
        (schedules.wavefront(2, 32, 48, 3), 110),
        (schedules.wavefront(2, 32, 48, 5), 141),
        (schedules.wavefront(2, 32, 48, 7), 172),
        (schedules.wavefront(2, 135, 240, 5), 642),
        (schedules.checkerboard(2, 32, 48), 2),
        (schedules.diagonals(32, 32, 48), 110),
        (schedules.slices(10, 3, 4, (1,) * 10), 10),
        (schedules.slices_and_checkerboard(320, 8, 8, (16, 16, 32, 64, 192)), 10),
        (schedules.diagonals(192, 32, 48, (8, 16, 32, 136)), 4 + 32 + 48 - 2),
        (schedules.staggered(4, 32, 48, (2, 2)), 141 + 9),
        (schedules.staggered(6, 32, 48, (2, 2, 2)), 141 + 18),
        (schedules.tiles(2, 32, 48, 4), 13),
        (schedules.tiles(2, 32, 48, 8), 29),
        (schedules.tiles(2, 135, 240, 8), 29),
        (schedules.blocks(2, 32, 48, 4), 19),
        (schedules.blocks(2, 32, 48, 8), 9),
        (schedules.blocks(2, 32, 48, 2), 39),
    ],
)
def test_known_numbers_of_steps(steps, expected):
    assert len(steps) == expected


def test_groups_must_make_all_channels():
    with pytest.raises(ValueError, match="do not make"):
        schedules.slices(8, 2, 2, (3, 3))
