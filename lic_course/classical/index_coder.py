"""Coding the numbers of the codewords: neighbors in a picture are often much the same.

The codebook is sorted by brightness, so the codeword above tells roughly which ones to expect. It
falls into one of 16 groups, and each group has a table that learns: it starts from a guess (any
codeword, but rather one of about that brightness), and after some rows it is made anew from what
was counted so far. Encoder and decoder count the same integers, so that no table is ever sent.
"""

import numpy as np

from lic_course.entropy.tables import (
    Coder,
    Decoder,
    Encoder,
    FrequencyTables,
    quantize_probabilities,
)
from lic_course.errors import BitstreamError

GROUPS = 16
WEIGHT = 32  # of a codeword that was counted, against about 1000 for the first guess


def encode_indexes(planes: list[np.ndarray], sizes: list[int]) -> bytes:
    """Code planes (rows, columns) of codeword numbers, from codebooks of these sizes."""
    coder = Encoder(_tables(_guess(sizes[0])))
    for plane, K in zip(planes, sizes, strict=True):
        _walk(coder, plane, plane.shape, K)
    return coder.finish()


def decode_indexes(
    data: bytes,
    shapes: list[tuple[int, int]],
    sizes: list[int],
    bits: list[np.ndarray] | None = None,
) -> list[np.ndarray]:
    """The inverse of `encode_indexes`; raises BitstreamError.

    bits: for each plane an array (rows, columns) to be filled with the cost of each number.
    """
    coder = Decoder(_tables(_guess(sizes[0])), data)
    bits = bits or [None] * len(shapes)
    planes = [
        _walk(coder, None, shape, K, spent)
        for shape, K, spent in zip(shapes, sizes, bits, strict=True)
    ]
    coder.finish()
    return planes


def _walk(
    coder: Coder,
    plane: np.ndarray | None,
    shape: tuple[int, int],
    K: int,
    bits: np.ndarray | None = None,
) -> np.ndarray:
    """Code one plane row by row, or decode it when it is None."""
    result = np.empty(shape, np.int64)
    above = np.full(shape[1], K // 2)
    guess, counts, next_tables = _guess(K), np.zeros((GROUPS, K), np.int64), 0
    for row in range(shape[0]):
        if row == next_tables:
            coder.use(_tables(guess + WEIGHT * counts))
            next_tables = row + 1 + row // 4
        group = above * GROUPS // K
        values = coder.code(None if plane is None else plane[row], group)
        if values.min() < 0 or values.max() >= K:
            raise BitstreamError("The codeword numbers are damaged: there is no such codeword.")
        if bits is not None:
            bits[row] = coder.tables.bits(values, group)
        np.add.at(counts, (group, values), 1)
        result[row] = above = values.astype(np.int64)
    return result


def _guess(K: int) -> np.ndarray:
    """What each group expects before anything is counted, (16, K): most near its own middle."""
    middle = (2 * np.arange(GROUPS) + 1) * K
    distance = np.abs(2 * GROUPS * np.arange(K) - middle[:, None])
    return 1 + 2 * GROUPS * K * 4 // (distance + GROUPS * K // 8)


def _tables(counts: np.ndarray) -> FrequencyTables:
    """One table for each row of counts, for the values from 0 on; escapes are never needed."""
    rows = [quantize_probabilities(np.append(row, 0)) for row in counts]
    sizes = np.full(len(rows), counts.shape[1])
    return FrequencyTables(np.concatenate(rows), sizes, np.zeros_like(sizes))
