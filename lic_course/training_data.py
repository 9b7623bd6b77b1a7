"""Pictures to train on: from a folder or built in, as an endless supply of random crops."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lic_course import images
from lic_course.errors import LicError

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"}


def pictures_in(folder: str | Path | None) -> list[np.ndarray]:
    """All color pictures below a folder; without one, the built-in pictures and dead leaves."""
    if folder is None:
        leaves = [images.dead_leaves(512, 512, seed) for seed in range(12)]
        return [p for name in images.BUILTIN if (p := images.builtin(name)).ndim == 3] + leaves
    paths = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in SUFFIXES)
    found = [images.read(path) for path in paths]
    found = [picture for picture in found if picture.ndim == 3]
    if not found:
        raise LicError(f"There are no color pictures (PNG, JPEG, WebP, TIFF) below {folder}.")
    return found


class Crops:
    """Random crops of pictures, flipped and turned at random: an endless supply of batches."""

    def __init__(self, pictures: list[np.ndarray], size: int, batch: int, seed: int) -> None:
        self.pictures = [p for p in pictures if min(p.shape[:2]) >= size]
        if not self.pictures:
            raise LicError(f"No picture is as large as a crop of {size}x{size} pixels.")
        self.size, self.batch = size, batch
        self.generator = torch.Generator().manual_seed(seed)

    def _integer(self, below: int) -> int:
        return int(torch.randint(below, (), generator=self.generator))

    def crop(self, size: int) -> np.ndarray:
        """One crop, uint8 (size, size, 3)."""
        picture = self.pictures[self._integer(len(self.pictures))]
        top, left = (self._integer(n - size + 1) for n in picture.shape[:2])
        patch = picture[top : top + size, left : left + size]
        turns = self._integer(8)
        if turns & 1:
            patch = patch[:, ::-1]
        if turns & 2:
            patch = patch[::-1]
        return patch.transpose(1, 0, 2) if turns & 4 else patch

    def blocks(self, count: int, size: int) -> Tensor:
        """`count` crops as float, (count, 3, size, size) from 0 to 1."""
        stack = np.stack([self.crop(size) for _ in range(count)])
        return torch.from_numpy(stack).permute(0, 3, 1, 2).float() / 255

    def next(self) -> Tensor:
        """A batch, (batch, 3, size, size) from 0 to 1."""
        return self.blocks(self.batch, self.size).contiguous(memory_format=torch.channels_last)


def sources_of(folder: Path | None, count: int) -> dict:
    """What the card says of the pictures: how many by license, if a file FOLDER.csv tells."""
    if folder is None:
        return {"pictures": count, "source": "the built-in pictures and dead leaves"}
    table = Path(folder).with_suffix(".csv")
    if not table.is_file():
        return {"pictures": count, "source": f"a folder named {Path(folder).name}"}
    with table.open(newline="", encoding="utf-8") as file:
        licenses = Counter(_license(row) for row in csv.DictReader(file))
    return {
        "pictures": count,
        "source": f"a folder named {Path(folder).name}",
        "licenses": dict(licenses.most_common()),
    }


def _license(row: dict[str, str]) -> str:
    """The column "license" of a table's row, in any spelling; "?" when it is empty or missing."""
    return next((text for name, text in row.items() if name.startswith("licen") and text), "?")
