"""All codecs in one table: BD-rates on Kodak against two anchors, and the work per megapixel.

python -m lic_course.summary             prints the table of what is stored in data/results
python -m lic_course.summary --timing    measures the times of all codecs again first
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import click

from lic_course import datasets, evaluate, images
from lic_course.codec import get
from lic_course.errors import LicError
from lic_course.files import data_dir, write_atomically
from lic_course.results import BdRate, compare, load_results, measured

DATASET = "kodak"
ANCHORS = "jpeg", "jpeg2000"  # Pillow, 4:2:0, optimized tables; OpenJPEG with its color transform
SIZE = 512, 768
REPETITIONS = 3
COMMAND = "python -m lic_course.summary --timing"


@dataclass(frozen=True)
class Row:
    """One codec: its BD-rate against each anchor, and its speed, where these are known."""

    codec: str
    against: tuple[BdRate | None, ...]  # in the order of ANCHORS; None: no quality in common
    encode_seconds: float | None  # of the processor, per 10^6 color pixels, all threads together
    decode_seconds: float | None


def summary() -> list[Row]:
    """The rows of all codecs that were measured on Kodak, the best against JPEG first.

    A codec with too few lossy points for a BD-rate, or with none at the anchor's qualities, comes
    last.
    """
    times = stored_times()
    rows = []
    for codec in measured(DATASET):
        against = tuple(_against(anchor, codec) for anchor in ANCHORS)
        rows.append(Row(codec, against, *times.get(codec, (None, None))))
    return sorted(rows, key=lambda row: row.against[0].mean if row.against[0] else float("inf"))


def _against(anchor: str, codec: str) -> BdRate | None:
    try:
        return compare(load_results(DATASET, anchor), load_results(DATASET, codec))
    except LicError:
        return None


def measure_times(codecs: Sequence[str], repetitions: int = REPETITIONS) -> None:
    """Time codecs at quality 50 on a synthetic color picture of 512 x 768, and store the medians.

    Seconds of the processor are counted, all threads together, so that other programs matter
    little. All are timed anew: data/results/timing.json holds the times of one machine.
    """
    picture = datasets.Picture("dead-leaves", lambda: images.dead_leaves(*SIZE))
    head = {"provenance": asdict(evaluate.provenance([picture], COMMAND))}
    head |= {
        "size": SIZE,
        "quality": 50,
        "repetitions": repetitions,
        "cpu_seconds_per_megapixel": {},
    }
    for codec in codecs:
        timing = evaluate.time_codec(codec, SIZE, repetitions=repetitions)
        seconds = timing.encode_cpu_seconds, timing.decode_cpu_seconds
        megapixels = SIZE[0] * SIZE[1] / 1e6
        head["cpu_seconds_per_megapixel"][codec] = [round(s / megapixels, 4) for s in seconds]
    text = json.dumps(head, indent=1, ensure_ascii=False)
    write_atomically(data_dir() / "results" / "timing.json", f"{text}\n".encode())


def stored_times() -> dict[str, tuple[float, float]]:
    """Processor seconds per megapixel to encode and to decode, for each codec that was timed."""
    path = data_dir() / "results" / "timing.json"
    if not path.is_file():
        return {}
    times = json.loads(path.read_text("utf-8"))["cpu_seconds_per_megapixel"]
    return {codec: tuple(seconds) for codec, seconds in times.items()}


def _text(rate: BdRate | None) -> str:
    return f"{rate!s:>17} ({rate.lowest:+4.0f} to {rate.highest:+4.0f})" if rate else f"{'-':>17}"


@click.command(help=__doc__)
@click.option("--timing", is_flag=True, help="Measure the times of all codecs again.")
def main(timing: bool) -> None:
    """Print the table."""
    if timing:
        measure_times([name for name in measured(DATASET) if get(name).unavailable() is None])
    click.echo(
        f"BD-rate by RGB PSNR on {DATASET}: mean, its 95 % interval, range over the pictures"
    )
    click.echo(
        f"{'':13}" + "".join(f"{'against ' + anchor:36}" for anchor in ANCHORS) + "CPU s per MP"
    )
    for row in summary():
        rates = "".join(f"{_text(rate):36}" for rate in row.against)
        known = row.encode_seconds is not None
        seconds = f"{row.encode_seconds:7.3f} {row.decode_seconds:7.3f}" if known else "-"
        click.echo(f"{row.codec:13}{rates}{seconds}")
    click.echo("jpegxr decodes in a process of its own, whose seconds are not counted.")


if __name__ == "__main__":
    main()
