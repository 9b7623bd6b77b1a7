"""The segments of a JPEG file: FF, a marker byte, a length that counts itself, and the content.

Source: ITU-T T.81, Annex B; JFIF 1.02. All numbers are big-endian.
"""

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lic_course.classical.jpeg_frame import Frame
from lic_course.classical.jpeg_huffman import HuffmanTable
from lic_course.classical.jpeg_scan import Scan
from lic_course.classical.jpeg_tables import zigzag
from lic_course.errors import BitstreamError

SOI, EOI = 0xD8, 0xD9
SOF0, SOF1, SOS = 0xC0, 0xC1, 0xDA
DQT, DHT, DRI = 0xDB, 0xC4, 0xDD
APP0, APP14 = 0xE0, 0xEE
_NAMES = {
    SOI: "SOI start of image",
    EOI: "EOI end of image",
    SOS: "SOS start of scan",
    DQT: "DQT quantization table",
    DHT: "DHT Huffman table",
    SOF0: "SOF0 baseline frame",
    SOF1: "SOF1 extended frame",
    DRI: "DRI restart interval",
    0xFE: "COM comment",
}


@dataclass(frozen=True)
class Segment:
    """One segment: `offset` is where its marker stands, `payload` what follows the length.

    The segment SOS also carries the coded `scan` that follows it.
    """

    marker: int
    offset: int
    payload: bytes = b""
    scan: bytes = b""

    @property
    def name(self) -> str:
        """Short and long name, such as 'DQT quantization table'."""
        if 0xE0 <= self.marker <= 0xEF:
            return f"APP{self.marker - 0xE0} application data"
        return _NAMES.get(self.marker, f"marker FF{self.marker:02X}")


def write_file(frame: Frame, quantization: Sequence[np.ndarray], scan: Scan) -> bytes:
    """A complete baseline JFIF file.

    quantization: tables (8, 8) that the components refer to by number.
    """
    parts = [b"\xff\xd8", segment_bytes(APP0, b"JFIF\0" + bytes.fromhex("010100000100010000"))]
    for number, table in enumerate(quantization):
        parts.append(segment_bytes(DQT, bytes([number]) + zigzag(table).astype(np.uint8).tobytes()))
    parts.append(segment_bytes(SOF0, _frame_header(frame)))
    for number, table in enumerate(scan.tables):
        parts.append(segment_bytes(DHT, _huffman_header(number, table)))
    parts += [segment_bytes(SOS, _scan_header(frame)), scan.data, b"\xff\xd9"]
    return b"".join(parts)


def segment_bytes(marker: int, payload: bytes) -> bytes:
    """A segment as it stands in the file: FF, marker, length, payload."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def _frame_header(frame: Frame) -> bytes:
    header = struct.pack(">BHHB", 8, frame.height, frame.width, len(frame.components))
    return header + b"".join(
        bytes([c.identifier, c.h << 4 | c.v, c.quantization]) for c in frame.components
    )


def _huffman_header(number: int, table: HuffmanTable) -> bytes:
    """Tables come as luma DC, luma AC, chroma DC, chroma AC; the file says class << 4 | number."""
    return bytes([number % 2 << 4 | number // 2, *table.counts]) + table.values


def _scan_header(frame: Frame) -> bytes:
    tables = [min(index, 1) * 0x11 for index in range(len(frame.components))]
    pairs = [bytes([c.identifier, t]) for c, t in zip(frame.components, tables, strict=True)]
    return bytes([len(pairs)]) + b"".join(pairs) + bytes([0, 63, 0])


# In coded data, FF is followed by 00 (it was data) or by D0 to D7 (a restart marker).
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_RESTART = re.compile(rb"\xff([\xd0-\xd7])")


def segments(data: bytes) -> Iterator[Segment]:
    """The segments of a JPEG file from SOI to EOI; raises `BitstreamError` where they end early."""
    if data[:2] != b"\xff\xd8":
        raise BitstreamError("These are not JPEG data: they do not begin with FF D8.")
    yield Segment(SOI, 0)
    position = 2
    while True:
        offset = position
        if data[offset : offset + 1] != b"\xff":
            raise BitstreamError(_broken(data, offset))
        while data[position : position + 1] == b"\xff":  # a marker may have several FF before it
            position += 1
        if position >= len(data):
            raise BitstreamError(_broken(data, position))
        marker = data[position]
        position += 1
        if marker == EOI:
            yield Segment(EOI, offset)
            return
        segment = _read_segment(data, marker, offset, position)
        position += 2 + len(segment.payload) + len(segment.scan)
        yield segment


def _read_segment(data: bytes, marker: int, offset: int, position: int) -> Segment:
    length = int.from_bytes(data[position : position + 2], "big")
    end = position + length
    if length < 2 or end > len(data):
        raise BitstreamError(_broken(data, end))
    scan = b""
    if marker == SOS:
        found = _END_OF_SCAN.search(data, end)
        if found is None:
            raise BitstreamError(_broken(data, len(data)))
        scan = data[end : found.start()]
    return Segment(marker, offset, data[position + 2 : end], scan)


def _broken(data: bytes, position: int) -> str:
    if position >= len(data):
        return "The JPEG data end early: is the file complete?"
    return f"The JPEG data are damaged: at byte {position} there is no marker."


def split_scan(scan: bytes) -> list[bytes]:
    """The data between the restart markers, without the zeros after FF."""
    numbers = [match[1][0] - 0xD0 for match in _RESTART.finditer(scan)]
    if numbers != [n % 8 for n in range(len(numbers))]:
        raise BitstreamError("The JPEG data are damaged: a restart marker is missing or doubled.")
    pieces = _RESTART.split(scan)[::2]
    return [piece.rstrip(b"\xff").replace(b"\xff\x00", b"\xff") for piece in pieces]
