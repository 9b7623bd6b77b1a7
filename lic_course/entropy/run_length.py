"""Run-length coding: say how often, instead of saying it again. The PackBits flavor.

A header byte n from 0 to 127 announces n+1 literal bytes; from 129 to 255 it says that the next
byte occurs 257-n times; 128 is skipped. Source: Apple's Technical Note TN1023; TIFF 6.0, section 9.
"""

from itertools import groupby

from lic_course.errors import BitstreamError

LONGEST = 128  # bytes that one header can announce


def encode(data: bytes) -> bytes:
    """PackBits: runs become two bytes, the rest is copied.

    A run of two bytes right after single bytes is copied with them, which costs no more.
    """
    out, literal = bytearray(), bytearray()
    for value, length in runs(data):
        if length == 1 or (length == 2 and literal):
            literal += bytes([value]) * length
        else:
            out += _literals(literal) + bytes([257 - length, value])
            literal.clear()
    return bytes(out + _literals(literal))


def runs(data: bytes) -> list[tuple[int, int]]:
    """The runs of equal bytes as (value, length), none longer than 128."""
    found = []
    for value, group in groupby(data):
        length = len(list(group))
        found += [(value, LONGEST)] * (length // LONGEST)
        found += [(value, length % LONGEST)] * (length % LONGEST > 0)
    return found


def _literals(literal: bytes) -> bytes:
    out = bytearray()
    for start in range(0, len(literal), LONGEST):
        part = literal[start : start + LONGEST]
        out += bytes([len(part) - 1]) + part
    return bytes(out)


def decode(data: bytes) -> bytes:
    """The inverse of `encode`. Raises BitstreamError when the last packet is cut off."""
    out, position = bytearray(), 0
    while position < len(data):
        header = data[position]
        position += 1
        if header == 128:
            continue
        taken = header + 1 if header < 128 else 1
        packet = data[position : position + taken]
        if len(packet) < taken:
            raise BitstreamError("The run-length data end in the middle of a packet.")
        out += packet if header < 128 else packet * (257 - header)
        position += taken
    return bytes(out)
