"""The proof by trial: files decode to the same latents whatever computes them.

Encodes synthetic pictures of odd sizes with one setting and decodes with all the others, on the CPU
with one and two threads and without oneDNN, and on a second device if there is one. For contrast it
counts how many scale indexes the same network in floats would have got differently.
"""

import json
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

import lic_course
from lic_course import images
from lic_course.codec import codecs, get
from lic_course.errors import LicError
from lic_course.files import write_atomically
from lic_course.neural.codec import LearnedCodec, Model, read_streams, write_streams

SIZES = ((64, 64), (97, 203), (256, 384), (129, 65))
LEVELS = (0, 100, 255)


@dataclass(frozen=True)
class Setting:
    """How the networks are computed."""

    device: str = "cpu"
    dtype: str = "float32"
    threads: int = 1
    onednn: bool = True

    def __str__(self) -> str:
        extra = "" if self.onednn else ", no oneDNN"
        return f"{self.device}, {self.dtype}, {self.threads} thread(s){extra}"


@dataclass
class Report:
    """What was compared, and what differed."""

    settings: list[str]
    codecs: list[str]
    files: int = 0
    decoded: int = 0
    different_latents: int = 0
    failed: int = 0
    largest_pixel_difference: int = 0
    provenance: dict = field(default_factory=dict)

    @property
    def is_exact(self) -> bool:
        """Whether every file decoded to its own latents in every setting."""
        return self.decoded > 0 and self.different_latents == self.failed == 0

    def __str__(self) -> str:
        verdict = "exact" if self.is_exact else "NOT exact"
        return (
            f"{verdict}: {self.files} files of {', '.join(self.codecs)}, decoded {self.decoded} "
            f"times in {len(self.settings)} settings ({'; '.join(self.settings)}): "
            f"{self.different_latents} latents differ, {self.failed} failed; pixels differ by at "
            f"most {self.largest_pixel_difference}"
        )


def settings(device: str) -> list[Setting]:
    """The settings to compare: several on the CPU, and two on a second device."""
    found = [Setting(), Setting(threads=2), Setting(onednn=False), Setting(dtype="bfloat16")]
    if device != "cpu":
        found += [Setting(device), Setting(device, "bfloat16")]
    return found


@contextmanager
def computed(model: Model, setting: Setting) -> Iterator[None]:
    """Let a model be computed with a setting, then as before."""
    before = model.device, model.dtype, torch.get_num_threads(), torch.backends.mkldnn.enabled
    try:
        model.to(setting.device)
        model.dtype = getattr(torch, setting.dtype)
        torch.set_num_threads(setting.threads)
        torch.backends.mkldnn.enabled = setting.onednn
        yield
    finally:
        model.to(before[0])
        model.dtype = before[1]
        torch.set_num_threads(before[2])
        torch.backends.mkldnn.enabled = before[3]


def check(names: Sequence[str] = (), device: str = "cpu", pictures: int = 8) -> Report:
    """Encode in each setting, decode in all of them, and compare every latent."""
    models = {name: _codec(name).model for name in names or learned()}
    chosen = settings(device)
    report = Report([str(setting) for setting in chosen], list(models))
    for number in range(pictures):
        image = images.dead_leaves(*SIZES[number % len(SIZES)], number)
        writer = chosen[number % len(chosen)]
        for model in models.values():
            _compare(report, model, image, LEVELS[number % len(LEVELS)], writer, chosen)
    report.provenance = {
        "command": f"lic check-exact --device {device.split(':')[0]} --pictures {pictures}",
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "package": lic_course.__version__,
        "torch": torch.__version__,
        "cpu": platform.processor() or platform.machine(),
        "device": torch.cuda.get_device_name() if device.startswith("cuda") else "cpu",
    }
    return report


def _compare(
    report: Report,
    model: Model,
    image: np.ndarray,
    level: int,
    writer: Setting,
    readers: Sequence[Setting],
) -> None:
    """Write one file, and read it in all settings."""
    with computed(model, writer):
        segments = write_streams(model, model.analyze(image, level), level)
        _, coded = read_streams(model, segments, image.shape)
        picture = model.synthesize(coded.y_hat, level, image.shape).astype(int)
    report.files += 1
    for reader in readers:
        report.decoded += 1
        with computed(model, reader):
            try:
                _, again = read_streams(model, segments, image.shape)
            except LicError:
                report.failed += 1
                continue
            report.different_latents += int(np.count_nonzero(again.y_hat != coded.y_hat))
            seen = model.synthesize(again.y_hat, level, image.shape)
        difference = int(np.abs(seen - picture).max())
        report.largest_pixel_difference = max(report.largest_pixel_difference, difference)


def learned() -> list[str]:
    """The names of the learned codecs that can run here."""
    return [c.name for c in codecs() if isinstance(c, LearnedCodec) and not c.unavailable()]


def _codec(name: str) -> LearnedCodec:
    codec = get(name)
    if not isinstance(codec, LearnedCodec):
        raise LicError(f"{name} is not a learned codec: take one of {', '.join(learned())}.")
    if reason := codec.unavailable():
        raise LicError(f"The codec {name!r} cannot run here: {reason}")
    return codec


def store(report: Report, path: Path) -> None:
    """Write a report as JSON."""
    text = json.dumps(asdict(report) | {"is_exact": report.is_exact}, indent=1)
    write_atomically(path, f"{text}\n".encode())
