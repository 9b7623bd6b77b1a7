"""Compares own-jpeg with libjpeg (through Pillow) on a folder of pictures: size, PSNR, time.

python -m lic_course.classical.jpeg_benchmark --folder kodak
"""

import io
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from PIL import Image

from lic_course import images, metrics
from lic_course.classical.jpeg import decode_jpeg, encode_jpeg

QUALITIES = (10, 30, 50, 75, 90)


@dataclass(frozen=True)
class Comparison:
    """Sums over all pictures at one quality, 4:2:0 chroma and optimized Huffman tables."""

    quality: int
    own_bytes: int
    pillow_bytes: int
    own_psnr: float  # mean over the pictures, dB
    pillow_psnr: float


def compare(pictures: Iterable[np.ndarray], quality: int) -> Comparison:
    """Code every picture with both encoders; each file is decoded by its own side's decoder."""
    rows = []
    for image in pictures:
        own, pillow = encode_jpeg(image, quality), _pillow_encode(image, quality)
        psnr = metrics.psnr(image, decode_jpeg(own))
        rows.append((len(own), len(pillow), psnr, metrics.psnr(image, _pillow_decode(pillow))))
    own_bytes, pillow_bytes, own_psnr, pillow_psnr = zip(*rows, strict=True)
    return Comparison(
        quality,
        sum(own_bytes),
        sum(pillow_bytes),
        statistics.mean(own_psnr),
        statistics.mean(pillow_psnr),
    )


def median_seconds(work: Callable[[], object], repetitions: int = 5) -> float:
    """The median time of a call, after one that warms up."""
    work()
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _pillow_encode(image: np.ndarray, quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality, subsampling="4:2:0", optimize=True)
    return buffer.getvalue()


def _pillow_decode(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


@click.command(help=__doc__)
@click.option("--folder", type=click.Path(exists=True, file_okay=False), required=True)
def main(folder: str) -> None:
    """Print one line per quality, then the time for the first picture at quality 75."""
    pictures = [images.read(path) for path in sorted(Path(folder).glob("*.png"))]
    if not pictures:
        raise click.UsageError(f"There is no *.png in {folder}.")
    click.echo(f"{len(pictures)} pictures; quality, bytes own / Pillow, PSNR own - Pillow")
    for quality in QUALITIES:
        row = compare(pictures, quality)
        ratio = row.own_bytes / row.pillow_bytes
        click.echo(
            f"{quality:4d}  {row.own_bytes:9d} / {row.pillow_bytes:9d} = {ratio:.4f}   "
            f"{row.own_psnr:.3f} - {row.pillow_psnr:.3f} = {row.own_psnr - row.pillow_psnr:+.4f} dB"
        )
    image = pictures[0]
    data = encode_jpeg(image, 75)
    encode_seconds = median_seconds(lambda: encode_jpeg(image, 75))
    decode_seconds = median_seconds(lambda: decode_jpeg(data))
    size = f"{image.shape[1]} x {image.shape[0]}"
    click.echo(
        f"{size}: encode {encode_seconds:.3f} s, decode {decode_seconds:.3f} s (median of 5)"
    )


if __name__ == "__main__":
    main()
