"""Compares own-jpeg2000 with OpenJPEG (through Pillow) at equal file size: PSNR and time.

python -m lic_course.classical.jpeg2000_benchmark --picture camera --bpp 0.5
"""

import io
from dataclasses import dataclass

import click
import numpy as np
from PIL import Image

from lic_course import images, metrics
from lic_course.classical.jpeg2000 import decode_jp2, encode_jp2
from lic_course.classical.jpeg_benchmark import median_seconds

RATES = (0.25, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Comparison:
    """One picture at one rate; OpenJPEG decodes both files."""

    openjpeg_bytes: int
    own_bytes: int  # as many as fit
    openjpeg_psnr: float
    own_psnr: float

    @property
    def gain(self) -> float:
        """By how many dB the own file is better, negative if worse."""
        return self.own_psnr - self.openjpeg_psnr


def openjpeg_encode(image: np.ndarray, bpp: float) -> bytes:
    """A .jp2 file of about `bpp` bits per pixel: 9/7, color transform, one layer."""
    options = {"mct": 1} if image.ndim == 3 else {}
    ratio = 8 * image[0, 0].size / bpp
    buffer = io.BytesIO()
    Image.fromarray(image).save(
        buffer,
        "JPEG2000",
        irreversible=True,
        quality_mode="rates",
        quality_layers=[ratio],
        **options,
    )
    return buffer.getvalue()


def openjpeg_decode(data: bytes) -> np.ndarray:
    """The picture in a .jp2 file, as OpenJPEG sees it."""
    return np.array(Image.open(io.BytesIO(data)))


def compare(image: np.ndarray, bpp: float) -> Comparison:
    """Code a picture with both encoders into files of equal size."""
    theirs = openjpeg_encode(image, bpp)
    own = encode_jp2(image, target_bytes=len(theirs))
    psnr = [metrics.psnr(image, openjpeg_decode(data)) for data in (theirs, own)]
    return Comparison(len(theirs), len(own), *psnr)


@click.command(help=__doc__)
@click.option("--picture", "names", multiple=True, type=click.Choice([*images.BUILTIN]))
@click.option("--bpp", "rates", multiple=True, type=float)
def main(names: tuple[str, ...], rates: tuple[float, ...]) -> None:
    """Print one line for each picture and rate, then the time for the first picture."""
    names = names or ("camera", "astronaut", "chelsea", "coffee")
    click.echo("picture, bpp, bytes own / OpenJPEG, PSNR own - OpenJPEG")
    for name in names:
        for bpp in rates or RATES:
            row = compare(images.builtin(name), bpp)
            click.echo(
                f"{name:10s} {bpp:5.2f}  {row.own_bytes:7d} / {row.openjpeg_bytes:7d}   "
                f"{row.own_psnr:.3f} - {row.openjpeg_psnr:.3f} = {row.gain:+.3f} dB"
            )
    image = images.builtin(names[0])
    for quality in (25, 50, 75):
        data = encode_jp2(image, quality)
        encode_seconds = median_seconds(lambda quality=quality: encode_jp2(image, quality), 3)
        decode_seconds = median_seconds(lambda data=data: decode_jp2(data), 3)
        click.echo(
            f"{names[0]} {image.shape[1]} x {image.shape[0]}, quality {quality}, "
            f"{len(data)} bytes: encode {encode_seconds:.2f} s, decode {decode_seconds:.2f} s"
        )


if __name__ == "__main__":
    main()
