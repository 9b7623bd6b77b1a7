"""What was tried on one picture, remembered, so that going back to a setting is instant."""

import math
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

import lic_course
from lic_course import bitstream, codec, images, metrics

ORIGINAL = "original"  # stands for the picture itself, uncompressed
FREE, EQUAL_BYTES, EQUAL_PSNR = LOCKS = ("free", "equal bytes", "equal PSNR")


@dataclass(frozen=True)
class Numbers:
    """What one setting of a codec costs and gives."""

    nbytes: int  # of the complete .lic file
    bpp: float
    psnr: float  # dB; infinite for equal pictures
    encode_seconds: float
    decode_seconds: float


class Trials:
    """The files, numbers and pictures of every codec and quality tried on one picture.

    Files and numbers stay; decoded pictures stay as long as they fit into `keep_bytes` together.
    Safe to use from two threads. All methods raise the errors of `lic_course.encode`.
    """

    def __init__(self, image: np.ndarray, keep_bytes: int = 2**27):
        self.image = images.check(image)
        self.encoded = 0  # how many times a codec ran, for tests and the curious
        self._keep = max(4, keep_bytes // self.image.nbytes)
        self._files: dict[tuple[str, int], tuple[bytes, float]] = {}
        self._numbers: dict[tuple[str, int], Numbers] = {}
        self._ms_ssim: dict[tuple[str, int], float] = {}
        self._bits: dict[tuple[str, int], np.ndarray | None] = {}
        self._pictures: OrderedDict[tuple[str, int], np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def file(self, name: str, quality: int) -> bytes:
        """The complete file of a codec at a quality from 1 to 100."""
        return self._encode(name, quality)[0]

    def _encode(self, name: str, quality: int) -> tuple[bytes, float]:
        key = (name, quality)
        if key not in self._files:
            start = time.perf_counter()
            data = lic_course.encode(self.image, name, quality)
            self._files[key] = data, time.perf_counter() - start
            self.encoded += 1
        return self._files[key]

    def picture(self, name: str, quality: int) -> np.ndarray:
        """The picture decoded from the file."""
        if name == ORIGINAL:
            return self.image
        return self._decode(name, quality)[0]

    def _decode(self, name: str, quality: int) -> tuple[np.ndarray, float]:
        key = (name, quality)
        with self._lock:
            if key in self._pictures:
                self._pictures.move_to_end(key)
                return self._pictures[key], self._numbers[key].decode_seconds
        data, encode_seconds = self._encode(name, quality)
        start = time.perf_counter()
        image = lic_course.decode(data)
        seconds = time.perf_counter() - start
        numbers = Numbers(
            len(data),
            metrics.bpp(len(data), self.image),
            metrics.psnr(self.image, image),
            encode_seconds,
            seconds,
        )
        with self._lock:
            self._numbers.setdefault(key, numbers)
            self._pictures[key] = image
            while len(self._pictures) > self._keep:
                self._pictures.popitem(last=False)
        return image, seconds

    def numbers(self, name: str, quality: int) -> Numbers:
        """Bytes, bits per pixel, PSNR and seconds."""
        if name == ORIGINAL:
            nbytes = self.image.nbytes
            return Numbers(nbytes, metrics.bpp(nbytes, self.image), float("inf"), 0.0, 0.0)
        key = (name, quality)
        if key not in self._numbers:
            self._decode(name, quality)
        return self._numbers[key]

    @property
    def has_ms_ssim(self) -> bool:
        """Whether the picture is large enough for MS-SSIM."""
        return min(self.image.shape[:2]) >= metrics.MS_SSIM_MIN_SIDE

    def ms_ssim(self, name: str, quality: int) -> float:
        """MS-SSIM, computed at the first call: the slow one of the numbers."""
        key = (name, quality)
        if key not in self._ms_ssim:
            self._ms_ssim[key] = metrics.ms_ssim(self.image, self.picture(name, quality))
        return self._ms_ssim[key]

    def ms_ssim_if_known(self, name: str, quality: int) -> float | None:
        """MS-SSIM when it was computed before, else None, at once."""
        return 1.0 if name == ORIGINAL else self._ms_ssim.get((name, quality))

    def bits_per_block(self, name: str, quality: int) -> np.ndarray | None:
        """Bits spent on each block, (rows, columns), or None when the codec cannot tell."""
        if name == ORIGINAL:
            return None
        key = (name, quality)
        if key not in self._bits:
            file = bitstream.unpack(self.file(name, quality))
            self._bits[key] = codec.get(name).bits_per_block(file.segments, file.shape)
        return self._bits[key]

    def curve(self, name: str) -> list[tuple[int, Numbers]]:
        """Everything known of a codec so far: quality and numbers, by rising quality."""
        known = [(q, n) for (codec_, q), n in list(self._numbers.items()) if codec_ == name]
        return sorted(known, key=lambda pair: pair[0])

    def search(self, name: str, lock: str, target: float) -> tuple[int, bool]:
        """The quality at which a codec comes closest to a target, and whether it meets it.

        "equal bytes": `target` is a number of bytes; "equal PSNR": decibels. A bisection on the
        qualities 1 to 100, narrowed by what earlier trials told. A target is met when it lies
        between two qualities, or when the first or last comes within 2 % or 0.1 dB.
        """

        def value(quality: int) -> float:
            if lock == EQUAL_BYTES:
                return math.log(len(self.file(name, quality)))
            return self.numbers(name, quality).psnr

        goal = math.log(target) if lock == EQUAL_BYTES else target
        low, high = 0, 101  # below the goal at `low`, not below it at `high`
        for quality in sorted(self._tried(name, lock)):
            if value(quality) < goal:
                low = quality
            else:
                high = quality
                break
        while high - low > 1:
            middle = (low + high) // 2
            if value(middle) < goal:
                low = middle
            else:
                high = middle
        away = {q: _distance(value(q), goal) for q in (low, high) if 1 <= q <= 100}
        closest = min(away, key=away.get)
        return closest, len(away) == 2 or away[closest] < (0.02 if lock == EQUAL_BYTES else 0.1)

    def _tried(self, name: str, lock: str) -> list[int]:
        known = self._files if lock == EQUAL_BYTES else self._numbers
        return [quality for tried, quality in list(known) if tried == name]


def _distance(a: float, b: float) -> float:
    return 0.0 if a == b else abs(a - b)  # equal also when both are infinite
