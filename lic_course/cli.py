"""The command line: `lic COMMAND`, or `python3 -m lic_course COMMAND` from a fresh clone."""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

import lic_course
from lic_course.errors import LicError
from lic_course.installer import SetUpError

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


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(lic_course.__version__, message="lic_course %(version)s")
def commands() -> None:
    """Lossy image compression, classical and learned: the course and its codecs.

    \b
    lic lab                                      open the lessons in JupyterLab
    lic encode photo.png photo.lic --quality 60  code a picture with JPEG
    lic decode photo.lic back.png                and back
    """


@commands.command(context_settings=PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def lab(arguments: tuple[str, ...]) -> int:
    """Open the course in JupyterLab; further ARGUMENTS go to JupyterLab.

    \b
    Example: lic lab --no-browser --port 8890
    """
    from lic_course import bootstrap, launch

    bootstrap.refuse_root(arguments)
    return launch.run(launch.lab_command(arguments), launch.lab_environment())


@commands.command(context_settings=PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> int:
    """Run all tests, or those in the files that ARGUMENTS name; options go to pytest.

    \b
    Example: lic test tests/test_cli.py -x
    """
    from lic_course import launch
    from lic_course.notebooks.running import environment

    if differences := launch.other_versions():
        click.echo(f"Printed numbers are not compared: {', '.join(differences)}.")
    with tempfile.TemporaryDirectory() as ipython_dir:
        return launch.run(
            launch.pytest_command(arguments), environment(ipython_dir), lic_course.files.ROOT
        )


@commands.command()
def codecs() -> None:
    """List the codecs: what they are, which lesson explains them, whether they run here.

    \b
    Example: lic codecs
    """
    from rich.table import Table

    table = Table("codec", "kind", "lesson", "runs here", "what the quality from 1 to 100 means")
    for codec in lic_course.codecs():
        here = codec.unavailable() or "yes"
        table.add_row(codec.name, codec.kind, codec.lesson, here, codec.quality_help)
    _show(table)


@commands.command()
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
    """Code a PICTURE, any file that Pillow reads, into the .lic file OUTPUT.

    \b
    Example: lic encode photo.png photo.lic --codec jpeg --quality 60
    """
    from lic_course import files, images

    _check_output(output)
    image = images.read(picture)
    data = lic_course.encode(image, codec, quality, target_bpp, target_psnr)
    files.write_atomically(output, data)
    click.echo(f"{output}: {lic_course.info(data)}")


@commands.command()
@click.argument("file", type=Path)
@click.argument("output", type=Path)
@click.option("--max-pixels", type=int, help="Decode larger pictures than usual.")
def decode(file: Path, output: Path, max_pixels: int | None) -> None:
    """Decode a .lic FILE to the picture OUTPUT: a PNG, BMP, TIFF or PPM file.

    \b
    Example: lic decode photo.lic back.png
    """
    from lic_course import bitstream, images

    _check_output(output)
    image = lic_course.decode(file.read_bytes(), max_pixels or bitstream.MAX_PIXELS)
    images.write(output, image)
    click.echo(f"{output}: {image.shape[0]}×{image.shape[1]} pixels")


def _check_output(path: Path) -> None:
    """Refuse a place that cannot be written before any work is done."""
    if path.is_dir():
        raise LicError(f"{path} is a folder: give the name of a file to write.")
    if not path.parent.is_dir():
        raise LicError(f"There is no folder {path.parent} to write {path.name} to: make it first.")


@commands.command()
@click.argument("file", type=Path)
def info(file: Path) -> None:
    """Show what a .lic FILE holds, part by part, without decoding it.

    \b
    Example: lic info photo.lic
    """
    from rich.table import Table

    found = lic_course.info(file.read_bytes())
    color = "color" if found.channels == 3 else "gray"
    size = f"{found.height}×{found.width} {color}"
    table = Table("part", "bytes", "share", title=f"{found.codec}, {size}, {found.bpp:.3f} bpp")
    for name, size in {"header": found.header, **found.segments, "file": found.nbytes}.items():
        table.add_row(name, f"{size}", f"{size / found.nbytes:.1%}", end_section=name == "header")
    _show(table)


@commands.command()
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
    """Measure a codec on pictures: bytes, PSNR and MS-SSIM of complete files, or its speed.

    OUTPUT is written after each picture: the same command goes on where it was stopped.

    \b
    Example: lic evaluate --codec jpeg --folder photos --quality 10,30,50 --output jpeg.json
             lic evaluate --codec jpeg --timing
    """
    from lic_course import datasets
    from lic_course import evaluate as measuring

    if timing:
        _show_timing(measuring.time_codec(codec, repetitions=repetitions))
        return
    if output:
        _check_output(output)
    chosen = _numbers(qualities) if qualities else None
    results = measuring.sweep(
        codec, datasets.pictures(folder), folder, chosen, output, restart=restart
    )
    _show_results(results)


def _numbers(text: str) -> list[float]:
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise LicError(
            f"--quality takes numbers with commas such as 10,30,50, not {text}."
        ) from None


def _show_timing(timing) -> None:
    height, width = timing.size
    click.echo(
        f"{timing.codec}, {height}×{width}, quality {timing.quality:g}, median of "
        f"{timing.repetitions}: encode {1000 * timing.encode_seconds:.1f} ms, "
        f"decode {1000 * timing.decode_seconds:.1f} ms"
    )


def _show_results(results) -> None:
    from rich.table import Table

    columns = ("quality", "bpp", "psnr", "psnr_y", "ms_ssim")
    title = f"{results.codec} on {results.dataset}: means of {len(results.pictures)} pictures"
    table = Table(*columns, title=title)
    rates, qualities = results.curve("bpp", "quality")
    others = [results.curve("bpp", name)[1] for name in columns[2:]]
    for quality, *row in zip(qualities, rates, *others, strict=True):
        table.add_row(f"{quality:g}", *(f"{value:.4f}" for value in row))
    _show(table)


@commands.group()
def data() -> None:
    """Public sets of pictures: list them, fetch them, tell where they are.

    \b
    Example: lic data fetch kodak
    """


@data.command("list")
def list_sets() -> None:
    """List the sets, with their terms.

    \b
    Example: lic data list
    """
    from rich.table import Table

    from lic_course import datasets

    table = Table("name", "what", "MB", "license", "here")
    for entry in datasets.DATASETS.values():
        here = "yes" if datasets.find(entry.name) else "no"
        table.add_row(entry.name, entry.what, str(entry.megabytes), entry.license, here)
    _show(table)


@data.command()
@click.argument("name")
def fetch(name: str) -> None:
    """Download the set NAME if it is not here yet, check every file, and print its folder.

    \b
    Example: lic data fetch kodak
    """
    from lic_course import datasets

    click.echo(datasets.fetch(name))


@data.command("path")
@click.argument("name")
def path_of_set(name: str) -> None:
    """Print the folder of the set NAME.

    \b
    Example: lic data path kodak
    """
    from lic_course import datasets

    folder = datasets.find(name)
    if folder is None:
        raise LicError(f"The set {name} is not here: fetch it with 'lic data fetch {name}'.")
    click.echo(folder)


@commands.command()
@click.argument("lessons", nargs=-1)
@click.option("--check", is_flag=True, help="Only tell where notebooks and sources differ.")
def build(lessons: tuple[str, ...], check: bool) -> int:
    """Make both editions of the LESSONS, all by default, from their sources.

    \b
    Example: lic build 02
    """
    from lic_course import notebooks

    lines = notebooks.build(lessons, check=check)
    click.echo("\n".join(lines) if lines else "All notebooks are as their sources say.")
    return int(check and bool(lines))


@commands.command()
@click.argument("lessons", nargs=-1, required=True)
@click.option("--output", type=Path, required=True, help="A folder, made if necessary.")
def release(lessons: tuple[str, ...], output: Path) -> None:
    """Write assignments of the LESSONS for a class, with or without nbgrader.

    \b
    Example: lic release 01 02 --output assignments
    """
    from lic_course import notebooks

    click.echo("\n".join(notebooks.release(lessons, output)))


@commands.command()
@click.argument("submissions", nargs=-1, required=True)
@click.option("--output", type=Path, required=True, help="The table of marks, a CSV file.")
def grade(submissions: tuple[str, ...], output: Path) -> None:
    """Run submitted notebooks and mark what their functions do.

    \b
    Example: lic grade submitted/*/02_dct_and_jpeg.ipynb --output marks.csv
    """
    from lic_course import notebooks

    _check_output(output)
    rows = notebooks.grade(submissions, output)
    points, most = sum(row.points for row in rows), sum(row.max_points for row in rows)
    click.echo(f"{output}: {len(rows)} exercises, {points} of {most} points")


def _show(table) -> None:
    from rich.console import Console

    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
