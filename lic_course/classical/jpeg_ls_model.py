"""The model of JPEG-LS: what each sample is expected to be, and how surprising errors are.

One walk over the picture serves the encoder and the decoder. Each sample is predicted from four
neighbors that the decoder has already; the error, divided by 2 NEAR + 1 and rounded, is coded with
a Golomb code whose parameter comes from the errors seen before in the same context. Where all is
flat, a run of samples is coded at once.
Source: ITU-T T.87; Weinberger, Seroussi and Sapiro, "The LOCO-I lossless image compression
algorithm", IEEE Transactions on Image Processing 2000. The names are those of T.87.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from lic_course.classical.jpeg_ls_bits import ScanBits, ScanReader, ScanWriter
from lic_course.errors import BitstreamError

MAXVAL = 255
RESET = 64  # after so many samples a context forgets half of what it has seen
LIMIT = 32  # the longest codeword, in bits
MIN_C, MAX_C = -128, 127  # the bias that a context may correct
CONTEXTS = 365  # (9 ** 3 + 1) / 2: a context and its mirror image are one
J = [n // 4 for n in range(16)] + [4, 4, 5, 5, 6, 6, 7, 7, *range(8, 16)]  # run lengths 2 ** J


@dataclass(frozen=True)
class Parameters:
    """What follows from NEAR, the largest error of a sample (0 to 127, 0 is lossless)."""

    near: int
    step: int = field(init=False)  # 2 NEAR + 1, the width of a quantizer's cell
    range: int = field(init=False)  # number of values that an error modulo RANGE takes
    qbpp: int = field(init=False)  # bits of such a value
    thresholds: tuple[int, int, int] = field(init=False)  # T1, T2, T3 of the gradients

    def __post_init__(self) -> None:
        near, step = self.near, 2 * self.near + 1
        values = (MAXVAL + 2 * near) // step + 1
        t1 = _clamp(3 + 3 * near, near + 1)
        t2 = _clamp(7 + 5 * near, t1)
        t3 = _clamp(21 + 7 * near, t2)
        for name, value in [
            ("step", step),
            ("range", values),
            ("qbpp", (values - 1).bit_length()),
            ("thresholds", (t1, t2, t3)),
        ]:
            object.__setattr__(self, name, value)


def _clamp(threshold: int, lowest: int) -> int:
    return threshold if lowest <= threshold <= MAXVAL else lowest


def quantize_gradient(difference: int, parameters: Parameters) -> int:
    """A difference of two neighbors in nine steps, -4 to 4: flat is 0, a strong edge 4 or -4."""
    size = abs(difference)
    level = sum(size >= threshold for threshold in parameters.thresholds) + (size > parameters.near)
    return level if difference > 0 else -level


def predict(a: int, b: int, c: int) -> int:
    """The median edge detector: min(a, b) or max(a, b) at an edge, else the plane a + b - c.

    a: left, b: above, c: above left.
    """
    low, high = (a, b) if a < b else (b, a)
    if c >= high:
        return low
    if c <= low:
        return high
    return a + b - c


def quantize_error(error: int, parameters: Parameters) -> int:
    """The error in units of 2 NEAR + 1, rounded, modulo RANGE."""
    near, step, values = parameters.near, parameters.step, parameters.range
    e = (error + near) // step if error > 0 else -((near - error) // step)
    if e < 0:
        e += values
    return e - values if e >= (values + 1) // 2 else e


def reconstruct(x: int, parameters: Parameters) -> int:
    """The decoded sample for a prediction plus error: modulo RANGE, then within 0 to 255."""
    cycle = parameters.range * parameters.step
    if x < -parameters.near:
        x += cycle
    elif x > MAXVAL + parameters.near:
        x -= cycle
    return min(max(x, 0), MAXVAL)


def _table(function: Callable[[int], int], largest: int) -> list[int]:
    """The values at 0 to `largest`, then at -`largest` to -1: negative indices work as expected."""
    return [function(x) for x in [*range(largest + 1), *range(-largest, 0)]]


class Walk:
    """The contexts of a scan, and the walk over its lines.

    bits: a `ScanWriter` to encode, a `ScanReader` to decode. A context is (A, B, C, N) as in T.87:
    the sum of the errors' sizes, their sum, the bias that corrects the prediction, and the count.
    """

    def __init__(self, near: int, bits: ScanBits) -> None:
        self.bits = bits
        self.encoding = isinstance(bits, ScanWriter)
        p = Parameters(near)
        levels = _table(lambda difference: quantize_gradient(difference, p), MAXVAL)
        self.levels = [81 * n for n in levels], [9 * n for n in levels], levels
        self.errors = _table(lambda error: quantize_error(error, p), MAXVAL)
        self.clamped = _table(lambda x: min(max(x, 0), MAXVAL), MAXVAL - MIN_C)
        self.decoded = _table(lambda x: reconstruct(x, p), MAXVAL + p.range * p.step)
        self.near, self.step, self.largest, self.qbpp = near, p.step, p.range, p.qbpp
        self.lossless = near == 0
        self.longest = LIMIT - p.qbpp - 1
        start = max(2, (p.range + 32) // 64)
        self.contexts = [(start, 0, 0, 1)] * CONTEXTS
        self.run_A, self.run_N, self.run_Nn = [start] * 2, [1] * 2, [0] * 2
        self.run_index = 0

    def line(self, lines: list[list[int]], above: list[list[int]]) -> None:
        """Code one line of all components, sample by sample, and leave in it what is decoded.

        lines, above: this line and the one above, a list for each component, with one more entry
        at each end: on the left the sample above the first one, on the right the last one again.
        """
        self.bits.prepare((2 * len(lines) * len(lines[0])) * LIMIT)
        level_1, level_2, level_3 = self.levels
        pairs = list(zip(lines, above, strict=True))
        for line, up in pairs:
            line[0] = up[1]
        last = len(lines[0]) - 2
        x = 1
        while x <= last:
            contexts = [
                level_1[up[x + 1] - up[x]]
                + level_2[up[x] - up[x - 1]]
                + level_3[up[x - 1] - line[x - 1]]
                for line, up in pairs
            ]
            if any(contexts):
                for (line, up), q in zip(pairs, contexts, strict=True):
                    line[x] = self._regular(line[x], line[x - 1], up[x], up[x - 1], q)
                x += 1
            else:
                x = self._run(x, last, pairs)
        for line in lines:
            line[-1] = line[-2]

    def _regular(self, x: int, a: int, b: int, c: int, q: int) -> int:
        """Code a sample in its context; returns the decoded sample."""
        sign = 1
        if q < 0:
            q, sign = -q, -1
        A, B, C, N = self.contexts[q]
        prediction = self.clamped[predict(a, b, c) + sign * C]
        k = 0
        while N << k < A:
            k += 1
        flip = not k and self.lossless and 2 * B <= -N  # negative errors are more likely
        if self.encoding:
            e = self.errors[sign * (x - prediction)]
            folded = 2 * e if e >= 0 else -2 * e - 1
            self.bits.golomb(folded ^ flip, k, self.longest, self.qbpp)
        else:
            folded = self.bits.golomb(0, k, self.longest, self.qbpp) ^ flip
            if folded > self.largest:
                raise BitstreamError("An error in the JPEG-LS scan is too large: it is damaged.")
            e = -(folded + 1 >> 1) if folded & 1 else folded >> 1
        self.contexts[q] = self._learned(A, B, C, N, e)
        return self.decoded[prediction + sign * e * self.step]

    def _learned(self, A: int, B: int, C: int, N: int, e: int) -> tuple[int, int, int, int]:
        """A context after the error e."""
        A += abs(e)
        B += e * self.step
        if N == RESET:
            A >>= 1
            B = B >> 1 if B >= 0 else -((1 - B) >> 1)
            N >>= 1
        N += 1
        if B > 0:
            return A, min(B - N, 0), min(C + 1, MAX_C), N
        if B <= -N:
            return A, max(B + N, 1 - N), max(C - 1, MIN_C), N
        return A, B, C, N

    def _run(self, x: int, last: int, pairs: list[tuple[list[int], list[int]]]) -> int:
        """Code how often the sample on the left repeats, and the one that breaks the run.

        Returns the column after these.
        """
        end = x
        if self.encoding:
            end = self._run_end(x, last, pairs)
            self._write_run(end - x, end > last)
        else:
            end = x + self._read_run(last + 1 - x)
        for line, _ in pairs:
            line[x:end] = [line[x - 1]] * (end - x)
        if end > last:
            return end
        for line, up in pairs:
            line[end] = self._interruption(line[end], line[end - 1], up[end], len(pairs) == 1)
        self.run_index = max(0, self.run_index - 1)
        return end + 1

    def _run_end(self, x: int, last: int, pairs: list[tuple[list[int], list[int]]]) -> int:
        """The first column from x on where a component leaves its left neighbor by > NEAR."""
        near, end = self.near, last + 1
        for line, _ in pairs:
            a = line[x - 1]
            end = next((i for i in range(x, end) if abs(line[i] - a) > near), end)
        return end

    def _write_run(self, length: int, reaches_end: bool) -> None:
        while length >= 1 << J[self.run_index]:
            self.bits.plain(1, 1)
            length -= 1 << J[self.run_index]
            self.run_index = min(31, self.run_index + 1)
        if not reaches_end:
            self.bits.plain(length, 1 + J[self.run_index])  # a zero, then the rest
        elif length:
            self.bits.plain(1, 1)

    def _read_run(self, left: int) -> int:
        """The length of a run, when `left` samples of the line are left."""
        length = 0
        while length < left and self.bits.plain(0, 1):
            length += 1 << J[self.run_index]
            if length <= left:
                self.run_index = min(31, self.run_index + 1)
        if length >= left:
            return left
        if J[self.run_index]:
            length += self.bits.plain(0, J[self.run_index])
        if length >= left:
            raise BitstreamError("A run in the JPEG-LS scan is too long: it is damaged.")
        return length

    def _interruption(self, x: int, a: int, b: int, alone: bool) -> int:
        """Code the sample that breaks a run; returns the decoded sample.

        Where a and b are alike (and there is one component), a predicts: the run's type 1.
        """
        kind = int(alone and abs(a - b) <= self.near)
        sign = -1 if a > b and not kind else 1
        prediction = a if kind else b
        N, Nn = self.run_N[kind], self.run_Nn[kind]
        temp = self.run_A[kind] + (N >> 1 if kind else 0)
        k = 0
        while N << k < temp:
            k += 1
        mostly_negative = k != 0 or 2 * Nn >= N
        longest = self.longest - J[self.run_index] - 1
        if self.encoding:
            e = self.errors[sign * (x - prediction)]
            folded = 2 * abs(e) - kind - (e != 0 and (e < 0) == mostly_negative)
            self.bits.golomb(folded, k, longest, self.qbpp)
        else:
            folded = self.bits.golomb(0, k, longest, self.qbpp)
            if folded > self.largest:
                raise BitstreamError("An error in the JPEG-LS scan is too large: it is damaged.")
            e = folded + kind + 1 >> 1
            if (folded + kind & 1) == mostly_negative:
                e = -e
        self._learn_run(kind, e, folded)
        return self.decoded[prediction + sign * e * self.step]

    def _learn_run(self, kind: int, e: int, folded: int) -> None:
        self.run_Nn[kind] += e < 0
        self.run_A[kind] += folded + 1 - kind >> 1
        if self.run_N[kind] == RESET:
            for counts in (self.run_A, self.run_N, self.run_Nn):
                counts[kind] >>= 1
        self.run_N[kind] += 1


def encode_scan(image: np.ndarray, near: int) -> tuple[bytes, np.ndarray]:
    """Code all samples: the scan's bytes, and the picture that a decoder makes of them.

    image: (H, W, C) uint8. Components are interleaved sample by sample.
    """
    writer = ScanWriter()
    walk = Walk(near, writer)
    decoded = np.empty_like(image)
    above = [[0] * (image.shape[1] + 2) for _ in range(image.shape[2])]
    for row, out in zip(image, decoded, strict=True):
        lines = [[0, *component, 0] for component in row.T.tolist()]
        walk.line(lines, above)
        out[:] = np.array(lines).T[1:-1]
        above = lines
    return writer.getvalue(), decoded


def decode_scan(scan: bytes, near: int, shape: tuple[int, int, int]) -> np.ndarray:
    """The picture of `shape` (H, W, C) that a scan stands for; `BitstreamError` when damaged."""
    reader = ScanReader(scan)
    walk = Walk(near, reader)
    _, width, components = shape
    image = np.empty(shape, np.uint8)
    above = [[0] * (width + 2) for _ in range(components)]
    for out in image:
        lines = [[0] * (width + 2) for _ in range(components)]
        walk.line(lines, above)
        out[:] = np.array(lines).T[1:-1]
        above = lines
    reader.finish()
    return image
