"""Measuring codecs: one picture, a sweep over a data set that survives a kill, and timing.

Every rate is the length of a complete file, every quality that of the picture decoded from it.
"""

import os
import platform
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import median
from types import ModuleType

import numpy as np

import lic_course
from lic_course import datasets, images, metrics
from lic_course.codec import available, get
from lic_course.errors import LicError
from lic_course.results import (
    Curve,
    Point,
    Provenance,
    Results,
    bd_table,
    load,
    load_results,
    measured,
    published,
    save,
)

__all__ = [
    "Cost",
    "Curve",
    "Point",
    "Results",
    "Timing",
    "bd_table",
    "cost",
    "load_results",
    "measure",
    "measured",
    "published",
    "sweep",
    "time_codec",
]

# Qualities that spread about ten points over 0.1 to 3 bpp: each codec has a scale of its own.
QUALITIES = {
    "png": (100,),
    "webp": (1, 5, 10, 20, 35, 50, 65, 80, 90, 95),
    "jpeg2000": (5, 15, 25, 35, 45, 55, 65, 72, 80),
    "own-jpeg2000": (1, 10, 20, 30, 40, 50, 60, 70, 78),
    "jpegxr": (1, 5, 10, 20, 30, 40, 50, 60, 75),
    "jpegxl": (1, 10, 20, 30, 40, 50, 60, 70),
    "heif": (10, 15, 20, 25, 30, 40, 50, 60, 70),
    "spiht": (10, 20, 28, 35, 42, 50, 57, 65, 72, 80),
    "jpeg-ls": (1, 40, 60, 76, 90, 96, 98, 100),
    "pca": (1, 10, 20, 30, 40, 50, 60, 70, 80),
    "vq": (1, 8, 15, 22, 29, 36, 43, 50, 58, 65, 72, 79, 86, 93, 100),
    "avif": (8, 15, 25, 35, 45, 55, 65, 75, 85, 92),
    "ftransform": (1, 10, 20, 30, 40, 50, 60, 70),
    "factorized": (1, 12, 25, 37, 50, 62, 75, 87, 100),
    "hyperprior": (1, 12, 25, 37, 50, 62, 75, 87, 100),
    "hyperbolic": (8, 24, 37, 45, 55, 65, 72, 84),
}
DEFAULT_QUALITIES = (5, 10, 20, 30, 40, 50, 60, 75, 85, 90, 95)

PACKAGES = ("numpy", "pillow", "imagecodecs", "pillow-heif", "constriction", "torch")
PILLOW_CODECS = {
    "libjpeg-turbo": "libjpeg_turbo",
    "openjpeg": "jpg_2000",
    "libwebp": "webp",
    "libavif": "avif",
}


def measure(image: np.ndarray, codec: str, quality: float, picture: str = "") -> Point:
    """Code a picture to a complete file, decode the file again, and measure both.

    image: uint8, (H, W, 3) or (H, W); quality from 1 to 100; picture: the name to write down.
    Raises the errors of `lic_course.encode`.
    """
    trip = _round_trip(image, codec, quality)
    data, x_hat = trip.data, trip.image
    return Point(
        codec=codec,
        picture=picture,
        quality=quality,
        bytes=len(data),
        bpp=metrics.bpp(len(data), image),
        psnr=metrics.psnr(image, x_hat),
        psnr_y=metrics.psnr_y(image, x_hat),
        ms_ssim=_ms_ssim(image, x_hat),
        encode_seconds=trip.encode_seconds,
        decode_seconds=trip.decode_seconds,
    )


@dataclass(frozen=True)
class _RoundTrip:
    data: bytes
    image: np.ndarray
    encode_seconds: float
    decode_seconds: float
    encode_cpu_seconds: float
    decode_cpu_seconds: float


def _round_trip(image: np.ndarray, codec: str, quality: float) -> _RoundTrip:
    start = _clocks()
    data = lic_course.encode(image, codec, quality)
    encoded = _clocks()
    x_hat = lic_course.decode(data)
    (encode, encode_cpu), (decode, decode_cpu) = encoded - start, _clocks() - encoded
    return _RoundTrip(data, x_hat, encode, decode, encode_cpu, decode_cpu)


def _clocks() -> np.ndarray:
    """Seconds that pass, and seconds that the processor spends on this program, all threads."""
    return np.array([time.perf_counter(), time.process_time()])


def _ms_ssim(image: np.ndarray, x_hat: np.ndarray) -> float | None:
    if min(image.shape[:2]) < metrics.MS_SSIM_MIN_SIDE:
        return None
    return metrics.ms_ssim(image, x_hat)


def sweep(
    codec: str,
    pictures: Sequence[datasets.Picture],
    dataset: str,
    qualities: Sequence[float] | None = None,
    output: str | os.PathLike | None = None,
    command: str = "",
    restart: bool = False,
    progress: bool = True,
) -> Results:
    """Measure a codec on every picture at every quality, with a progress bar.

    dataset: the name to write down; qualities: `QUALITIES` of the codec when None; output: a JSON
    file that is written after each picture, so that a sweep that was killed goes on where it was;
    restart: measure everything again. Raises `LicError` when `output` holds another experiment.
    """
    from tqdm.auto import tqdm

    available(codec)
    if qualities is None:
        qualities = QUALITIES.get(codec, DEFAULT_QUALITIES)
    output = None if output is None else Path(output)
    made = provenance(pictures, command or f"lic evaluate --codec {codec} --folder {dataset}")
    results = Results(dataset, codec, made, ())
    if output is not None and output.is_file() and not restart:
        results = _resume(output, results)
    done = {(point.picture, point.quality) for point in results.points}
    todo = {p: [q for q in qualities if (p.name, q) not in done] for p in pictures}
    with tqdm(total=sum(map(len, todo.values())), desc=codec, disable=not progress) as bar:
        for picture in (picture for picture in pictures if todo[picture]):
            points = _measure_all(picture, codec, todo[picture], bar.update)
            results = Results(dataset, codec, results.provenance, results.points + points)
            if output is not None:
                save(output, results)
    return results


def _measure_all(
    picture: datasets.Picture, codec: str, qualities: Sequence[float], tick: Callable[[], None]
) -> tuple[Point, ...]:
    image, points = picture.load(), []
    for quality in qualities:
        try:
            points.append(measure(image, codec, quality, picture.name))
        except LicError as error:
            raise type(error)(f"{picture.name}: {error}") from error
        tick()
    return tuple(points)


def _resume(path: Path, new: Results) -> Results:
    """The results in `path`, if the same codec, pictures, versions and machine made them."""
    old = load(path)
    same = ("pictures", "fingerprint", "package", "python", "libraries", "processor", "cores")
    differences = [
        name for name in same if getattr(old.provenance, name) != getattr(new.provenance, name)
    ]
    differences += [
        name for name in ("codec", "dataset") if getattr(old, name) != getattr(new, name)
    ]
    if differences:
        raise LicError(
            f"{path} holds other results (another {', another '.join(differences)}): write to "
            "another file, or measure everything again with restart."
        )
    return old


def provenance(pictures: Sequence[datasets.Picture], command: str) -> Provenance:
    """What results made here and now from these pictures depend on."""
    return Provenance(
        command=command,
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        pictures=len(pictures),
        fingerprint=datasets.fingerprint(pictures),
        package=lic_course.__version__,
        python=platform.python_version(),
        libraries=_libraries(),
        processor=_processor(),
        cores=os.cpu_count() or 1,
    )


def _libraries() -> dict[str, str]:
    """The versions of the packages that are installed, and of the codecs inside Pillow."""
    from PIL import features

    versions = {}
    for name in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    for name, feature in PILLOW_CODECS.items():
        if version := features.version(feature):
            versions[name] = version
    return versions


def _processor() -> str:
    """The processor's name as the system tells it, else its architecture."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


@dataclass
class Cost:
    """Seconds and peak memory of a `with cost() as c:` block; printed as a lesson prints them."""

    seconds: float = 0.0
    megabytes: float = 0.0  # 10^6 bytes on top of what was in use before
    where: str = ""  # " on the GPU" when the memory is that of a GPU

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s, {self.megabytes:.0f} MB of memory{self.where}"


@contextmanager
def cost(gpu: bool = False) -> Iterator[Cost]:
    """Measure the seconds and the peak memory of what happens inside the `with` block.

    gpu: wait for the GPU at both ends and tell its memory instead of the processor's. Memory of
    NumPy arrays and Python objects is counted; memory that libraries take for themselves is not.
    """
    measured = Cost(where=" on the GPU" * gpu)
    cuda = _cuda() if gpu else None
    if cuda:
        cuda.synchronize()
        cuda.reset_peak_memory_stats()
        before = cuda.memory_allocated()
    else:
        tracemalloc.start()
    start = time.perf_counter()
    try:
        yield measured
    finally:
        if cuda:
            cuda.synchronize()
        measured.seconds = time.perf_counter() - start
        if cuda:
            peak = cuda.max_memory_allocated() - before
        else:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        measured.megabytes = peak / 1e6


def _cuda() -> ModuleType:
    import torch

    if not torch.cuda.is_available():
        raise LicError("There is no NVIDIA GPU here: measure with cost(), without gpu=True.")
    return torch.cuda


@dataclass(frozen=True)
class Timing:
    """Median seconds for one picture, from complete picture to complete file and back."""

    codec: str
    size: tuple[int, int]  # height, width
    quality: float
    repetitions: int
    encode_seconds: float
    decode_seconds: float
    encode_cpu_seconds: float  # of all threads; other programs matter less here
    decode_cpu_seconds: float


def time_codec(
    name: str,
    size: tuple[int, int] = (512, 768),
    widths: tuple[int, int] | None = None,
    repetitions: int = 5,
    quality: float = 50,
) -> Timing:
    """Time a codec on a synthetic color picture: medians over the repetitions, after a warm-up.

    size: height and width; widths: (N, M) of a learned codec, which is then timed with random
    weights of these widths, N of them in z. Raises `LicError` when a codec without widths is asked
    for some.
    """
    image = images.dead_leaves(*size)
    repetitions = max(1, repetitions)
    with _with_widths(name, widths):
        runs = [_round_trip(image, name, quality) for _ in range(repetitions + 1)][1:]
    return Timing(
        name,
        size,
        quality,
        repetitions,
        encode_seconds=median(run.encode_seconds for run in runs),
        decode_seconds=median(run.decode_seconds for run in runs),
        encode_cpu_seconds=median(run.encode_cpu_seconds for run in runs),
        decode_cpu_seconds=median(run.decode_cpu_seconds for run in runs),
    )


@contextmanager
def _with_widths(name: str, widths: tuple[int, int] | None) -> Iterator[None]:
    """Let a learned codec have random weights of some widths for a while."""
    codec = available(name) if widths is None else get(name)
    if widths is None:
        yield
        return
    if codec.kind != "learned":
        raise LicError(f"{name} is not a learned codec, it has no widths (N, M): leave them out.")
    codec.model, before = codec.untrained(*widths), codec.__dict__.get("model")
    try:
        yield
    finally:
        del codec.__dict__["model"]
        if before is not None:
            codec.model = before
