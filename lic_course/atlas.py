"""The survey as data: each method that it cites, what of it runs here, and what that showed.

The table is data/atlas.csv; a lesson that is finished fills in its rows. `python -m
lic_course.atlas` prints it.
Source: Jamil, Piran and Rahman, "Learning-Driven Lossy Image Compression; A Comprehensive Survey".
"""

import csv
from dataclasses import dataclass

import click

from lic_course.files import data_dir

STATUSES = {
    "runs": "runs here, written for this course after the paper or the standard",
    "spirit": "runs here in the paper's spirit: the text leaves something open, or was not at hand",
    "library": "runs here by a library of others",
    "explained": "a lesson explains it, and why it does not run",
    "planned": "its lesson is not finished",
}


@dataclass(frozen=True)
class Method:
    """A row of the atlas."""

    references: tuple[int, ...]  # numbers in the survey; none for what it describes, but not cites
    year: int | None  # of the latest of them
    name: str
    family: str
    lesson: str  # such as "04"
    cell: str  # the section of the lesson, by the name that its cells have in common, or ""
    codec: str  # the registered codec that runs it, or ""
    parts: tuple[str, ...]  # what it is composed of
    rate: str  # "bytes" of complete files, "estimate", or "" where there is no rate
    status: str  # one of `STATUSES`
    finding: str  # one sentence: what was measured, and is stored in a lesson or in data/results


def atlas() -> list[Method]:
    """All rows, in the survey's order of families."""
    text = (data_dir() / "atlas.csv").read_text("utf-8")
    return [_method(row) for row in csv.DictReader(text.splitlines())]


def _method(row: dict[str, str]) -> Method:
    return Method(
        references=tuple(map(int, row["reference"].split())),
        year=int(row["year"]) if row["year"] else None,
        name=row["name"],
        family=row["family"],
        lesson=row["lesson"],
        cell=row["cell"],
        codec=row["codec"],
        parts=tuple(part.strip() for part in row["parts"].split(";") if part),
        rate=row["rate"],
        status=row["status"],
        finding=row["finding"],
    )


@click.command(help=__doc__)
@click.option("--family", help="Only the methods of one family.")
@click.option("--lesson", help="Only those of one lesson, such as 04.")
def main(family: str | None, lesson: str | None) -> None:
    """Print the rows, two lines each, and how many have which status."""
    rows = [m for m in atlas() if family in (None, m.family) and lesson in (None, m.lesson)]
    for method in rows:
        references = "".join(f"[{number}]" for number in method.references) or "-"
        where = f"lesson {method.lesson}" + (f", codec {method.codec}" if method.codec else "")
        click.echo(f"{references:>8} {method.name} ({method.status}; {where})")
        if method.finding:
            click.echo(f"{'':9}{method.finding}")
    counts = {status: sum(m.status == status for m in rows) for status in STATUSES}
    click.echo(", ".join(f"{count} {status}" for status, count in counts.items() if count))


if __name__ == "__main__":
    main()
