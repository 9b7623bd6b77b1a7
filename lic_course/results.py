"""What was measured and what others published: points, curves, files, and codecs by BD-rate."""

import json
import math
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np

from lic_course import metrics
from lic_course.errors import LicError
from lic_course.files import data_dir, write_atomically


@dataclass(frozen=True)
class Point:
    """One picture through one codec at one quality, measured on the complete file."""

    codec: str
    picture: str
    quality: float
    bytes: int  # of the whole .lic file
    bpp: float
    psnr: float  # dB, over R, G and B; infinite when lossless
    psnr_y: float  # dB, luma only
    ms_ssim: float | None  # None when the picture is too small for it
    encode_seconds: float
    decode_seconds: float


@dataclass(frozen=True)
class Provenance:
    """How some results came about: enough to repeat them."""

    command: str
    date: str  # of the first measurement, UTC
    pictures: int
    fingerprint: str  # of the pictures' names and pixels
    package: str
    python: str
    libraries: dict[str, str]
    processor: str
    cores: int


COLUMNS = [
    field.name for field in fields(Point) if field.name not in ("codec", "picture")
]  # what is stored of each point, in this order
DECIMALS = {"bpp": 5, "psnr": 4, "psnr_y": 4, "ms_ssim": 6}
DECIMALS |= {"encode_seconds": 4, "decode_seconds": 4}


@dataclass(frozen=True)
class Results:
    """The measured points of one codec on one data set."""

    dataset: str
    codec: str
    provenance: Provenance
    points: tuple[Point, ...]

    @property
    def pictures(self) -> list[str]:
        """The names of the pictures that were measured."""
        return list(dict.fromkeys(point.picture for point in self.points))

    def curve(
        self, x: str = "bpp", y: str = "psnr", picture: str | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Two columns of `Point`, one value a quality: means over the pictures, or one picture's.

        x and y: names of fields of `Point`, or "ms_ssim_db" (the mean MS-SSIM in dB). A quality
        that some picture lacks is left out. Raises `LicError` for an unknown field or picture.
        """
        names = self.pictures if picture is None else [picture]
        if picture is not None and picture not in self.pictures:
            raise LicError(f"{self.codec} was not measured on a picture {picture!r}.")
        table = {(point.picture, point.quality): point for point in self.points}
        everywhere = [
            quality
            for quality in sorted({point.quality for point in self.points})
            if all((name, quality) in table for name in names)
        ]
        return tuple(
            np.array([_mean([table[name, q] for name in names], column) for q in everywhere])
            for column in (x, y)
        )


def _mean(points: list[Point], column: str) -> float:
    if column == "ms_ssim_db":
        return metrics.ms_ssim_db(_mean(points, "ms_ssim"))
    if column not in COLUMNS:
        raise LicError(f"A curve is over {', '.join(COLUMNS)} or ms_ssim_db, not {column!r}.")
    values = [getattr(point, column) for point in points]
    if None in values:
        raise LicError("These pictures are too small for MS-SSIM: compare them by PSNR.")
    return float(np.mean(values))


@dataclass(frozen=True)
class Curve:
    """A rate-distortion curve that others published: means over the pictures of a data set."""

    name: str
    kind: str  # "industry" or "learned"
    trained_for: str  # "mse", "ms-ssim", or "" when it does not apply or is not known
    settings: str
    source: str  # repository and file
    survey_reference: str  # "[30]": its number in the survey, or ""
    note: str
    bpp: np.ndarray
    psnr: np.ndarray | None  # dB, RGB; None when not published
    ms_ssim: np.ndarray | None

    def curve(self, x: str = "bpp", y: str = "psnr") -> tuple[np.ndarray, np.ndarray]:
        """Two columns by name: "bpp", "psnr", "ms_ssim" or "ms_ssim_db"; see `Results.curve`."""
        return self._column(x), self._column(y)

    def _column(self, name: str) -> np.ndarray:
        known = {"bpp": self.bpp, "psnr": self.psnr, "ms_ssim": self.ms_ssim}
        values = known.get("ms_ssim" if name == "ms_ssim_db" else name)
        if values is None:
            raise LicError(f"{self.name} was published without {name}.")
        return -10 * np.log10(1 - values) if name == "ms_ssim_db" else values


@cache
def published(dataset: str = "kodak") -> dict[str, Curve]:
    """The curves of `data/reference/DATASET.json` by name, each with its source.

    Data sets: "kodak", "clic2020", "clic2020-test", "tecnick".
    """
    folder = data_dir() / "reference"
    path = folder / f"{dataset}.json"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.json")))
        raise LicError(f"There are no published curves for {dataset!r}, only for {known}.")
    return {name: _curve(name, entry) for name, entry in _read_json(path)["curves"].items()}


def _curve(name: str, entry: dict) -> Curve:
    table = dict(zip(entry["columns"], np.array(entry["points"], float).T, strict=True))
    texts = ("kind", "trained_for", "settings", "source", "survey_reference", "note")
    return Curve(
        name,
        *(entry.get(text, "") for text in texts),
        bpp=table["bpp"],
        psnr=table.get("psnr"),
        ms_ssim=table.get("ms_ssim"),
    )


def results_path(dataset: str, codec: str) -> Path:
    """Where the results of a codec on a data set are kept."""
    return data_dir() / "results" / dataset / f"{codec}.json"


def measured(dataset: str = "kodak") -> list[str]:
    """The codecs that have results on a data set."""
    return sorted(path.stem for path in (data_dir() / "results" / dataset).glob("*.json"))


def load_results(dataset: str, codec: str) -> Results:
    """The stored results of a codec on a data set; raises `LicError` when there are none."""
    path = results_path(dataset, codec)
    if not path.is_file():
        raise LicError(
            f"There are no results of {codec!r} on {dataset!r} yet: measure them with "
            f"`lic evaluate --codec {codec}`."
        )
    return load(path)


def load(path: Path) -> Results:
    """Read a results file; raises `LicError` when it is not one."""
    stored = _read_json(path)
    try:
        points = tuple(
            _point(stored["codec"], picture, dict(zip(stored["columns"], row, strict=True)))
            for picture, rows in stored["points"].items()
            for row in rows
        )
        provenance = Provenance(**stored["provenance"])
        return Results(stored["dataset"], stored["codec"], provenance, points)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise LicError(f"{path} is not a results file ({error!r}): remove it.") from None


def _point(codec: str, picture: str, row: dict) -> Point:
    for column in ("psnr", "psnr_y"):
        if row[column] is None:
            row[column] = math.inf
    return Point(codec, picture, **row)


def _read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError:
        raise LicError(
            f"{path} is damaged, it is not JSON: remove it, then measure or fetch it again."
        ) from None


def save(path: Path, results: Results) -> None:
    """Write results as JSON, whole or not at all, one line a point, so that changes can be read."""
    pictures = {name: [] for name in results.pictures}
    for point in sorted(results.points, key=lambda point: point.quality):
        row = [_stored(column, getattr(point, column)) for column in COLUMNS]
        pictures[point.picture].append(f"   {json.dumps(row)}")
    head = {"dataset": results.dataset, "codec": results.codec}
    head |= {"provenance": asdict(results.provenance)}
    start = json.dumps(head, indent=1, ensure_ascii=False)[:-2]
    blocks = (
        f"  {json.dumps(name)}: [\n" + ",\n".join(pictures[name]) + "\n  ]" for name in pictures
    )
    table = ",\n".join(blocks)
    text = f'{start},\n "columns": {json.dumps(COLUMNS)},\n "points": {{\n{table}\n }}\n}}\n'
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode())


def _stored(column: str, value: float | None) -> float | None:
    if value is None or math.isinf(value):
        return None
    if column in DECIMALS:
        return round(value, DECIMALS[column])
    return int(value) if value == int(value) else value


@dataclass(frozen=True)
class BdRate:
    """Rate saved at equal quality: the mean over the pictures of their own BD-rates, in percent."""

    mean: float  # negative: fewer bits than the anchor
    half_width: float  # of the 95 % interval of the mean; nan for fewer than two pictures
    of_mean_curve: float  # BD-rate of the averaged curves, as papers report it
    lowest: float  # of the pictures
    highest: float

    def __str__(self) -> str:
        return f"{self.mean:+.1f} ± {self.half_width:.1f} %"


@dataclass(frozen=True)
class BdRow:
    """One codec against the anchor, by each measure of quality."""

    codec: str
    psnr: BdRate
    psnr_y: BdRate
    ms_ssim: BdRate | None  # None when the pictures are too small


def bd_table(dataset: str, anchor: str, codecs: list[str] | None = None) -> list[BdRow]:
    """BD-rates of codecs against an anchor on stored results, the best by PSNR first.

    codecs: names; all that have at least four points when it is None.
    Source: Bjontegaard, VCEG-M33, 2001; the interval is Student's t over the pictures.
    """
    reference = load_results(dataset, anchor)
    if codecs is None:
        others = [name for name in measured(dataset) if name != anchor]
        codecs = [name for name in others if len(load_results(dataset, name).curve()[0]) >= 4]
    rows = [_bd_row(reference, load_results(dataset, name)) for name in codecs]
    return sorted(rows, key=lambda row: row.psnr.mean)


def _bd_row(anchor: Results, test: Results) -> BdRow:
    small = any(point.ms_ssim is None for point in (*anchor.points, *test.points))
    return BdRow(
        test.codec,
        compare(anchor, test, "psnr"),
        compare(anchor, test, "psnr_y"),
        None if small else compare(anchor, test, "ms_ssim_db"),
    )


def compare(anchor: Results, test: Results, quality: str = "psnr") -> BdRate:
    """BD-rate of two codecs on the same pictures by "psnr", "psnr_y" or "ms_ssim_db".

    Points that nobody would choose, as another one is better and not larger, do not count, nor do
    those without an error: their quality is infinite.
    """
    if set(anchor.pictures) != set(test.pictures):
        raise LicError(f"{anchor.codec} and {test.codec} were measured on different pictures.")
    rates = [
        metrics.bd_rate(
            *worth_choosing(*anchor.curve("bpp", quality, name)),
            *worth_choosing(*test.curve("bpp", quality, name)),
        )
        for name in anchor.pictures
    ]
    half_width = math.nan
    if len(rates) > 1:
        from scipy.stats import t

        error = np.std(rates, ddof=1) / math.sqrt(len(rates))
        half_width = float(t.ppf(0.975, len(rates) - 1) * error)
    whole = metrics.bd_rate(
        *worth_choosing(*anchor.curve("bpp", quality)), *worth_choosing(*test.curve("bpp", quality))
    )
    return BdRate(float(np.mean(rates)), half_width, whole, min(rates), max(rates))


def worth_choosing(rate: np.ndarray, quality: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The finite points of a curve that are better than every point of at most their rate."""
    order = np.lexsort((-quality, rate))
    rate, quality = rate[order], quality[order]
    best_before = np.maximum.accumulate(np.concatenate([[-np.inf], quality[:-1]]))
    chosen = np.isfinite(quality) & (quality > best_before)
    return rate[chosen], quality[chosen]
