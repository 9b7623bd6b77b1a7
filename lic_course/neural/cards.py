"""Cards of weights: how they were trained, and what was measured with them.

python -m lic_course.neural.cards hyperprior    # after `lic evaluate`: note its results in the card
"""

import json
import platform
import sys
from datetime import UTC, datetime

import torch

import lic_course
from lic_course.errors import LicError
from lic_course.files import write_atomically
from lic_course.neural import weights
from lic_course.results import load_results


def hardware(device: str) -> str:
    """The processor that trained, in words."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} thread(s)"


def card_of(recipe, progress, data: dict, device: str) -> dict:
    """The card of freshly trained weights; `evaluate` adds what was measured with them."""
    return {
        "what": f"weights of the codec {recipe.name!r}",
        "prior": recipe.parts.prior,
        "recipe": recipe.as_card,
        "steps": progress.step,
        "seconds": round(progress.seconds),
        "skipped_steps": progress.skipped,
        "hardware": hardware(device),
        "data": data,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "package": lic_course.__version__,
        "license": "that of this project",
    }


def note_results(name: str) -> None:
    """Add the stored rate-distortion points of a codec, means over pictures, to its card."""
    path = weights.path_of(name).with_suffix(".json")
    card = weights.load(weights.path_of(name)).card
    card["results"] = {}
    for dataset in ("builtin", "kodak"):
        try:
            results = load_results(dataset, name)
        except LicError:
            continue
        bpp, psnr = results.curve()
        card["results"][dataset] = [
            [round(float(b), 4), round(float(p), 3)] for b, p in zip(bpp, psnr, strict=True)
        ]
    write_atomically(path, (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode())


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        note_results(argument)
