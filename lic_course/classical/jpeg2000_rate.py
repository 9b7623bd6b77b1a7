"""PCRD: where to cut the code of each block, so that no byte could do more good elsewhere.

The points (bytes, squared error) of a block have a lower convex hull. Cutting every block at the
last point of its hull with a slope of at least λ is the best one can do for the bytes it takes.
Source: D. Taubman, "High performance scalable image compression with EBCOT", 2000.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lic_course.classical.ebcot_encode import CodedBlock


@dataclass(frozen=True)
class HullPoint:
    """A place where it can be right to cut: after so many passes."""

    passes: int
    length: int  # bytes up to here
    slope: float  # fall of the squared error per byte since the point before


def convex_hull(block: CodedBlock, weight: float) -> list[HullPoint]:
    """The points of a block at which the slope falls; weight: squared error of one step²."""
    hull = [HullPoint(0, 0, float("inf"))]
    gains = [0.0]  # the fall of the error up to each point of the hull
    total = 0.0
    for passes, (length, drop) in enumerate(zip(block.lengths, block.drops, strict=True), 1):
        total += drop * weight
        if total <= gains[-1]:
            continue
        while True:
            more = length - hull[-1].length
            slope = (total - gains[-1]) / more if more else float("inf")
            if slope < hull[-1].slope or len(hull) == 1:
                break
            hull.pop()
            gains.pop()
        hull.append(HullPoint(passes, length, slope))
        gains.append(total)
    return hull


def cut(hull: Sequence[HullPoint], slope: float) -> HullPoint:
    """The last point of a hull whose slope is at least `slope`."""
    low, high = 0, len(hull) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if hull[middle].slope >= slope:
            low = middle
        else:
            high = middle - 1
    return hull[low]
