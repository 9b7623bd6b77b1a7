"""Reading a baseline JPEG file up to its quantized coefficients; every field is checked before use.

Source: ITU-T T.81, Annexes B and F.
"""

import struct
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lic_course.classical import jpeg_file
from lic_course.classical.jpeg_file import Segment, segments, split_scan
from lic_course.classical.jpeg_frame import Component, Frame, from_mcus, slots
from lic_course.classical.jpeg_huffman import HuffmanTable
from lic_course.classical.jpeg_tables import unzigzag
from lic_course.classical.jpeg_walk import decode_scan
from lic_course.errors import BitstreamError

_UNSUPPORTED = {
    0xC2: "progressive",
    0xC3: "lossless",
    0xC5: "hierarchical",
    0xC6: "hierarchical",
    0xC7: "hierarchical",
    0xC9: "arithmetic-coded",
    0xCA: "arithmetic-coded",
    0xCB: "arithmetic-coded",
    0xCC: "arithmetic-coded",
    0xCD: "arithmetic-coded",
    0xCE: "arithmetic-coded",
    0xCF: "arithmetic-coded",
    0xDE: "hierarchical",
}


@dataclass
class Plane:
    """What the file says about one component."""

    quantization: np.ndarray  # (8, 8)
    coefficients: np.ndarray  # quantized, (rows, columns, 64) int16 in zigzag order
    bits: np.ndarray  # bits spent on each block, (rows, columns)


@dataclass
class JpegData:
    """A JPEG file before dequantization. `is_rgb`: the three planes are R, G, B, not Y, Cb, Cr."""

    frame: Frame
    planes: list[Plane]
    is_rgb: bool


def read_jpeg(data: bytes, max_pixels: int) -> JpegData:
    """Decode the entropy-coded part of a baseline JPEG file.

    Raises `BitstreamError` when the data are damaged, larger than `max_pixels`, or of a kind that
    this decoder does not know (progressive, lossless, arithmetic-coded, 12 bits, CMYK).
    """
    reader = _Reader(max_pixels)
    for segment in segments(bytes(data)):
        reader.take(segment)
    return reader.result()


@dataclass
class _Reader:
    """The tables and settings that segments define, one after the other."""

    max_pixels: int
    frame: Frame | None = None
    restart_interval: int = 0
    has_jfif: bool = False
    adobe_transform: int | None = None
    quantization: dict[int, np.ndarray] = field(default_factory=dict)
    huffman: dict[int, HuffmanTable] = field(default_factory=dict)  # by class << 4 | number
    planes: dict[int, Plane] = field(default_factory=dict)  # by the component's index

    def take(self, segment: Segment) -> None:
        """Read one segment; those that do not matter for decoding are skipped."""
        readers = {
            jpeg_file.APP0: self._read_jfif,
            jpeg_file.APP14: self._read_adobe,
            jpeg_file.DQT: self._read_quantization,
            jpeg_file.DHT: self._read_huffman,
            jpeg_file.DRI: self._read_restart_interval,
            jpeg_file.SOF0: self._read_frame,
            jpeg_file.SOF1: self._read_frame,
        }
        if segment.marker in _UNSUPPORTED:
            kind = _UNSUPPORTED[segment.marker]
            raise BitstreamError(f"This JPEG is {kind}: only baseline JPEG can be decoded here.")
        if segment.marker == jpeg_file.SOS:
            self._read_scan(segment)
        elif segment.marker in readers:
            readers[segment.marker](segment.payload)

    def result(self) -> JpegData:
        """What was read, once the file is complete."""
        if self.frame is None or len(self.planes) < len(self.frame.components):
            raise BitstreamError(
                "The JPEG data are damaged: a component of the picture is missing."
            )
        identifiers = bytes(component.identifier for component in self.frame.components)
        is_rgb = not self.has_jfif and (
            self.adobe_transform == 0 or (self.adobe_transform is None and identifiers == b"RGB")
        )
        return JpegData(self.frame, [plane for _, plane in sorted(self.planes.items())], is_rgb)

    def _read_jfif(self, payload: bytes) -> None:
        self.has_jfif |= payload[:5] == b"JFIF\0"

    def _read_adobe(self, payload: bytes) -> None:
        if payload[:5] == b"Adobe" and len(payload) >= 12:
            self.adobe_transform = payload[11]

    def _read_restart_interval(self, payload: bytes) -> None:
        (self.restart_interval,) = _unpack(">H", payload)

    def _read_quantization(self, payload: bytes) -> None:
        while payload:
            precision, number = payload[0] >> 4, payload[0] & 15
            size = 64 * (1 + precision)
            if precision > 1 or number > 3 or len(payload) < 1 + size:
                raise BitstreamError("A quantization table of the JPEG data is damaged.")
            steps = np.frombuffer(payload[1 : 1 + size], ">u2" if precision else np.uint8)
            if not steps.all():
                raise BitstreamError("A quantization table of the JPEG data has a step of zero.")
            self.quantization[number] = unzigzag(steps.astype(np.int64))
            payload = payload[1 + size :]

    def _read_huffman(self, payload: bytes) -> None:
        while payload:
            name, counts = payload[0], tuple(payload[1:17])
            size = sum(counts)
            if name & 0xEC or size > 256:
                raise BitstreamError("A Huffman table of the JPEG data is damaged.")
            self.huffman[name] = HuffmanTable(counts, payload[17 : 17 + size])
            payload = payload[17 + size :]

    def _read_frame(self, payload: bytes) -> None:
        if self.frame is not None:
            raise BitstreamError("The JPEG data are damaged: they describe the picture twice.")
        precision, height, width, count = _unpack(">BHHB", payload[:6])
        if precision != 8:
            raise BitstreamError(
                f"This JPEG has {precision} bits per sample: only 8 are supported."
            )
        if count not in (1, 3):
            kind = " (CMYK)" if count == 4 else ""
            raise BitstreamError(
                f"This JPEG has {count} components{kind}: only gray (1) and color (3) work."
            )
        if height == 0 or width == 0:
            raise BitstreamError("The JPEG data are damaged: the picture has no height or width.")
        if height * width > self.max_pixels:
            raise BitstreamError(
                f"The picture has {height} x {width} pixels, more than the {self.max_pixels} that "
                "are allowed: raise max_pixels if you trust the file."
            )
        fields = _unpack(f"{3 * count}B", payload[6:])
        components = tuple(
            Component(fields[i], fields[i + 1] >> 4, fields[i + 1] & 15, fields[i + 2])
            for i in range(0, len(fields), 3)
        )
        self.frame = _checked(Frame(height, width, components))

    def _read_scan(self, segment: Segment) -> None:
        if self.frame is None:
            raise BitstreamError("The JPEG data are damaged: a scan stands before the frame.")
        chosen = self._scan_components(segment.payload)
        components = [self.frame.components[index] for index in chosen]
        mcu_grid = self.frame.mcu_grid
        if len(chosen) == 1:  # the MCU of a component that comes alone is one block
            mcu_grid = self.frame.block_grid(components[0])
            components = [replace(components[0], h=1, v=1)]
        mcus = mcu_grid[0] * mcu_grid[1]
        order = slots(components)
        per_interval = self.restart_interval or mcus
        intervals = split_scan(segment.scan)
        if len(order) > 10 or len(intervals) != -(-mcus // per_interval):
            raise BitstreamError("The JPEG data are damaged: restart markers or sizes are wrong.")
        blocks = decode_scan(intervals, per_interval, mcus, order, list(chosen.values()))
        for number, (index, component) in enumerate(zip(chosen, components, strict=True)):
            mine = [slot for slot, owner in enumerate(order) if owner == number]
            self.planes[index] = Plane(
                _table(self.quantization, component.quantization),
                from_mcus(blocks.coefficients[:, mine], component, mcu_grid),
                from_mcus(blocks.bits[:, mine], component, mcu_grid),
            )

    def _scan_components(self, payload: bytes) -> dict[int, tuple[HuffmanTable, HuffmanTable]]:
        """Indices of the components in this scan, with their DC and AC tables."""
        count = payload[0] if payload else 0
        fields = _unpack(f"{1 + 2 * count + 3}B", payload)
        if fields[-3:] != (0, 63, 0):
            raise BitstreamError("The JPEG data are damaged: this is not a baseline scan.")
        chosen = {}
        identifiers = [component.identifier for component in self.frame.components]
        for identifier, names in zip(fields[1:-3:2], fields[2:-3:2], strict=True):
            if identifier not in identifiers:
                raise BitstreamError("The JPEG data are damaged: a scan names no component.")
            index = identifiers.index(identifier)
            if index in chosen or index in self.planes:
                raise BitstreamError("The JPEG data are damaged: a component comes twice.")
            dc, ac = names >> 4, 0x10 | names & 15
            chosen[index] = _table(self.huffman, dc), _table(self.huffman, ac)
        if not chosen:
            raise BitstreamError("The JPEG data are damaged: a scan has no component.")
        return chosen


def _checked(frame: Frame) -> Frame:
    for component in frame.components:
        if not (1 <= component.h <= 4 and 1 <= component.v <= 4):
            raise BitstreamError("The JPEG data are damaged: sampling factors go from 1 to 4.")
        if frame.h_max % component.h or frame.v_max % component.v:
            raise BitstreamError("This JPEG has sampling factors that cannot be decoded here.")
    if len({component.identifier for component in frame.components}) < len(frame.components):
        raise BitstreamError("The JPEG data are damaged: two components have the same name.")
    return frame


def _table(tables: dict[int, Any], name: int) -> Any:
    if name not in tables:
        raise BitstreamError("The JPEG data are damaged: a table is missing.")
    return tables[name]


def _unpack(layout: str, payload: bytes) -> tuple[int, ...]:
    if len(payload) != struct.calcsize(layout):
        raise BitstreamError("The JPEG data are damaged: a header has a wrong length.")
    return struct.unpack(layout, payload)
