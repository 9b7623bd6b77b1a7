"""Run experiments from the command line and record them; see the package's docstring."""

import importlib
import json
import time
from datetime import UTC, datetime

import click
import torch

import lic_course
from lic_course.errors import LicError
from lic_course.files import data_dir, write_atomically
from lic_course.neural.variants import EXPERIMENTS
from lic_course.training import pictures_in

MODULES = (
    "autoencoders",
    "sparse_latents",
    "handwriting",
    "variational",
    "contexts",
    "far_looking",
)


@click.command()
@click.argument("name", required=False)
@click.option("--data", type=click.Path(exists=True, file_okay=False), help="folder of pictures")
@click.option("--seconds", default=100.0, show_default=True, help="training time of each network")
@click.option("--seed", "seeds", multiple=True, type=int, default=(0,), show_default=True)
def main(name: str | None, data: str | None, seconds: float, seeds: tuple[int, ...]) -> None:
    """Run the experiment NAME with each seed and record the results; without NAME, list all."""
    for module in MODULES:
        importlib.import_module(f"lic_course.neural.variants.{module}")
    if name is None:
        for found in EXPERIMENTS.values():
            click.echo(f"{found.name:24} [{found.reference}] {found.finding}")
        return
    if name not in EXPERIMENTS:
        raise click.UsageError(
            f"There is no experiment {name!r}: call without a name for the list."
        )
    try:
        pictures = pictures_in(data)
    except LicError as error:
        raise click.ClickException(str(error)) from None
    folder = data_dir() / "results" / "variants"
    folder.mkdir(parents=True, exist_ok=True)
    started = time.time()
    runs = {str(seed): EXPERIMENTS[name].run(pictures, seconds, seed) for seed in seeds}
    command = f"python -m lic_course.neural.variants {name} --seconds {seconds:g}"
    command += "".join(f" --seed {seed}" for seed in seeds) + " --data FOLDER" * (data is not None)
    record = {
        "experiment": name,
        "reference": EXPERIMENTS[name].reference,
        "command": command,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "pictures": len(pictures),
        "torch": torch.__version__,
        "package": lic_course.__version__,
        "seconds_in_all": round(time.time() - started),
        "runs": runs,
    }
    text = json.dumps(record, indent=1, ensure_ascii=False)
    write_atomically(folder / f"{name}.json", (text + "\n").encode())
    click.echo(text)


if __name__ == "__main__":
    main()
