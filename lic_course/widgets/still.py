"""The still picture that stands for a control until its cell is run, and on pages that cannot run.

JupyterLab opens a notebook that it does not trust yet without its controls; so do GitHub and the
printed page. A PNG beside the control in the cell's output is what they show. It has few colors and
is small, since it is stored in the notebook.
"""

import base64
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

INK, SOFT, PAPER = "#1f2328", "#667078", "#ffffff"
LEFT, RIGHT = "#0072B2", "#D55E00"
PICTURE = 340  # longest side of the picture in the still
COLORS = 128
EXACT = [ImageColor.getrgb(color) for color in (INK, SOFT, PAPER, LEFT, RIGHT)]


@dataclass(frozen=True)
class Half:
    """One side of the wipe: the picture, its title, and the lines of numbers under it."""

    image: np.ndarray
    title: str
    lines: list[str]


def bundle(made: tuple[dict, dict] | dict, text: str, png: bytes) -> tuple[dict, dict]:
    """A control's mime bundle with a stable text and the still picture added."""
    data, metadata = made if isinstance(made, tuple) else (made, {})
    data["text/plain"] = text
    data["image/png"] = base64.b64encode(png).decode()
    return data, metadata


def wiped(left: Half, right: Half, footer: str) -> bytes:
    """PNG of two sides under one wipe, with their titles and numbers beside them."""
    a, b = _reduced(left.image), _reduced(right.image)
    middle = a.width // 2
    picture = b.copy()
    picture.paste(a.crop((0, 0, middle, a.height)), (0, 0))
    lines = max(len(left.lines), len(right.lines))
    sheet = Image.new(
        "RGB", (a.width + 2 * 12 + 230, max(a.height, 2 * (40 + 19 * lines)) + 46), PAPER
    )
    draw = ImageDraw.Draw(sheet)
    sheet.paste(picture, (12, 12))
    draw.line([(12 + middle, 12), (12 + middle, 11 + a.height)], fill="white", width=2)
    y = 12
    for half, color in ((left, LEFT), (right, RIGHT)):
        y = _column(draw, a.width + 30, y, half, color) + 18
    draw.text((12, sheet.height - 26), footer, fill=SOFT, font=_font(12))
    return _small_png(sheet)


def _column(draw: ImageDraw.ImageDraw, x: int, y: int, half: Half, color: str) -> int:
    draw.rectangle([x, y + 3, x + 9, y + 12], fill=color)
    draw.text((x + 16, y), half.title, fill=INK, font=_font(13, bold=True))
    for index, line in enumerate(half.lines):
        draw.text((x + 16, y + 24 + 19 * index), line, fill=INK, font=_font(13))
    return y + 24 + 19 * len(half.lines)


def captioned(png: bytes, line: str) -> bytes:
    """PNG of a picture with one line of text under it."""
    picture = _reduced(np.asarray(Image.open(io.BytesIO(png)).convert("RGB")), longest=480)
    wide = max(picture.width, round(_font(13).getlength(line)) + 4)
    sheet = Image.new("RGB", (wide, picture.height + 28), PAPER)
    sheet.paste(picture, (0, 0))
    ImageDraw.Draw(sheet).text((2, picture.height + 8), line, fill=INK, font=_font(13))
    return _small_png(sheet)


def _reduced(image: np.ndarray, longest: int = PICTURE) -> Image.Image:
    picture = Image.fromarray(image).convert("RGB")
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return picture


def _small_png(sheet: Image.Image) -> bytes:
    """PNG with a palette of `COLORS` colors, among them paper and inks exactly."""
    palette = sheet.quantize(COLORS - len(EXACT), Image.Quantize.MEDIANCUT)
    palette.putpalette([*np.ravel(EXACT), *palette.getpalette()])
    indices = np.array(sheet.quantize(palette=palette, dither=Image.Dither.NONE))
    for index, color in enumerate(EXACT):  # Pillow looks colors up in a coarse table
        indices[(np.asarray(sheet) == color).all(axis=2)] = index
    small = Image.fromarray(indices)
    small.putpalette(palette.getpalette())
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


@cache
def _font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")  # the same on every machine
    return ImageFont.truetype(folder / f"DejaVuSans{'-Bold' if bold else ''}.ttf", size)
