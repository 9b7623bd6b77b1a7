"""EBCOT's contexts: what the neighbors of a coefficient say about its next bit.

The eight neighbors are one byte: which of them are significant, that is, known not to be zero. The
tables turn that byte into a context. Source: ITU-T T.800, Annex D.
"""

import numpy as np

# Bits of the neighborhood byte, with row and column offset of the neighbor.
NW, NE, SW, SE, NORTH, SOUTH, WEST, EAST = (1 << bit for bit in range(8))
NEIGHBORS = {
    NW: (-1, -1),
    NE: (-1, 1),
    SW: (1, -1),
    SE: (1, 1),
    NORTH: (-1, 0),
    SOUTH: (1, 0),
    WEST: (0, -1),
    EAST: (0, 1),
}
STRIPE = 4  # rows that are scanned together, column by column

ORIENTATIONS = ("LL", "HL", "LH", "HH")
REFINE_FIRST, REFINE_FIRST_NEAR, REFINE = 14, 15, 16
RUN, UNIFORM = 17, 18
INITIAL_STATES = tuple({0: 4, RUN: 3, UNIFORM: 46}.get(context, 0) for context in range(19))

_SIGN = {  # horizontal and vertical balance of the neighbors' signs: context, and is it inverted
    (1, 1): (13, 0),
    (1, 0): (12, 0),
    (1, -1): (11, 0),
    (0, 1): (10, 0),
    (0, 0): (9, 0),
    (0, -1): (10, 1),
    (-1, 1): (11, 1),
    (-1, 0): (12, 1),
    (-1, -1): (13, 1),
}


def zero_coding_context(orientation: str, neighborhood: int) -> int:
    """The context, 0 to 8, of "does this coefficient become significant?"."""
    h, v, d = (
        sum(bool(neighborhood & bit) for bit in bits)
        for bits in ((WEST, EAST), (NORTH, SOUTH), (NW, NE, SW, SE))
    )
    if orientation == "HH":
        if d >= 2:
            return 8 if d >= 3 else 6 + (h + v >= 1)
        return 3 * d + min(h + v, 2)
    if orientation == "HL":
        h, v = v, h
    if h == 2:
        return 8
    if h == 1:
        return 7 if v else 5 + (d >= 1)
    return v + 2 if v else min(d, 2)


def sign_coding_context(cross: int) -> tuple[int, int]:
    """The context, 9 to 13, of a sign, and 1 if the coded decision is inverted.

    cross: bits 0 to 3, significance of the north, south, west and east neighbor (the upper half of
    the neighborhood); bits 4 to 7, which of them are negative.
    """
    north, south, west, east = (
        (cross >> bit & 1) * (1 - 2 * (cross >> bit + 4 & 1)) for bit in range(4)
    )
    return _SIGN[max(-1, min(1, west + east)), max(-1, min(1, north + south))]


# (4, 256): by orientation and neighborhood
ZERO_CODING = np.array(
    [[zero_coding_context(name, byte) for byte in range(256)] for name in ORIENTATIONS], np.uint8
)
# (256,): 2 * context + inverted, so that "^ negative" gives the MQ coder's symbol
SIGN_CODING = np.array(
    [2 * context + flip for context, flip in map(sign_coding_context, range(256))], np.uint8
)
