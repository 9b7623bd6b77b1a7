"""What was tried on one picture, remembered, so that going back to a setting is instant."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

import lic_course
from lic_course import codec, images, metrics

ORIGINAL = "original"  # stands for the picture itself, uncompressed
FREE, EQUAL_BYTES, EQUAL_PSNR = LOCKS = ("free", "equal bytes", "equal PSNR")


@dataclass(frozen=True)
class Numbers:
    """What one setting costs and gives."""

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
        file = lic_course.bitstream.unpack(self.file(name, quality))
        return codec.get(name).bits_per_block(file.segments, file.shape)

    def curve(self, name: str) -> list[tuple[int, Numbers]]:
        """Everything known of a codec so far: quality and numbers, by rising quality."""
        known = [(q, n) for (codec_, q), n in list(self._numbers.items()) if codec_ == name]
        return sorted(known, key=lambda pair: pair[0])

    def search(self, name: str, lock: str, target: float) -> tuple[int, bool]:
        """The quality at which a codec meets a target, and whether it can.

        "equal bytes": the best quality of at most `target` bytes; "equal PSNR": the lowest of at
        least `target` dB, as in `lic_course.codec.find_quality`. What is known from earlier trials
        narrows the search. When the target is out of reach, the closest quality and False.
        """
        low, high = 0, 101  # below the target at `low`, beyond it at `high`
        for quality, beyond in self._sides_of(name, lock, target):
            if beyond:
                high = min(high, quality)
            else:
                low = max(low, min(quality, high - 1))
        while high - low > 1:
            middle = (low + high) // 2
            if self._beyond(name, middle, lock, target):
                high = middle
            else:
                low = middle
        if lock == EQUAL_BYTES:
            return max(low, 1), low >= 1
        return min(high, 100), high <= 100

    def _sides_of(self, name: str, lock: str, target: float) -> list[tuple[int, bool]]:
        known = self._files if lock == EQUAL_BYTES else self._numbers
        qualities = sorted((q for codec_, q in list(known) if codec_ == name), reverse=True)
        return [(q, self._beyond(name, q, lock, target)) for q in qualities]

    def _beyond(self, name: str, quality: int, lock: str, target: float) -> bool:
        if lock == EQUAL_BYTES:
            return len(self.file(name, quality)) > target
        return self.numbers(name, quality).psnr >= target
