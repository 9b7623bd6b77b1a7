"""Symbols to bits: the entropy-coded part of a JPEG file."""

from dataclasses import dataclass

import numpy as np

from lic_course.classical.jpeg_huffman import HuffmanTable, optimal_table
from lic_course.classical.jpeg_symbols import SymbolStream, predict_dc, symbol_stream
from lic_course.classical.jpeg_tables import STANDARD_TABLES
from lic_course.entropy.bits import pack_bits


@dataclass(frozen=True)
class Scan:
    """The coded blocks, and the Huffman tables that they need, in the order of STANDARD_TABLES."""

    data: bytes
    tables: tuple[HuffmanTable, ...]


def encode_scan(mcus: np.ndarray, slots: tuple[int, ...], optimize: bool) -> Scan:
    """Code quantized blocks in the order of the file.

    mcus: (MCUs, len(slots), 64) integers in zigzag order; slots: the component of each block of an
    MCU (component 0 is coded with the luma tables, all others with the chroma tables); optimize:
    use the best tables for these blocks, not the standard's. Source: ITU-T T.81, F.1.2.
    """
    stream = symbol_stream(predict_dc(mcus, slots).reshape(-1, 64))
    chroma = np.tile(np.array(slots) > 0, len(mcus))[stream.blocks]
    table = np.where(stream.is_dc, 0, 1) + 2 * chroma
    count = 4 if max(slots) else 2
    tables = _fitted_tables(stream, table, count) if optimize else STANDARD_TABLES[:count]
    lookup = 256 * table + stream.symbols
    codes = np.concatenate([t.codes for t in tables])[lookup]
    lengths = np.concatenate([t.lengths for t in tables])[lookup]
    sizes = stream.sizes
    packed = pack_bits(codes << sizes | stream.extras, lengths + sizes, fill=1)
    return Scan(packed.replace(b"\xff", b"\xff\x00"), tables)  # FF alone would start a marker


def _fitted_tables(stream: SymbolStream, table: np.ndarray, count: int) -> tuple[HuffmanTable, ...]:
    frequencies = np.bincount(256 * table + stream.symbols, minlength=256 * count)
    return tuple(optimal_table(row) for row in frequencies.reshape(count, 256))
