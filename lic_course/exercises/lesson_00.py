"""The exercise of lesson 00, and the pattern for all others."""

import numpy as np

from lic_course.exercises.core import Case, Exercise, Wrong, case


def bits_per_pixel(nbytes: int, height: int, width: int) -> float:
    """Rate of a file of `nbytes` bytes that holds a picture of `height` x `width` pixels."""
    return 8 * nbytes / (height * width)


def _bytes_per_pixel(nbytes, height, width):
    return nbytes / (height * width)


def _pixels_per_bit(nbytes, height, width):
    return height * width / (8 * nbytes)


def _whole_bits(nbytes, height, width):
    return 8 * nbytes // (height * width)


def _per_sample(nbytes, height, width):
    return 8 * nbytes / (3 * height * width)


def _random_files(rng: np.random.Generator) -> list[Case]:
    return [case(*(int(n) for n in rng.integers(1, 5000, size=3))) for _ in range(5)]


EXERCISES = (
    Exercise(
        id="00.bits_per_pixel",
        task="Compute how many bits a file spends on each pixel of its picture.",
        minutes=3,
        points=1,
        solution=bits_per_pixel,
        cases=(case(49152, 512, 768), case(1000, 100, 50), case(17, 1, 1)),
        hidden=_random_files,
        wrong=(
            Wrong(_bytes_per_pixel, "nbytes counts bytes, and each byte has 8 bits."),
            Wrong(_pixels_per_bit, "this is pixels per bit: turn the fraction over."),
            Wrong(_whole_bits, "// rounds down to whole bits: divide with /."),
            Wrong(_per_sample, "a pixel counts once, not once for each of its three colors."),
        ),
    ),
)
