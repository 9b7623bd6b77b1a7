"""EBCOT tier 1, encoder: code-blocks to embedded codes that can be cut after any pass."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lic_course.classical.ebcot_contexts import INITIAL_STATES, ORIENTATIONS
from lic_course.classical.ebcot_passes import coding_passes
from lic_course.classical.ebcot_stack import Stack
from lic_course.classical.mq_coder import Mark, MqEncoder, prefix_lengths

_BATCH = 256  # code-blocks that are worked on together: bounds the memory


@dataclass(frozen=True)
class CodedBlock:
    """The embedded code of one block: `lengths[i]` bytes decode its first i + 1 passes."""

    planes: int  # bit-planes from the highest one that is not empty down to plane 0
    data: bytes
    lengths: tuple[int, ...]
    drops: tuple[float, ...]  # the fall of the squared error with each pass, in step²


def encode_blocks(
    blocks: Sequence[np.ndarray],
    orientations: Sequence[str],
    slopes: Sequence[float] | None = None,
    exact: bool = False,
) -> list[CodedBlock]:
    """Code blocks of one picture.

    blocks: signed coefficients (h, w) in units of the quantizer's step, sides up to 64 or so;
    orientations: their bands, "LL", "HL", "LH" or "HH"; slopes: of each block the least gain, in
    step² per byte, that matters, so that it is coded no further when all passes of a bit-plane gain
    less; exact: the coefficients are integers that plane 0 restores exactly.
    """
    planes = np.array([int(np.abs(block).max(initial=0)).bit_length() for block in blocks])
    slopes = np.zeros(len(blocks)) if slopes is None else np.asarray(slopes)
    coded: list[CodedBlock | None] = [CodedBlock(0, b"", (), ())] * len(blocks)
    order = np.argsort(-planes, kind="stable")
    order = order[_is_worth_it(planes[order] - 1, slopes[order])]
    for start in range(0, len(order), _BATCH):
        chosen = order[start : start + _BATCH]
        orientation = [ORIENTATIONS.index(orientations[i]) for i in chosen]
        stack = Stack([blocks[i] for i in chosen], orientation)
        batch = _encode_stack(stack, planes[chosen], slopes[chosen], exact)
        for i, block in zip(chosen, batch, strict=True):
            coded[i] = block
    return coded


def _is_worth_it(plane: np.ndarray | int, slope: np.ndarray | float) -> np.ndarray | bool:
    """Whether a bit-plane, -1 for none, can hold a pass with at least this slope.

    A coefficient that becomes significant with |c| = 2**(plane + 1) gains most, 3.75 * 4**plane,
    and takes hardly less than 2.5 bits: a slope of 12 * 4**plane.
    """
    return (plane >= 0) & (12 * 4.0**plane >= slope)


def _encode_stack(
    stack: Stack, planes: np.ndarray, slopes: np.ndarray, exact: bool
) -> list[CodedBlock]:
    writers = [_Writer(*each) for each in zip(planes.tolist(), slopes.tolist(), strict=True)]
    for plane, passes in coding_passes(stack, planes, exact):
        for number, writer in enumerate(writers[: len(passes[0].symbols)]):
            if writer.is_open:
                is_first = plane == writer.planes - 1  # its clean-up pass has everything
                chosen = passes[2 if is_first else 0 :]
                writer.add(plane, [one.of_block(number) for one in chosen])
        if not any(writer.is_open for writer in writers):
            break
    return [writer.finish() for writer in writers]


class _Writer:
    """Codes the passes of one block."""

    def __init__(self, planes: int, slope: float) -> None:
        self.planes = planes
        self.is_open = True
        self._slope = slope
        self._coder = MqEncoder(INITIAL_STATES)
        self._marks: list[Mark] = [self._coder.mark()]
        self._drops: list[float] = []

    def add(self, plane: int, passes: Sequence[tuple[bytes, float]]) -> None:
        """Code the passes of a bit-plane: symbols, and the fall of the squared error.

        Each further plane gains about a quarter. A uniform quantizer with the step 2**plane has
        the slope 4**plane, so planes above that are coded even when they hold nearly nothing.
        """
        is_open = 4**plane > self._slope
        for symbols, drop in passes:
            self._coder.encode(symbols)
            mark = self._coder.mark()
            new_bytes = mark.nbytes - self._marks[-1].nbytes
            is_open |= drop > max(new_bytes, 0.25) * self._slope
            self._marks.append(mark)
            self._drops.append(drop)
        self.is_open = is_open and bool(_is_worth_it(plane - 1, self._slope))

    def finish(self) -> CodedBlock:
        """The code, which ends after the last pass."""
        data = self._coder.finish()
        lengths = [*prefix_lengths(data, self._marks[1:-1]), len(data)]
        return CodedBlock(self.planes, data, tuple(lengths), tuple(self._drops))
