"""What each schedule of a context model costs: steps, seconds and memory.

    python -m lic_course.neural.schedule_costs              # the table of what is recorded
    python -m lic_course.neural.schedule_costs --measure    # measures it again and stores it

Only the entropy model is measured, on random latents with random weights: z, the hyper-decoder, the
context and the tables. The transforms are the same for all schedules. Sizes are those of pictures;
a latent has a 16th of their height and width.
"""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
import torch

from lic_course import datasets, evaluate
from lic_course.costs import Cost, cost
from lic_course.entropy.tables import Decoder, Encoder
from lic_course.errors import LicError
from lic_course.files import data_dir, write_atomically
from lic_course.neural import schedules
from lic_course.neural.context import ContextModel
from lic_course.neural.context_coder import ContextCoder
from lic_course.neural.frugal_rounding import FARTHEST
from lic_course.neural.gates import Gain
from lic_course.neural.latent_coders import HyperpriorCoder, Latent, for_each_stream
from lic_course.neural.priors import MeanScaleHyperprior
from lic_course.neural.schedules import Step

STRIDE, LEVEL = 16, 128
SIZES = (512, 768), (1152, 1728), (2304, 3456)  # of pictures: 0.4, 2 and 8 megapixels
WIDTHS = 192, 192  # N and M of CompressAI's mbt2018 at its lower qualities
MOST_TRACED = 2000  # steps: tracing memory makes each of them slow
SHARES = (1, 2, 4, 17)  # of 24: uneven groups of channels
COMMAND = "python -m lic_course.neural.schedule_costs --measure"


@dataclass(frozen=True)
class Model:
    """A kind of context and its groups of channels, and a schedule for it."""

    kind: str  # as in ContextModel; "" for a hyperprior without context
    groups: Callable[[int], tuple[int, ...]] = lambda M: ()
    schedule: Callable[[int, int, int], list[Step]] | None = None  # the coder's own when None

    def coder(self, N: int, M: int, seed: int = 0) -> HyperpriorCoder:
        """A coder with random weights."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            coder = self._with_weights(N, M)
        if self.schedule:
            coder.schedule = self.schedule
        return coder

    def _with_weights(self, N: int, M: int) -> HyperpriorCoder:
        z = torch.round(3 * torch.randn(2, N + 1, 2, 2)).abs()
        if not self.kind:
            return HyperpriorCoder.from_prior(_started(MeanScaleHyperprior(N, M), M), Gain(M), z)
        prior = _started(ContextModel(N, M, self.kind, self.groups(M)), M)
        for part in prior.parts:
            torch.nn.init.normal_(part.refine[-1].weight, std=0.02)
        y = torch.round(typical(M)[None, :, None, None] * torch.randn(2, M, 8, 8))
        return ContextCoder.from_prior(prior, Gain(M), z, y)


def uneven(M: int) -> tuple[int, ...]:
    """Four groups of channels, the first ones small: 8, 16, 32 and 136 of 192."""
    first = [max(1, share * M // 24) for share in SHARES[:-1]]
    return (*first, M - sum(first))


def even(M: int, groups: int = 10) -> tuple[int, ...]:
    """Ten groups of channels, equal as far as possible."""
    groups = min(groups, M)
    return tuple(M // groups + (k < M % groups) for k in range(groups))


MODELS = {
    "no context": Model(""),
    "raster, one by one": Model("raster", schedule=schedules.raster),
    "raster, wavefront": Model("raster"),
    "checkerboard": Model("checkerboard"),
    "10 slices": Model("none", even),
    "uneven + checkerboard": Model("checkerboard", uneven),
    "4 groups, diagonals": Model("diagonal", uneven),
    "2 halves, staggered": Model("raster", lambda M: even(M, 2)),
    "tiles of 8": Model("tiles-8"),
    "blocks of 4": Model("blocks-4"),
}


def typical(M: int) -> torch.Tensor:
    """Scales of channels that fall off as those of trained latents do: (M,), from 8 to 0.15."""
    return torch.logspace(0, -1.75, M) * 8


def _started(prior: MeanScaleHyperprior, M: int) -> MeanScaleHyperprior:
    prior.start_at(typical(M))
    return prior


@dataclass(frozen=True)
class Row:
    """One schedule on one size: steps, seconds of both directions, and the decoder's memory."""

    schedule: str
    height: int
    width: int
    steps: int
    encode_seconds: float
    decode_seconds: float
    decode_megabytes: float  # at the peak, on top of what is there before; 0 when not measured

    @property
    def megapixels(self) -> float:
        """Of the picture."""
        return self.height * self.width / 1e6


def measure(
    name: str,
    size: tuple[int, int] = SIZES[0],
    widths: tuple[int, int] = WIDTHS,
    memory: bool = True,
) -> Row:
    """Code a random latent of a picture of `size`, with the schedule of a name in MODELS.

    widths: N and M. memory: decode once more to measure it, which is slow. LicError for another
    name.
    """
    if name not in MODELS:
        raise LicError(f"There is no schedule {name!r}: take one of {', '.join(MODELS)}.")
    N, M = widths
    coder = MODELS[name].coder(N, M)
    shape = (M, *(-(-side // STRIDE) for side in size))
    latent = random_latent(N, shape)
    write(coder, random_latent(N, (M, 8, 8)))  # constriction's models are made at the first use
    start = time.perf_counter()
    data = write(coder, latent)
    middle = time.perf_counter()
    y_hat = read(coder, data, shape)
    seconds = middle - start, time.perf_counter() - middle
    if np.abs(y_hat - latent.y).max() > 0.5 + FARTHEST:
        raise AssertionError(f"{name} does not give the latent back")
    memory = memory and steps(coder, shape) <= MOST_TRACED
    with cost() if memory else nullcontext(Cost()) as spent:
        if memory:
            read(coder, data, shape)
    return Row(name, *size, steps(coder, shape), *seconds, spent.megabytes)


def measure_all(sizes: Sequence[tuple[int, int]] = SIZES) -> list[Row]:
    """Measure all schedules on all sizes, and print each row at once."""
    rows = []
    for size in sizes:
        for name in MODELS:
            rows.append(measure(name, size))
            click.echo(text(rows[-1]))
    return rows


def steps(coder: HyperpriorCoder, shape: tuple[int, int, int]) -> int:
    """In how many steps, one after the other, a decoder gets a latent of `shape`."""
    return len(coder.schedule(*shape)) if isinstance(coder, ContextCoder) else 1


def random_latent(N: int, shape: tuple[int, int, int], seed: int = 0) -> Latent:
    """A latent of shape (M, h, w) with the scales of `typical`, and its z."""
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 3, (N, *(-(-side // 4) for side in shape[1:])))
    return Latent(rng.normal(0, typical(shape[0]).numpy()[:, None, None], shape), z)


def write(coder: HyperpriorCoder, latent: Latent) -> dict[str, bytes]:
    """The streams of a latent."""
    encoders = for_each_stream(coder, lambda stream, tables: Encoder(tables))
    coder.code(encoders, latent.y.shape, LEVEL, latent)
    return {stream: encoder.finish() for stream, encoder in encoders.items()}


def read(coder: HyperpriorCoder, data: dict[str, bytes], shape: tuple[int, int, int]) -> np.ndarray:
    """The latent of `shape` from its streams."""
    decoders = for_each_stream(coder, lambda stream, tables: Decoder(tables, data[stream]))
    return coder.code(decoders, shape, LEVEL).y_hat


def path() -> Path:
    """Where the recorded rows are."""
    return data_dir() / "results" / "timing" / "schedules.json"


def store(rows: Sequence[Row]) -> None:
    """Write rows with what they depend on."""
    picture = datasets.Picture("random latents", lambda: np.zeros((1, 1), np.uint8))
    record = {
        "provenance": asdict(evaluate.provenance([picture], COMMAND)),
        "threads": torch.get_num_threads(),
        "widths": WIDTHS,
        "rows": [{k: _short(v) for k, v in asdict(row).items()} for row in rows],
    }
    path().parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path(), (json.dumps(record, indent=1) + "\n").encode())


def _short(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value


def recorded() -> list[Row]:
    """The recorded rows; LicError when nothing is recorded."""
    if not path().is_file():
        raise LicError(f"No times of schedules are recorded: run `{COMMAND}`.")
    return [Row(**row) for row in json.loads(path().read_text("utf-8"))["rows"]]


def text(row: Row) -> str:
    """A row as a line of a table."""
    memory = f"{row.decode_megabytes:.0f} MB" if row.decode_megabytes else "-"
    return (
        f"{row.schedule:22}{row.height:5} x {row.width:<5}{row.steps:6} steps"
        f"{row.encode_seconds:9.2f} s{row.decode_seconds:9.2f} s{memory:>10}"
    )


@click.command(help=__doc__)
@click.option("--measure", "again", is_flag=True, help="Measure all of them again.")
def main(again: bool) -> None:
    """Print the table."""
    try:
        if again:
            store(measure_all())
        else:
            click.echo("\n".join(text(row) for row in recorded()))
    except LicError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
