"""The MQ coder: an adaptive binary arithmetic coder without multiplications (JPEG 2000, JBIG2).

A decision is 0 or 1 in a context. Each context has a state: which of the two is more probable (the
MPS), and the size Qe of the other one's part (LPS) of an interval A that is kept near 0.75.
Coding the MPS leaves A - Qe; when A falls below 1/2, interval and code are doubled.

A decision is given as one number, 2 * context + decision. Source: ITU-T T.800, Annex C.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# (Qe, next state after the MPS, next state after the LPS, exchange MPS and LPS) for 47 states
_STATES = """
5601 1 1 1, 3401 2 6 0, 1801 3 9 0, 0AC1 4 12 0, 0521 5 29 0, 0221 38 33 0, 5601 7 6 1,
5401 8 14 0, 4801 9 14 0, 3801 10 14 0, 3001 11 17 0, 2401 12 18 0, 1C01 13 20 0, 1601 29 21 0,
5601 15 14 1, 5401 16 14 0, 5101 17 15 0, 4801 18 16 0, 3801 19 17 0, 3401 20 18 0, 3001 21 19 0,
2801 22 19 0, 2401 23 20 0, 2201 24 21 0, 1C01 25 22 0, 1801 26 23 0, 1601 27 24 0, 1401 28 25 0,
1201 29 26 0, 1101 30 27 0, 0AC1 31 28 0, 09C1 32 29 0, 08A1 33 30 0, 0521 34 31 0, 0441 35 32 0,
02A1 36 33 0, 0221 37 34 0, 0141 38 35 0, 0111 39 36 0, 0085 40 37 0, 0049 41 38 0, 0025 42 39 0,
0015 43 40 0, 0009 44 41 0, 0005 45 42 0, 0001 45 43 0, 5601 46 46 0
"""
_ROWS = [row.split() for row in _STATES.replace("\n", " ").split(",")]
# The tables below have two entries for each state: 2 * state + MPS.
QE = [int(row[0], 16) for row in _ROWS for _ in (0, 1)]
NEXT_MPS = [2 * int(row[1]) + mps for row in _ROWS for mps in (0, 1)]
NEXT_LPS = [2 * int(row[2]) + (mps ^ int(row[3])) for row in _ROWS for mps in (0, 1)]

_HALF = 0x8000
_CARRY = 1 << 27
_LPS = 1 << 20  # added to Qe, it makes the interval negative: a mark that costs no comparison
# what the decisions 0 and 1 take from the interval at first
_STEPS = [(qe + _LPS * (s & 1), qe + _LPS * (1 - (s & 1))) for s, qe in enumerate(QE)]


@dataclass(frozen=True)
class Mark:
    """Where the encoder stands: all that is needed to know which prefix decodes up to here."""

    nbytes: int  # bytes written, of which the last may still take a carry
    last: int  # that last byte, -1 before the first
    top: int  # the end of the interval, aligned so that the next byte has its lowest bit at 2**19


class MqEncoder:
    """Encodes decisions; `initial` has the first state of each context, 0 to 46, with the MPS 0."""

    def __init__(self, initial: Sequence[int]) -> None:
        self._states = [2 * state for state in initial]
        self._steps = [step for state in self._states for step in _STEPS[state]]
        self._out = bytearray(1)  # a first byte that is dropped at the end
        self._a = _HALF  # the size of the interval
        self._top = _HALF  # its end: the C of the standard, plus A
        self._ct = 12  # doublings until the next byte is complete

    def encode(self, symbols: Iterable[int]) -> None:
        """Code decisions, each given as 2 * context + decision; fastest when they are `bytes`.

        The MPS has the upper part of the interval, so it leaves the end `top` in its place: most
        decisions are one subtraction and one comparison.
        """
        a, top, ct, out = self._a, self._top, self._ct, self._out
        steps, states = self._steps, self._states
        for symbol in symbols:
            a -= steps[symbol]
            if a >= _HALF:
                continue
            context = symbol >> 1
            state = states[context]
            if a < 0:  # the LPS: the lower part, unless that is the larger one
                a += _LPS
                if a >= QE[state]:
                    top -= a
                    a = QE[state]
                shift = 16 - a.bit_length()
                state = NEXT_LPS[state]
            else:
                if a < QE[state]:
                    top -= a
                    a = QE[state]
                shift = 1
                state = NEXT_MPS[state]
            states[context] = state
            steps[2 * context : 2 * context + 2] = _STEPS[state]
            if shift < ct:
                a <<= shift
                top <<= shift
                ct -= shift
            else:
                a, top, ct = _double(a, top, ct, shift, out)
        self._a, self._top, self._ct = a, top, ct

    def mark(self) -> Mark:
        """Remember the present place, for `prefix_lengths`."""
        nbytes = len(self._out) - 1
        return Mark(nbytes, self._out[-1] if nbytes else -1, self._top << self._ct)

    def finish(self) -> bytes:
        """The code, ended so that whatever follows in the file does not matter."""
        out, code = self._out, self._top - self._a
        code |= 0xFFFF
        if code >= self._top:
            code -= _HALF
        _, code, ct = _double(0, code, self._ct, self._ct, out)
        _double(0, code, ct, ct, out)
        if out[-1] == 0xFF:
            out.pop()
        return bytes(out[1:])


def _double(a: int, top: int, ct: int, shift: int, out: bytearray) -> tuple[int, int, int]:
    """Double interval and code `shift` times; at least one byte is complete on the way."""
    while shift >= ct:
        a <<= ct
        top <<= ct
        shift -= ct
        code = top - a
        if code >= _CARRY and out[-1] < 0xFF:
            out[-1] += 1
            code -= _CARRY
        ct = 7 if out[-1] == 0xFF else 8  # after FF a bit is left free for a carry
        out.append(code >> 27 - ct)
        top = a + (code & (1 << 27 - ct) - 1)
    return a << shift, top << shift, ct - shift


def prefix_lengths(data: bytes, marks: Iterable[Mark]) -> list[int]:
    """For each mark the fewest bytes of `data` that decode all decisions before it.

    The decoder continues a prefix with ones for ever, so it reads the prefix plus one unit in the
    last place. A prefix is long enough if this does not pass the end of the interval at the mark.
    """
    lengths, longest = [], 0
    for mark in marks:
        longest = max(longest, _prefix_length(data, mark))
        lengths.append(longest)
    return lengths


def _prefix_length(data: bytes, mark: Mark) -> int:
    length = min(mark.nbytes, len(data))
    previous = data[length - 1] if length else 0
    carry = mark.last >= 0 and length == mark.nbytes and previous != mark.last
    scale = 64  # fraction bits, enough for the few bytes that follow
    value, top = int(carry) << 27 + scale, mark.top << scale
    shifted = 0
    while length < len(data) and value + (1 << 27 - shifted + scale) > top:
        ct = 7 if previous == 0xFF else 8
        previous = data[length]
        value += previous << 27 - ct - shifted + scale
        shifted += ct
        length += 1
    while length and data[length - 1] == 0xFF:  # the ones that the decoder sees anyway
        length -= 1
    return length


class MqDecoder:
    """Decodes what `MqEncoder` wrote; past the end of the data it reads ones.

    Decoding the MPS takes Qe both from the interval and from the code's distance to its bottom, so
    what matters is only the smaller of the two: `margin`. A fast caller keeps it in a variable:

        margin -= qe[context]
        if margin >= 0:
            decision = mps[context]
        else:
            decision, margin = renew(context, margin)
    """

    def __init__(self, data: bytes, initial: Sequence[int]) -> None:
        self._states = [2 * state for state in initial]
        self.qe = [QE[s] for s in self._states]
        self.mps = [0] * len(self._states)
        self._data = data + b"\xff\xff"  # ends the data as a marker does
        self._at = 0
        self._c = (self._data[0] << 16) + self._next_byte() << 7
        self._ct -= 7
        self._a = _HALF
        self.margin = self._synced = 0  # the interval is at its smallest

    def decode(self, context: int) -> int:
        """The next decision in a context."""
        self.margin -= self.qe[context]
        if self.margin >= 0:
            return self.mps[context]
        decision, self.margin = self.renew(context, self.margin)
        return decision

    def renew(self, context: int, margin: int) -> tuple[int, int]:
        """The decision that brought the margin below zero, and the new margin."""
        spent = self._synced - margin
        a = self._a - spent
        c = self._c - (spent << 16)
        state = self._states[context]
        qe = QE[state]
        if c < 0:  # the lower part
            c += qe << 16
            is_lps = a >= qe
            a = qe
        else:
            is_lps = a < qe
        decision = state & 1
        if is_lps:
            decision ^= 1
            state = NEXT_LPS[state]
        else:
            state = NEXT_MPS[state]
        self._states[context] = state
        self.qe[context] = QE[state]
        self.mps[context] = state & 1
        shift = 16 - a.bit_length()
        while shift > self._ct:
            c <<= self._ct
            shift -= self._ct
            a <<= self._ct
            c += self._next_byte()
        self._ct -= shift
        self._a = a = a << shift
        self._c = c = c << shift
        a -= _HALF
        c >>= 16
        self._synced = margin = a if a < c else c
        return decision, margin

    def _next_byte(self) -> int:
        """The next byte, in its place in the code."""
        at = self._at
        value = self._data[at + 1]
        self._ct = 8
        if self._data[at] != 0xFF:
            self._at = at + 1
            return value << 8
        if value > 0x8F:  # a marker: the data have ended
            return 0xFF00
        self._at, self._ct = at + 1, 7
        return value << 9
