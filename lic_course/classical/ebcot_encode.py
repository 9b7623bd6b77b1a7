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
    lowest: Sequence[int] | None = None,
    exact: bool = False,
) -> list[CodedBlock]:
    """Code blocks of one picture.

    blocks: signed coefficients (h, w) in units of the quantizer's step, sides up to 64 or so;
    orientations: their bands, "LL", "HL", "LH" or "HH"; lowest: the last bit-plane to code of each;
    exact: the coefficients are integers that plane 0 restores exactly.
    """
    planes = np.array([int(np.abs(block).max(initial=0)).bit_length() for block in blocks])
    lowest = np.zeros(len(blocks), int) if lowest is None else np.asarray(lowest)
    coded: list[CodedBlock | None] = [CodedBlock(0, b"", (), ())] * len(blocks)
    order = np.argsort(-planes, kind="stable")
    order = order[planes[order] > lowest[order]]
    for start in range(0, len(order), _BATCH):
        chosen = order[start : start + _BATCH]
        orientation = [ORIENTATIONS.index(orientations[i]) for i in chosen]
        stack = Stack([blocks[i] for i in chosen], orientation)
        batch = _encode_stack(stack, planes[chosen], lowest[chosen], exact)
        for i, block in zip(chosen, batch, strict=True):
            coded[i] = block
    return coded


def _encode_stack(
    stack: Stack, planes: np.ndarray, lowest: np.ndarray, exact: bool
) -> list[CodedBlock]:
    writers = [_Writer(int(count)) for count in planes]
    for passes in coding_passes(stack, planes, int(lowest.min()), exact):
        for one in passes:
            for writer, low, symbols, drop in zip(
                writers, lowest, one.symbols, one.drops, strict=False
            ):
                is_first = one.plane == writer.planes - 1
                if one.plane >= low and (one.kind == "cleanup" or not is_first):
                    writer.add(symbols, drop)
    return [writer.finish() for writer in writers]


class _Writer:
    """Codes the passes of one block."""

    def __init__(self, planes: int) -> None:
        self.planes = planes
        self._coder = MqEncoder(INITIAL_STATES)
        self._marks: list[Mark] = []
        self._drops: list[float] = []

    def add(self, symbols: bytes, drop: float) -> None:
        self._coder.encode(symbols)
        self._marks.append(self._coder.mark())
        self._drops.append(float(drop))

    def finish(self) -> CodedBlock:
        data = self._coder.finish()
        lengths = [*prefix_lengths(data, self._marks[:-1]), len(data)]
        return CodedBlock(self.planes, data, tuple(lengths), tuple(self._drops))
