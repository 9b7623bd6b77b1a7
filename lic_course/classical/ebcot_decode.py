"""EBCOT tier 1, decoder: the code of a block, cut after any pass, to its coefficients.

A decoder learns the contexts only as it goes, so it visits the coefficients one by one. Each has
one number of flags, kept up to date by its neighbors. The coefficients stand in the order of the
scan: stripes of four rows, column by column, with a column of walls between the stripes. The MQ
decoder's fast path is written out where it is used most: a call would take longer than the work.
"""

from functools import cache

import numpy as np

from lic_course.classical.ebcot_contexts import (
    EAST,
    INITIAL_STATES,
    NE,
    NORTH,
    NW,
    ORIENTATIONS,
    REFINE,
    REFINE_FIRST,
    RUN,
    SE,
    SIGN_CODING,
    SOUTH,
    STRIPE,
    SW,
    UNIFORM,
    WEST,
    ZERO_CODING,
)
from lic_course.classical.mq_coder import MqDecoder

# Flags: bits 0 to 7 the significant neighbors, 8 to 11 the negative ones of the upper four, then
_NEGATIVE_SHIFT = 4  # from the bit of a neighbor to the bit of its sign
_VISITED, _REFINED, _CLOSED = 1 << 12, 1 << 13, 1 << 14  # closed: significant, or a wall
_ZERO = [bytes(table) for table in ZERO_CODING]
_SIGN = bytes(SIGN_CODING)


def decode_block(
    data: bytes, shape: tuple[int, int], orientation: str, planes: int, passes: int
) -> np.ndarray:
    """Decode the first `passes` passes of a block of `planes` bit-planes.

    Returns (h, w) int64: twice the coefficients, in units of the step, in the middle of what is
    known of them, so that a coefficient decoded down to plane 0 is odd or zero.
    """
    block = _Block(data, shape, ORIENTATIONS.index(orientation))
    for number in range(2, passes + 2):  # the first plane has only the clean-up pass
        plane = planes - 1 - number // 3
        (block.significance, block.refinement, block.cleanup)[number % 3](plane)
    return block.values()


@cache
def _offsets(width: int) -> tuple[tuple[tuple[int, int], ...], ...]:
    """For each row of a stripe: where the neighbors are, and which one of theirs we are."""
    stripe = STRIPE * (width + 1)
    rows = []
    for row in range(STRIPE):
        up = -1 if row else -stripe + STRIPE - 1
        down = 1 if row < STRIPE - 1 else stripe - STRIPE + 1
        rows.append(
            (
                (up - STRIPE, SE),
                (up + STRIPE, SW),
                (down - STRIPE, NE),
                (down + STRIPE, NW),
                (up, SOUTH),
                (down, NORTH),
                (-STRIPE, EAST),
                (STRIPE, WEST),
            )
        )
    return tuple(rows)


@cache
def _layout(height: int, width: int) -> tuple[np.ndarray, tuple[int, ...], tuple[int, ...]]:
    """Places of the coefficients (h, w), initial flags, and the first place of each column."""
    stripes = -(-height // STRIPE)
    places = np.arange((stripes + 2) * (width + 1) * STRIPE).reshape(-1, width + 1, STRIPE)
    inner = places[1:-1, 1:]
    flags = np.full(places.size + STRIPE, _CLOSED)
    inside = inner.transpose(0, 2, 1).reshape(-1, width)[:height]
    flags[inside] = 0
    return inside, tuple(flags.tolist()), tuple(inner[:, :, 0].ravel().tolist())


class _Block:
    """A block on its way from zeros to its coefficients."""

    def __init__(self, data: bytes, shape: tuple[int, int], orientation: int) -> None:
        self._inside, flags, self._columns = _layout(*shape)
        self._neighbors = _offsets(shape[1])
        self._flags = list(flags)
        self._value = [0] * len(flags)  # twice the magnitude
        self._negative = bytearray(len(flags))
        self._significant: list[int] = []  # places, in the order of the scan
        self._new: list[int] = []  # those that became significant in this plane
        self._zero = _ZERO[orientation]
        self._mq = MqDecoder(data, INITIAL_STATES)

    def values(self) -> np.ndarray:
        """Twice the signed coefficients, (h, w) int64."""
        value = np.array(self._value, np.int64)[self._inside]
        negative = np.frombuffer(self._negative, np.uint8)[self._inside]
        return np.where(negative, -value, value)

    def significance(self, plane: int) -> None:
        """The significance propagation pass."""
        mq, flags, zero = self._mq, self._flags, self._zero
        qe, mps, renew, margin = mq.qe, mq.mps, mq.renew, mq.margin
        for column in self._columns:
            if flags[column : column + 4] == _NOTHING:
                continue
            for place in range(column, column + 4):
                flag = flags[place]
                if not 0 < flag < _VISITED:
                    continue
                context = zero[flag & 0xFF]
                margin -= qe[context]
                if margin >= 0:
                    bit = mps[context]
                else:
                    bit, margin = renew(context, margin)
                if bit:
                    mq.margin = margin
                    self._become_significant(place, plane)
                    margin = mq.margin
                flags[place] |= _VISITED
        mq.margin = margin

    def refinement(self, plane: int) -> None:
        """The magnitude refinement pass."""
        mq, flags, value = self._mq, self._flags, self._value
        qe, mps, renew, margin = mq.qe, mq.mps, mq.renew, mq.margin
        step = 1 << plane
        for place in self._significant:
            flag = flags[place]
            if flag & _REFINED:
                context = REFINE
            else:
                context = REFINE_FIRST + (flag & 0xFF != 0)
                flags[place] = flag | _REFINED
            margin -= qe[context]
            if margin >= 0:
                bit = mps[context]
            else:
                bit, margin = renew(context, margin)
            value[place] += step if bit else -step
        mq.margin = margin

    def cleanup(self, plane: int) -> None:
        """The clean-up pass, and the end of the bit-plane."""
        mq, flags, zero = self._mq, self._flags, self._zero
        qe, mps, renew, margin = mq.qe, mq.mps, mq.renew, mq.margin
        for column in self._columns:
            first = column
            if flags[column : column + 4] == _NOTHING:
                margin -= qe[RUN]
                if margin >= 0:
                    bit = mps[RUN]
                else:
                    bit, margin = renew(RUN, margin)
                if not bit:
                    continue
                mq.margin = margin
                first += 2 * mq.decode(UNIFORM) + mq.decode(UNIFORM)
                self._become_significant(first, plane)
                margin = mq.margin
                first += 1
            for place in range(first, column + 4):
                flag = flags[place]
                if flag >= _VISITED:
                    flags[place] = flag & ~_VISITED
                    continue
                context = zero[flag & 0xFF]
                margin -= qe[context]
                if margin >= 0:
                    bit = mps[context]
                else:
                    bit, margin = renew(context, margin)
                if bit:
                    mq.margin = margin
                    self._become_significant(place, plane)
                    margin = mq.margin
        mq.margin = margin
        self._significant = sorted(self._significant + self._new)
        self._new = []

    def _become_significant(self, place: int, plane: int) -> None:
        """Decode the sign and tell the neighbors."""
        flags = self._flags
        symbol = _SIGN[flags[place] >> 4 & 0xFF]
        negative = self._mq.decode(symbol >> 1) ^ symbol & 1
        self._negative[place] = negative
        self._value[place] = 3 << plane
        self._new.append(place)
        flags[place] |= _CLOSED
        for offset, bit in self._neighbors[place & 3]:
            if negative and bit >= NORTH:
                bit |= bit << _NEGATIVE_SHIFT
            flags[place + offset] |= bit


_NOTHING = [0] * STRIPE
