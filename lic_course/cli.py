"""The command line: `lic COMMAND`, or `python3 -m lic_course COMMAND` from a fresh clone."""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

import lic_course
from lic_course import cli_training
from lic_course.errors import LicError
from lic_course.installer import SetUpError

if TYPE_CHECKING:
    from rich.table import Table

    from lic_course.evaluate import Results, Timing

PASS_ON = {"ignore_unknown_options": True}  # options that we do not know go to the program started


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; a mistake of the user becomes one sentence and 2."""
    arguments = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        return commands.main(arguments, prog_name="lic", standalone_mode=False) or 0
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "lic"
        return _complain(f"{error.format_message()} See: {where} --help")
    except (LicError, SetUpError) as error:
        return _complain(str(error))
    except BrokenPipeError:  # the reader of a pipe, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _complain(f"{error.filename or 'The system'}: {error.strerror or error}.")
    except (KeyboardInterrupt, click.Abort):
        return _complain("Stopped.", 130)


def _complain(sentence: str, code: int = 2) -> int:
    click.echo(sentence, err=True)
    return code


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: lic encode photo.png photo.lic --codec jpeg --quality 60",
)
@click.version_option(lic_course.__version__, message="lic_course %(version)s")
def commands() -> None:
    """Lossy image compression, classical and learned: the course and its codecs."""


@commands.command(context_settings=PASS_ON, epilog="Example: lic lab --no-browser --port 8890")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def lab(arguments: tuple[str, ...]) -> int:
    """Open the course in JupyterLab.

    All ARGUMENTS go to JupyterLab.
    """
    from lic_course import bootstrap, launch

    bootstrap.refuse_root(arguments)
    return launch.run(launch.lab_command(arguments), launch.lab_environment())


@commands.command(context_settings=PASS_ON, epilog="Example: lic test tests/test_cli.py -x")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> int:
    """Run all tests of the course.

    ARGUMENTS are test files or notebooks to run instead of all, and options of pytest.
    """
    from lic_course import launch
    from lic_course.notebooks.running import environment

    if differences := launch.other_versions():
        click.echo(f"Printed numbers are not compared: {', '.join(differences)}.")
    with tempfile.TemporaryDirectory() as ipython_dir:
        command = launch.pytest_command(arguments)
        return launch.run(command, environment(ipython_dir), launch.ROOT)


@commands.command(epilog="Example: lic codecs")
def codecs() -> None:
    """List the codecs, and whether they run here."""
    from rich.table import Table

    table = Table("codec", "kind", "lesson", "runs here", "what the quality from 1 to 100 means")
    for codec in lic_course.codecs():
        here = codec.unavailable() or "yes"
        table.add_row(codec.name, codec.kind, codec.lesson, here, codec.quality_help)
    _show(table)


@commands.command(epilog="Example: lic encode photo.png photo.lic --codec jpeg --quality 60")
@click.argument("picture", type=Path)
@click.argument("output", type=Path)
@click.option("--codec", default="jpeg", show_default=True, help="Its name: see lic codecs.")
@click.option("--quality", type=float, help="From 1, smallest, to 100, best; 75 if not given.")
@click.option("--target-bpp", type=float, help="The best file of at most so many bits per pixel.")
@click.option("--target-psnr", type=float, help="The smallest file of at least so many dB.")
def encode(
    picture: Path,
    output: Path,
    codec: str,
    quality: float | None,
    target_bpp: float | None,
    target_psnr: float | None,
) -> None:
    """Code a picture or a spectral cube into a .lic file.

    PICTURE is any file that Pillow reads, or a cube: a .npy file, (height, width, bands) uint16.
    OUTPUT is the file to write. Of the options, a cube takes --quality only.
    """
    from lic_course import files, images
    from lic_course.classical import spectral_files

    _check_output(output)
    if picture.suffix.lower() == ".npy":
        if target_bpp or target_psnr or codec not in ("jpeg", "spectral"):
            raise LicError("A spectral cube has a codec of its own: give --quality, nothing else.")
        return click.echo(spectral_files.encode_file(picture, output, quality))
    image = images.read(picture)
    data = lic_course.encode(image, codec, quality, target_bpp, target_psnr)
    files.write_atomically(output, data)
    click.echo(f"{output}: {lic_course.info(data)}")


@commands.command(epilog="Example: lic decode photo.lic back.png")
@click.argument("file", type=Path)
@click.argument("output", type=Path)
@click.option("--max-pixels", type=int, help="Decode larger pictures than usual.")
def decode(file: Path, output: Path, max_pixels: int | None) -> None:
    """Decode a .lic file to a picture.

    FILE is the .lic file, OUTPUT a PNG, BMP, TIFF or PPM file to write, or for a spectral cube a
    .npy file.
    """
    from lic_course import bitstream, images
    from lic_course.classical import spectral_files

    _check_output(output)
    if output.suffix.lower() == ".npy":
        return click.echo(spectral_files.decode_file(file, output, max_pixels))
    image = lic_course.decode(file.read_bytes(), max_pixels or bitstream.MAX_PIXELS)
    images.write(output, image)
    click.echo(f"{output}: {image.shape[0]}×{image.shape[1]} pixels")


def _check_output(path: Path) -> None:
    """Refuse a place that cannot be written before any work is done."""
    if path.is_dir():
        raise LicError(f"{path} is a folder: give the name of a file to write.")
    if not path.parent.is_dir():
        raise LicError(f"There is no folder {path.parent} to write {path.name} to: make it first.")


@commands.command(epilog="Example: lic info photo.lic")
@click.argument("file", type=Path)
def info(file: Path) -> None:
    """Show what a .lic file holds, part by part."""
    from rich.table import Table

    found = lic_course.info(file.read_bytes())
    color = "color" if found.channels == 3 else "gray"
    click.echo(f"{found.codec}: {found.height}×{found.width} {color}, {found.bpp:.3f} bpp")
    table = Table("part", "bytes", "share")
    for name, size in {"header": found.header, **found.segments}.items():
        table.add_row(name, f"{size}", f"{size / found.nbytes:.1%}")
    table.add_section()
    table.add_row("file", f"{found.nbytes}", "100.0%")
    _show(table)


@commands.command(
    epilog="Examples: lic evaluate --codec jpeg --folder photos --quality 10,30,50 --output "
    "jpeg.json; lic evaluate --codec jpeg --timing"
)
@click.option("--codec", required=True, help="Its name: see lic codecs.")
@click.option("--folder", default="builtin", show_default=True, help="Pictures, or a set by name.")
@click.option("--quality", "qualities", help="Such as 10,30,50; the codec's own list if not given.")
@click.option("--output", type=Path, help="A JSON file, written after each picture.")
@click.option("--restart", is_flag=True, help="Measure again what OUTPUT already holds.")
@click.option("--timing", is_flag=True, help="Time the codec on one synthetic picture instead.")
@click.option("--repetitions", default=5, show_default=True, help="How often, with --timing.")
def evaluate(
    codec: str,
    folder: str,
    qualities: str | None,
    output: Path | None,
    restart: bool,
    timing: bool,
    repetitions: int,
) -> None:
    """Measure a codec on pictures, or its speed.

    Bytes, PSNR and MS-SSIM of complete files. The same command goes on where it was stopped.
    """
    from lic_course import datasets
    from lic_course import evaluate as measuring

    if timing:
        return _show_timing(measuring.time_codec(codec, repetitions=repetitions))
    if output:
        _check_output(output)
    chosen = _numbers(qualities) if qualities else None
    pictures = datasets.pictures(folder)
    results = measuring.sweep(codec, pictures, folder, chosen, output, restart=restart)
    return _show_results(results)


def _numbers(text: str) -> list[float]:
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        example = "numbers with commas between, such as 10,30,50"
        raise LicError(f"--quality takes {example}, not {text!r}.") from None


def _show_timing(timing: "Timing") -> None:
    height, width = timing.size
    click.echo(
        f"{timing.codec}, {height}×{width}, quality {timing.quality:g}, median of "
        f"{timing.repetitions}: encode {1000 * timing.encode_seconds:.1f} ms, "
        f"decode {1000 * timing.decode_seconds:.1f} ms"
    )


def _show_results(results: "Results") -> None:
    from rich.table import Table

    click.echo(f"{results.codec} on {results.dataset}: means of {len(results.pictures)} pictures")
    large = all(point.ms_ssim is not None for point in results.points)
    names = ("quality", "bpp", "psnr", "psnr_y", *(["ms_ssim"] if large else []))
    columns = [results.curve("bpp", name)[1] for name in names]
    table = Table(*names)
    for quality, *values in zip(*columns, strict=True):
        table.add_row(f"{quality:g}", *(f"{value:.4f}" for value in values))
    _show(table)


@commands.group(epilog="Example: lic data fetch kodak")
def data() -> None:
    """List and fetch public sets of pictures."""


@data.command("list", epilog="Example: lic data list")
def list_sets() -> None:
    """List the sets, with their terms."""
    from rich.table import Table

    from lic_course import datasets

    table = Table("name", "what", "MB", "license", "here")
    for entry in datasets.DATASETS.values():
        here = "yes" if datasets.find(entry.name) else "no"
        table.add_row(entry.name, entry.what, str(entry.megabytes), entry.license, here)
    _show(table)


@data.command(epilog="Example: lic data fetch kodak")
@click.argument("name")
def fetch(name: str) -> None:
    """Download a set, check it, and print its folder.

    NAME is one of those that lic data list shows.
    """
    from lic_course import datasets

    click.echo(datasets.fetch(name))


@data.command("path", epilog="Example: lic data path kodak")
@click.argument("name")
def path_of_set(name: str) -> None:
    """Print the folder of a set that is here."""
    from lic_course import datasets

    folder = datasets.find(name)
    if folder is None:
        raise LicError(f"The set {name} is not here: fetch it with 'lic data fetch {name}'.")
    click.echo(folder)


@commands.command(epilog="Example: lic build 02")
@click.argument("lessons", nargs=-1)
@click.option("--check", is_flag=True, help="Only tell where notebooks and sources differ.")
def build(lessons: tuple[str, ...], check: bool) -> int:
    """Make the notebooks from their sources.

    Both editions of the LESSONS, of all when none is named.
    """
    from lic_course import notebooks

    lines = notebooks.build(lessons, check=check)
    click.echo("\n".join(lines) if lines else "All notebooks are as their sources say.")
    return int(check and bool(lines))


@commands.command(epilog="Example: lic release 01 02 --output assignments")
@click.argument("lessons", nargs=-1, required=True)
@click.option("--output", type=Path, required=True, help="A folder, made if necessary.")
def release(lessons: tuple[str, ...], output: Path) -> None:
    """Write assignments for a class.

    One for each of the LESSONS, with or without nbgrader.
    """
    from lic_course import notebooks

    click.echo("\n".join(notebooks.release(lessons, output)))


@commands.command(epilog="Example: lic grade submitted/*/02_dct_and_jpeg.ipynb --output marks.csv")
@click.argument("submissions", nargs=-1, required=True)
@click.option("--output", type=Path, required=True, help="The table of marks, a CSV file.")
def grade(submissions: tuple[str, ...], output: Path) -> None:
    """Mark submitted notebooks.

    Runs the SUBMISSIONS and marks what the functions in them do.
    """
    from lic_course import notebooks

    _check_output(output)
    rows = notebooks.grade(submissions, output)
    points, most = sum(row.points for row in rows), sum(row.max_points for row in rows)
    click.echo(f"{output}: {len(rows)} exercises, {points} of {most} points")


commands.add_command(cli_training.train)
commands.add_command(cli_training.check_exact)


def _show(table: "Table") -> None:
    from rich.console import Console

    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
