"""EZW, the first embedded zerotree coder, in the short version of the lesson.

For thresholds T = 2 ** n, falling: a dominant pass says with four symbols which coefficients become
significant, and a subordinate pass sends one more bit of each that is.

    P, N  significant, positive or negative
    T     zerotree root: neither the coefficient nor any descendant is significant
    Z     isolated zero: the coefficient is not, a descendant is

Plain loops, one coefficient at a time: for small planes. SPIHT does the same with fewer bits.
Source: Shapiro, "Embedded image coding using zerotrees of wavelet coefficients", IEEE Transactions
on Signal Processing 1993.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lic_course.classical.wavelet import places
from lic_course.entropy.adaptive import AdaptiveModel
from lic_course.entropy.range_coder import RangeDecoder, RangeEncoder
from lic_course.errors import BitstreamError

SYMBOLS = "ZTPN"
Node = tuple[int, int]


@dataclass(frozen=True)
class Pass:
    """What is sent for one threshold: symbols of the dominant pass, bits of the subordinate one."""

    threshold: int
    dominant: str
    subordinate: str


def scan_order(shape: tuple[int, int], levels: int) -> list[Node]:
    """All coefficients, from coarse bands to fine ones, row by row: parents before children."""
    nodes = np.arange(shape[0] * shape[1]).reshape(shape)
    order = [nodes[place.rows, place.columns].ravel() for place in places(shape, levels)]
    return [divmod(int(node), shape[1]) for node in np.concatenate(order)]


def children(node: Node, shape: tuple[int, int], levels: int) -> list[Node]:
    """The coefficients at the same place one scale finer: three for LL, four or none for others."""
    r, c = node
    height, width = shape[0] >> levels, shape[1] >> levels
    if levels and r < height and c < width:
        return [(r, c + width), (r + height, c), (r + height, c + width)]
    if 2 * r >= shape[0] or 2 * c >= shape[1] or not levels:
        return []
    return [(2 * r, 2 * c), (2 * r, 2 * c + 1), (2 * r + 1, 2 * c), (2 * r + 1, 2 * c + 1)]


def encode(coefficients: np.ndarray, levels: int, count: int | None = None) -> list[Pass]:
    """The first `count` passes (all when None) for integers (H, W) in Mallat's layout.

    H and W must be multiples of 2 ** levels.
    """
    order = scan_order(coefficients.shape, levels)
    magnitudes = {node: abs(int(coefficients[node])) for node in order}
    left = dict(magnitudes)  # significant coefficients become 0 here
    found: list[Node] = []
    threshold, passes = 1 << max(magnitudes.values()).bit_length() >> 1, []
    while threshold and (count is None or len(passes) < count):
        below = _largest_below(left, order, coefficients.shape, levels)
        symbols, skipped = [], set()
        for node in order:
            if node in skipped:
                skipped.update(children(node, coefficients.shape, levels))
            elif left[node] == magnitudes[node]:  # not significant yet
                symbols.append(_symbol(coefficients[node], left[node], below[node], threshold))
                if symbols[-1] in "PN":
                    found.append(node)
                    left[node] = 0
                elif symbols[-1] == "T":
                    skipped.update(children(node, coefficients.shape, levels))
        bits = "".join(str(int(magnitudes[node] & threshold // 2 > 0)) for node in found)
        passes.append(Pass(threshold, "".join(symbols), bits if threshold > 1 else ""))
        threshold //= 2
    return passes


def _symbol(value: int, magnitude: int, below: int | None, threshold: int) -> str:
    if magnitude >= threshold:
        return "N" if value < 0 else "P"
    return "Z" if below is None or below >= threshold else "T"


def _largest_below(
    left: dict[Node, int], order: list[Node], shape: tuple[int, int], levels: int
) -> dict[Node, int | None]:
    """The largest magnitude among the descendants of each node, None where there are none."""
    below: dict[Node, int | None] = {}
    for node in reversed(order):
        family = children(node, shape, levels)
        below[node] = max((max(left[child], below[child] or 0) for child in family), default=None)
    return below


def decode(passes: list[Pass], shape: tuple[int, int], levels: int) -> np.ndarray:
    """The coefficients (H, W), float64, that the first passes stand for, however many there are."""
    symbols = iter("".join(p.dominant for p in passes))
    bits = iter("".join(p.subordinate for p in passes))
    top = passes[0].threshold if passes else 0
    return _rebuild(symbols, bits, top, len(passes), shape, levels)


def _rebuild(
    symbols: Iterator[str],
    bits: Iterator[str],
    threshold: int,
    count: int,
    shape: tuple[int, int],
    levels: int,
) -> np.ndarray:
    order = scan_order(shape, levels)
    lowest, sign = dict.fromkeys(order, 0), np.zeros(shape)
    found: list[Node] = []
    for _ in range(count):
        skipped = set()
        for node in order:
            if node in skipped:
                skipped.update(children(node, shape, levels))
            elif not lowest[node]:
                symbol = next(symbols)
                if symbol in "PN":
                    found.append(node)
                    lowest[node], sign[node] = threshold, 1 if symbol == "P" else -1
                elif symbol == "T":
                    skipped.update(children(node, shape, levels))
        if threshold > 1:
            for node in found:
                lowest[node] += threshold // 2 * int(next(bits))
        threshold //= 2
    values = np.zeros(shape)
    for node in found:  # in the middle of the cell, whose width is the next threshold
        values[node] = lowest[node] + max(threshold, 1) / 2
    return sign * values


def to_bytes(passes: list[Pass]) -> bytes:
    """The passes through one range coder: an adaptive model of the symbols, another of the bits."""
    encoder, models = RangeEncoder(), (AdaptiveModel(4), AdaptiveModel(2))
    for p in passes:
        for symbol in p.dominant:
            models[0].encode(encoder, SYMBOLS.index(symbol))
        for bit in p.subordinate:
            models[1].encode(encoder, int(bit))
    return encoder.finish(trim=False)


def from_bytes(
    data: bytes, top: int, count: int, shape: tuple[int, int], levels: int
) -> np.ndarray:
    """The coefficients from the bytes of `to_bytes`, with the first threshold and their number.

    Raises `BitstreamError` when the bytes end too early or `top` is no power of two.
    """
    if top < 1 or top & (top - 1) or count > top.bit_length():
        raise BitstreamError("The first threshold of an EZW stream is a power of two.")
    decoder, models = RangeDecoder(data, trimmed=False), (AdaptiveModel(4), AdaptiveModel(2))
    symbols = iter(lambda: SYMBOLS[models[0].decode(decoder)], None)
    bits = iter(lambda: str(models[1].decode(decoder)), None)
    return _rebuild(symbols, bits, top, count, shape, levels)
