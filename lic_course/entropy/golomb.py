"""Codes for numbers that are usually small: Rice, Golomb and Exp-Golomb.

No table is needed, one parameter says how small. Each `write_*` has its inverse `read_*`, which
raises BitstreamError when the bits end too early.
Sources: S. W. Golomb, "Run-length encodings", 1966; R. F. Rice, 1979; J. Teuhola, 1978.
"""

import math

import numpy as np

from lic_course.entropy.bits import BitReader, BitWriter
from lic_course.errors import BitstreamError

LONGEST = 64  # bits of the largest number that an Exp-Golomb decoder accepts


def write_rice(writer: BitWriter, value: int, k: int) -> None:
    """Rice code of a number >= 0: value // 2**k in unary, then the k low bits."""
    writer.write_unary(value >> k)
    writer.write(value & ((1 << k) - 1), k)


def read_rice(reader: BitReader, k: int) -> int:
    """The next number, written by `write_rice` with the same k."""
    return reader.read_unary() << k | reader.read(k)


def write_golomb(writer: BitWriter, value: int, m: int) -> None:
    """Golomb code of a number >= 0: value // m in unary, then the remainder in as few bits.

    With b = ceil(log2 m), the first 2**b - m remainders take b - 1 bits and the others b bits.
    """
    quotient, remainder = divmod(value, m)
    bits, short = _remainder_code(m)
    writer.write_unary(quotient)
    if remainder < short:
        writer.write(remainder, bits - 1)
    else:
        writer.write(remainder + short, bits)


def read_golomb(reader: BitReader, m: int) -> int:
    """The next number, written by `write_golomb` with the same m."""
    quotient = reader.read_unary()
    bits, short = _remainder_code(m)
    remainder = reader.read(max(bits - 1, 0))
    if bits and remainder >= short:
        remainder = (remainder << 1 | reader.read(1)) - short
    return quotient * m + remainder


def _remainder_code(m: int) -> tuple[int, int]:
    bits = (m - 1).bit_length()
    return bits, (1 << bits) - m


def write_exp_golomb(writer: BitWriter, value: int, k: int = 0) -> None:
    """Exp-Golomb code of order k of a number >= 0: value + 2**k in binary, behind zeros.

    There are as many zeros as bits in value + 2**k, less k + 1. About 2 log2(value) bits.
    """
    number = value + (1 << k)
    bits = number.bit_length()
    writer.write(number, 2 * bits - 1 - k)


def read_exp_golomb(reader: BitReader, k: int = 0) -> int:
    """The next number, written by `write_exp_golomb` with the same k; below 2**64."""
    zeros = 0
    while not reader.read(1):
        zeros += 1
        if zeros + k >= LONGEST:
            raise BitstreamError(f"The data are damaged: a number has more than {LONGEST} bits.")
    return (1 << zeros + k | reader.read(zeros + k)) - (1 << k)


def fold(values: np.ndarray) -> np.ndarray:
    """Numbers with a sign to numbers without: 0, -1, 1, -2, 2 become 0, 1, 2, 3, 4."""
    values = np.asarray(values)
    return np.where(values < 0, -2 * values - 1, 2 * values)


def unfold(values: np.ndarray) -> np.ndarray:
    """The inverse of `fold`."""
    values = np.asarray(values)
    return np.where(values % 2, -(values // 2) - 1, values // 2)


def best_golomb_parameter(ratio: float) -> int:
    """The m that suits a geometric source, P(v) proportional to ratio**v with 0 < ratio < 1."""
    return max(1, math.ceil(-1 / math.log2(ratio)))


def best_rice_parameter(count: int, total: int) -> int:
    """The smallest k with count * 2**k >= total, for `count` numbers with the sum `total`.

    JPEG-LS adapts its Rice codes with this rule while it codes.
    """
    k = 0
    while count << k < total and count > 0:
        k += 1
    return k
