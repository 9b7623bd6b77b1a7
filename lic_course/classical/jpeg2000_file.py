"""The bytes of a .jp2 file: boxes around a codestream, and the codestream's markers.

Sources: ITU-T T.800, Annexes A and I.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from lic_course.classical.jpeg2000_frame import DEPTH, Frame
from lic_course.errors import BitstreamError

SOC, SIZ, COD, QCD, COM = 0xFF4F, 0xFF51, 0xFF52, 0xFF5C, 0xFF64
SOT, SOD, EOC = 0xFF90, 0xFF93, 0xFFD9
_SKIPPED = {COM, 0xFF55, 0xFF57, 0xFF58, 0xFF63}  # comment, lengths of tiles and packets, CRG
_MOST_LAYERS = 256
_SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"


@dataclass(frozen=True)
class Codestream:
    """A codestream taken apart: its header and the packets."""

    frame: Frame
    packets: bytes


def write_codestream(frame: Frame, packets: bytes) -> bytes:
    """A codestream with one tile."""
    size = struct.pack(">H8I", 0, frame.width, frame.height, 0, 0, frame.width, frame.height, 0, 0)
    size += struct.pack(">H", frame.components) + bytes([DEPTH - 1, 1, 1]) * frame.components
    sides = [side.bit_length() - 3 for side in reversed(frame.block)]
    style = struct.pack(">BBHB", 0, 0, frame.layers, frame.color_transform)
    style += bytes([frame.levels, *sides, 0, frame.reversible])
    head = SOC.to_bytes(2, "big") + _segment(SIZ, size) + _segment(COD, style)
    head += _segment(QCD, _quantization(frame))
    tile = struct.pack(">HIBB", 0, 14 + len(packets), 0, 1)
    end = EOC.to_bytes(2, "big")
    return head + _segment(SOT, tile) + SOD.to_bytes(2, "big") + packets + end


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">HH", marker, 2 + len(payload)) + payload


def _quantization(frame: Frame) -> bytes:
    if frame.reversible:
        return bytes([frame.guard << 5, *(exponent << 3 for exponent, _ in frame.steps)])
    steps = (struct.pack(">H", exponent << 11 | mantissa) for exponent, mantissa in frame.steps)
    return bytes([frame.guard << 5 | 2]) + b"".join(steps)


def write_jp2(frame: Frame, codestream: bytes) -> bytes:
    """The boxes of a .jp2 file around a codestream."""
    size = struct.pack(">IIHBBBB", frame.height, frame.width, frame.components, DEPTH - 1, 7, 0, 0)
    color = struct.pack(">BBBI", 1, 0, 0, 16 if frame.components == 3 else 17)  # sRGB or gray
    header = _box(b"jp2h", _box(b"ihdr", size) + _box(b"colr", color))
    kind = _box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
    return _SIGNATURE + kind + header + _box(b"jp2c", codestream)


def _box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", 8 + len(payload)) + kind + payload


def find_codestream(data: bytes, may_be_cut: bool = False) -> bytes:
    """The codestream in a .jp2 file, or the data themselves if they are one."""
    if data[:2] == SOC.to_bytes(2, "big"):
        return data
    if not data.startswith(_SIGNATURE):
        raise BitstreamError("These are no JPEG 2000 data: their first bytes are others.")
    position = 0
    while position + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[position : position + 8])
        head = 8
        if length == 1 and position + 16 <= len(data):
            length, head = int.from_bytes(data[position + 8 : position + 16], "big"), 16
        if length == 0:  # the last box may say so, and take what is left
            length = len(data) - position
        if length < head or (position + length > len(data) and not may_be_cut):
            raise BitstreamError("The JP2 file is damaged: a box has a wrong length.")
        if kind == b"jp2c":
            return data[position + head : position + length]
        position += length
    raise BitstreamError("The JP2 file is damaged: it holds no picture.")


def read_codestream(data: bytes, max_pixels: int, may_be_cut: bool = False) -> Codestream:
    """Read the headers of a codestream; every field is checked before use."""
    found = {}
    for marker, payload, end in _segments(data):
        if marker == SOT:
            if not {SIZ, COD, QCD} <= found.keys():
                raise BitstreamError("The JPEG 2000 data are damaged: a header is missing.")
            frame = _frame(found[SIZ], found[COD], found[QCD], max_pixels)
            return Codestream(frame, _tile(data, payload, end, may_be_cut))
        if marker in (SIZ, COD, QCD):
            found[marker] = payload
        elif marker not in _SKIPPED:
            raise BitstreamError(
                f"This JPEG 2000 file has a marker {marker:04X}, which cannot be decoded here."
            )
    raise BitstreamError("The JPEG 2000 data end early: there is no tile.")


def _segments(data: bytes, position: int = 2) -> Iterator[tuple[int, bytes, int]]:
    """Marker, payload and end of each segment."""
    if data[:2] != SOC.to_bytes(2, "big"):
        raise BitstreamError("These are no JPEG 2000 data: their first bytes are others.")
    while position + 4 <= len(data):
        marker, length = struct.unpack(">HH", data[position : position + 4])
        end = position + 2 + length
        if length < 2 or end > len(data):
            return
        yield marker, data[position + 4 : end], end
        position = end


def _tile(data: bytes, payload: bytes, position: int, may_be_cut: bool) -> bytes:
    """The packets of the only tile: from SOD to the end that SOT gives."""
    tile, length, part, parts = _unpack(">HIBB", payload)
    if tile or part or parts > 1:
        raise BitstreamError("This JPEG 2000 file has several tiles: only one can be decoded.")
    end = position - 12 + length if length else len(data) - 2
    for marker, _, after in _segments(data, position):
        if marker not in _SKIPPED:
            break
        position = after
    if data[position : position + 2] != SOD.to_bytes(2, "big"):
        raise BitstreamError("The JPEG 2000 data are damaged: the tile does not begin.")
    if not may_be_cut and data[end : end + 2] != EOC.to_bytes(2, "big"):
        raise BitstreamError("The JPEG 2000 data are damaged: the tile does not end where it says.")
    return data[position + 2 : max(end, position + 2)]


def _frame(size: bytes, style: bytes, quantization: bytes, max_pixels: int) -> Frame:
    height, width, components = _read_size(size, max_pixels)
    if len(style) != 10:
        raise BitstreamError("This JPEG 2000 file has precincts, which cannot be decoded here.")
    coding, order, layers, color, levels, x, y, block_style, kernel = struct.unpack(
        ">BBHBBBBBB", style
    )
    if coding or order or block_style:
        raise BitstreamError(
            "This JPEG 2000 file has another progression than layer, resolution, component, or "
            "another style of code-blocks: neither can be decoded here."
        )
    sides = 4 << min(y, 8), 4 << min(x, 8)
    if not (1 <= layers <= _MOST_LAYERS and levels <= 32 and color <= 1 and kernel <= 1):
        raise BitstreamError("The JPEG 2000 data are damaged: the coding style is impossible.")
    if min(sides) < 16 or sides[0] * sides[1] > 4096:
        raise BitstreamError("This JPEG 2000 file has code-blocks of an unusual size.")
    guard, steps = _read_quantization(quantization, 3 * levels + 1, bool(kernel))
    is_color = bool(color) and components == 3
    return Frame(
        height, width, components, levels, layers, bool(kernel), is_color, steps, guard, sides
    )


def _read_size(size: bytes, max_pixels: int) -> tuple[int, int, int]:
    """Height, width and number of components."""
    _, width, height, left, top, tile_width, tile_height, *tile_origin, components = _unpack(
        ">H8IH", size[:36]
    )
    if components not in (1, 3) or size[36:] != bytes([DEPTH - 1, 1, 1]) * components:
        raise BitstreamError(
            "This JPEG 2000 file is neither gray nor color with 8 bits: it cannot be decoded here."
        )
    if height == 0 or width == 0:
        raise BitstreamError("The JPEG 2000 data are damaged: the picture has no height or width.")
    if height * width > max_pixels:
        raise BitstreamError(
            f"The picture has {height}×{width} pixels, more than the {max_pixels} that are "
            "allowed: raise max_pixels if you trust the file."
        )
    if left or top or any(tile_origin) or tile_width < width or tile_height < height:
        raise BitstreamError("This JPEG 2000 file has several tiles: only one can be decoded.")
    return height, width, components


def _read_quantization(
    payload: bytes, bands: int, reversible: bool
) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Guard bits, and exponent and mantissa of each band."""
    style = payload[0] if payload else 0
    guard, kind = style >> 5, style & 31
    if kind != (0 if reversible else 2):
        raise BitstreamError("This JPEG 2000 file has derived step sizes: not decoded here.")
    if reversible:
        steps = tuple((entry >> 3, 0) for entry in _unpack(f"{bands}B", payload[1:]))
    else:
        entries = _unpack(f">{bands}H", payload[1:])
        steps = tuple((entry >> 11, entry & 2047) for entry in entries)
    return guard, steps


def _unpack(layout: str, payload: bytes) -> tuple[int, ...]:
    if len(payload) != struct.calcsize(layout):
        raise BitstreamError("The JPEG 2000 data are damaged: a header has a wrong length.")
    return struct.unpack(layout, payload)
