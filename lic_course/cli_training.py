"""The commands of the learned codecs: lic train, and lic check-exact."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lic_course.errors import LicError

if TYPE_CHECKING:
    from lic_course.training import Progress

CHECKPOINTS = Path("checkpoints")


@click.command(epilog="Examples: lic train --list; lic train hyperprior --data photos --minutes 60")
@click.argument("recipe", required=False)
@click.option("--list", "show_list", is_flag=True, help="Show the recipes and what weights exist.")
@click.option("--data", type=Path, help="A folder of color pictures, searched in depth.")
@click.option("--minutes", type=float, help="The budget; that of the recipe if not given.")
@click.option("--steps", type=int, help="The budget as a number of steps instead.")
@click.option("--batch", type=int, help="Crops in a step, in all processes; as in the recipe.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, or auto.")
@click.option("--output", type=Path, help="The weights file; data/weights/RECIPE.safetensors.")
def train(
    recipe: str | None,
    show_list: bool,
    data: Path | None,
    minutes: float | None,
    steps: int | None,
    batch: int | None,
    device: str,
    output: Path | None,
) -> None:
    """Train the weights of a learned codec.

    RECIPE is one that --list shows. A checkpoint a minute in the folder checkpoints/; the same
    command goes on where it was stopped, also with a larger budget.
    """
    from lic_course import training
    from lic_course.neural import recipes, weights

    if show_list or recipe is None:
        return _show_recipes()
    budget = {"minutes": minutes} if minutes else {"steps": steps} if steps else {}
    chosen = recipes.find(recipe, **budget, **({"batch": batch} if batch else {}))
    target = output or weights.path_of(recipe)
    if not target.parent.is_dir():
        raise LicError(f"There is no folder {target.parent} for the weights: make it first.")
    if data is None:
        click.echo("Without --data only the built-in pictures are used: the result is a toy.")
    done = training.train_weights(
        chosen, data, target, CHECKPOINTS / f"{recipe}.pt", _device(device), _reporter()
    )
    if done:
        click.echo(f"\n{target}: fingerprint {done}")


def _device(name: str) -> str:
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise LicError("PyTorch finds no CUDA device here: take --device cpu.")
    return name


def _reporter(every: float = 10.0) -> Callable[["Progress"], None]:
    """Prints a line of progress every few seconds of training."""
    last = -every

    def report(progress: "Progress") -> None:
        nonlocal last
        if not 0 <= progress.seconds - last < every:
            last = progress.seconds
            psnr = "" if math.isnan(progress.psnr) else f"{progress.psnr:.2f} dB  "
            click.echo(
                f"{progress.share:6.1%}  step {progress.step}  loss {progress.loss:.4f}  "
                f"{progress.bpp:.3f} bpp  {psnr}skipped {progress.skipped}"
            )

    return report


def _show_recipes() -> None:
    """The queue: every recipe, whether its weights exist, and what they reach on Kodak."""
    from rich.console import Console
    from rich.table import Table

    from lic_course.neural import queue

    table = Table("recipe", "weights", "steps", "trained on", "minutes", "BD-rate against jpeg")
    for row in queue.rows():
        table.add_row(*row)
    Console().print(table)


@click.command("check-exact", epilog="Example: lic check-exact --codec hyperprior --device cuda")
@click.option("--codec", "names", multiple=True, help="Its name; all learned codecs if not given.")
@click.option("--device", default="auto", show_default=True, help="The second device.")
@click.option("--pictures", default=8, show_default=True, help="How many synthetic pictures.")
@click.option("--output", type=Path, help="A JSON file for the record.")
def check_exact(names: tuple[str, ...], device: str, pictures: int, output: Path | None) -> int:
    """Check that files decode to the same latents on another device.

    Encodes on the CPU and decodes on DEVICE, and the other way round, at several qualities and
    sizes, with other numbers of threads, and compares every latent and every byte.
    """
    from lic_course.neural import exactness

    report = exactness.check(names, _device(device), pictures)
    click.echo(str(report))
    if output:
        exactness.store(report, output)
    return 0 if report.is_exact else 1
