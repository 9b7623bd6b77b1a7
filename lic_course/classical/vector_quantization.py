"""A codec by vector quantization: each block becomes the number of the most similar codeword.

Gray pictures have one plane; color ones Y at full size, Cb and Cr at half the size. The quality
chooses the size b of the blocks and the number K of codewords.

The codebook is either *universal* (trained on other pictures, part of the decoder, 0 bytes in the
file) or the picture's *own* (then it is in the file, in the segment 'book', and counts). The
numbers are in the segment 'index', entropy-coded.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from lic_course import images
from lic_course.classical.codebooks import fuzzy_c_means, k_means, nearest, to_codebook
from lic_course.classical.component_coder import (
    code_in_classes,
    from_differences,
    to_differences,
)
from lic_course.classical.index_coder import decode_indexes, encode_indexes
from lic_course.classical.jpeg_planes import enlarge, halve, planes_to_rgb, rgb_to_planes
from lic_course.classical.laplace_tables import laplace_tables
from lic_course.codec import Codec
from lic_course.entropy.tables import Coder, Decoder, Encoder
from lic_course.errors import BitstreamError, LicError
from lic_course.files import data_dir

LADDER = (  # (b, K), from the smallest to the largest file
    *((8, 16), (8, 32), (8, 64), (8, 128), (8, 256)),
    *((4, 64), (4, 128), (4, 256), (4, 512), (4, 1024)),
    *((2, 64), (2, 128), (2, 256), (2, 512), (2, 1024)),
)
HEAD = struct.Struct(">BH")  # b and K
LARGEST = 4096  # codewords
WEIGHTS = "vq.safetensors"


def level_of(quality: float) -> tuple[int, int]:
    """The block size b and the number of codewords K of a quality from 1 to 100."""
    return LADDER[round((quality - 1) / 99 * (len(LADDER) - 1))]


@dataclass(frozen=True)
class Books:
    """Codebooks of luma and chroma, (K, b * b) uint8 each, sorted by brightness."""

    luma: np.ndarray
    chroma: np.ndarray

    def of_planes(self, planes: int) -> list[np.ndarray]:
        """The codebook of each plane."""
        return [self.luma, self.chroma, self.chroma][:planes]


def encode_vq(
    image: np.ndarray, b: int, K: int, book: str = "universal", m: float = 1.25
) -> dict[str, bytes]:
    """Code a picture with b x b blocks and K codewords: segments 'index' and, if own, 'book'.

    book: "universal" (b and K from `LADDER`), or trained on this very picture by "k-means" or by
    "fuzzy" c-means of fuzziness m, and then stored in the file. image: uint8, (H, W, 3) or (H, W).
    """
    planes = [to_vectors(plane, b) for plane in to_planes(image)]
    segments = {}
    if book == "universal":
        books = universal(b, K)
    else:
        books = _train([vectors for vectors, _ in planes], K, book, m)
        segments["book"] = _write_books(books, len(planes) > 1)
    chosen = books.of_planes(len(planes))
    indexes = [
        nearest(vectors, Y).reshape(grid) for (vectors, grid), Y in zip(planes, chosen, strict=True)
    ]
    coded = encode_indexes(indexes, [len(Y) for Y in chosen])
    return segments | {"index": HEAD.pack(b, K) + coded}


def _train(planes: Sequence[np.ndarray], K: int, book: str, m: float) -> Books:
    trainers = {"k-means": k_means, "fuzzy": lambda X, K: fuzzy_c_means(X, min(K, len(X)), m)}
    if book not in trainers:
        raise LicError(f"A codebook is universal, k-means or fuzzy, not {book!r}.")
    luma = to_codebook(trainers[book](planes[0], K))
    if len(planes) == 1:
        return Books(luma, luma)
    return Books(luma, to_codebook(trainers[book](np.concatenate(planes[1:]), K)))


def to_planes(image: np.ndarray) -> list[np.ndarray]:
    """One plane if gray, else Y, and Cb and Cr with half the rows and columns, rounded up."""
    if image.ndim == 2:
        return [image]
    y, *chroma = rgb_to_planes(image)
    height, width = _half(image.shape)
    return [y, *(halve(plane)[:height, :width] for plane in chroma)]


def _half(shape: tuple[int, ...]) -> tuple[int, int]:
    return (shape[0] + 1) // 2, (shape[1] + 1) // 2


def to_vectors(plane: np.ndarray, b: int) -> tuple[np.ndarray, tuple[int, int]]:
    """The b x b blocks of a plane as rows (n, b * b), and how many there are down and across."""
    blocks = images.to_blocks(images.pad_to_multiple(plane, b), b)
    return blocks.reshape(-1, b * b), blocks.shape[:2]


def _to_plane(index: np.ndarray, Y: np.ndarray, b: int, shape: tuple[int, int]) -> np.ndarray:
    blocks = Y[index].reshape(*index.shape, b, b)
    return np.ascontiguousarray(images.from_blocks(blocks)[: shape[0], : shape[1]])


def _write_books(books: Books, is_color: bool) -> bytes:
    coder, sizes = Encoder(laplace_tables()), b""
    for Y in (books.luma, books.chroma)[: 1 + is_color]:
        sizes += struct.pack(">H", len(Y))
        _walk_book(coder, Y.shape, Y.astype(np.int32))
    return sizes + coder.finish()


def _read_books(data: bytes, b: int, is_color: bool) -> Books:
    start = 4 if is_color else 2
    if len(data) < start:
        raise BitstreamError("The codebook of the vq file is cut short.")
    sizes = struct.unpack(">HH"[: 1 + start // 2], data[:start])
    if not all(0 < size <= LARGEST for size in sizes):
        raise BitstreamError("The codebook of the vq file has an impossible size: it is damaged.")
    coder = Decoder(laplace_tables(), data[start:])
    books = [_walk_book(coder, (size, b * b)) for size in sizes]
    coder.finish()
    return Books(books[0], books[-1])


def _walk_book(coder: Coder, shape: tuple[int, int], Y: np.ndarray | None = None) -> np.ndarray:
    """Code one codebook, or decode it when `Y` is None: each entry minus the one before it."""
    given = None if Y is None else to_differences(Y)
    classes = np.zeros(shape, np.int64)
    classes[:, 0] = 1
    values, _ = code_in_classes(coder, given, classes, np.array([28, 20]))
    decoded = from_differences(values)
    if decoded.min() < 0 or decoded.max() > 255:
        raise BitstreamError("The codebook of the vq file is damaged: a codeword is no picture.")
    return decoded.astype(np.uint8)


@cache
def universal(b: int, K: int) -> Books:
    """The universal codebooks of one rung of the ladder; `LicError` when there are none."""
    if (b, K) not in LADDER:
        raise LicError(f"There is no universal codebook of {K} codewords of {b}×{b} pixels.")
    arrays = _weights()[1]
    return Books(arrays[f"luma_{b}_{K}"], arrays[f"chroma_{b}_{K}"])


@cache
def _weights() -> tuple[bytes, dict[str, np.ndarray]]:
    """The first 8 bytes of the SHA-256 of the stored codebooks, and the codebooks."""
    from safetensors.numpy import load

    data = (data_dir() / "weights" / WEIGHTS).read_bytes()
    return hashlib.sha256(data).digest()[:8], load(data)


class VqCodec(Codec):
    """Vector quantization: blocks become numbers of codewords from a codebook of the decoder."""

    name = "vq"
    kind = "own"
    lesson = "04"
    quality_help = "block size and number of codewords, 15 levels from 8×8 and 16 to 2×2 and 1024"

    @cached_property
    def fingerprint(self) -> bytes:
        """Names the universal codebooks."""
        return _weights()[0]

    def unavailable(self) -> str | None:
        """Why it cannot run: the codebooks are missing."""
        if (data_dir() / "weights" / WEIGHTS).is_file():
            return None
        return f"the file data/weights/{WEIGHTS} is missing: take a complete clone of the project."

    def encode(self, image: np.ndarray, quality: float) -> dict[str, bytes]:
        """The segment 'index', with the universal codebook of the level that the quality names."""
        return encode_vq(image, *level_of(quality))

    def decode(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """Decode files with universal and with own codebooks; `BitstreamError` when damaged."""
        b, books, indexes = _read(segments, shape)
        planes = [
            _to_plane(index, Y, b, size)
            for index, Y, size in zip(
                indexes, books.of_planes(len(indexes)), _plane_shapes(shape), strict=True
            )
        ]
        if len(planes) == 1:
            return planes[0]
        chroma = (enlarge(plane, (2, 2))[: shape[0], : shape[1]] for plane in planes[1:])
        return planes_to_rgb(planes[0], *chroma)

    def bits_per_block(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """Bits of the luma number of each block; the chroma's are spread evenly over all."""
        grids = [_grid(size, _head(segments)[0]) for size in _plane_shapes(shape)]
        bits = [np.zeros(grid) for grid in grids]
        _read(segments, shape, bits)
        return bits[0] + sum(part.sum() for part in bits[1:]) / bits[0].size


def _head(segments: dict[str, bytes]) -> tuple[int, int]:
    """The block size and the number of codewords of a file, checked."""
    if list(segments) not in (["index"], ["book", "index"]):
        raise BitstreamError("A vq file has the segment 'index', and 'book' if that is its own.")
    if len(segments["index"]) < HEAD.size:
        raise BitstreamError("The head of the vq file is cut short.")
    b, K = HEAD.unpack_from(segments["index"])
    if not 1 <= b <= 16 or ("book" not in segments and (b, K) not in LADDER):
        raise BitstreamError("The head of the vq file is damaged: there is no such codebook.")
    return b, K


def _plane_shapes(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    return [tuple(shape[:2]), *([_half(shape)] * 2 if len(shape) == 3 else [])]


def _grid(shape: tuple[int, int], b: int) -> tuple[int, int]:
    return -(-shape[0] // b), -(-shape[1] // b)


def _read(
    segments: dict[str, bytes], shape: tuple[int, ...], bits: list[np.ndarray] | None = None
) -> tuple[int, Books, list[np.ndarray]]:
    """The block size, the codebooks and the indexes of each plane."""
    b, K = _head(segments)
    is_color = len(shape) == 3
    books = _read_books(segments["book"], b, is_color) if "book" in segments else universal(b, K)
    grids = [_grid(size, b) for size in _plane_shapes(shape)]
    sizes = [len(Y) for Y in books.of_planes(len(grids))]
    return b, books, decode_indexes(segments["index"][HEAD.size :], grids, sizes, bits)
