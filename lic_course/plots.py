"""Every figure of the course: pictures in a row, the growing rate-distortion curve, matrices, bars.

Each function draws one figure, shows it and returns None. Colors are those of Okabe and Ito, which
color-blind readers can tell apart; every curve has a marker too. Figures are small (90 dots per
inch, 7 inches wide), so that a notebook with a dozen of them stays light.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lic_course.errors import LicError

WIDTH = 7.0  # inches
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, YELLOW, BLACK = "#CC79A7", "#56B4E9", "#D0B800", "#000000"
GRAY = "#8A8A8A"
COLORS = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW, BLACK)
MARKERS = "osD^vPX*<>hp"

CODEC_LOOKS = {  # the same color and marker for a codec in every lesson
    "png": (GRAY, "s"),
    "jpeg": (BLACK, "o"),
    "jpeg-444": (GRAY, "o"),
    "jpeg2000": (GREEN, "s"),
    "jpegxr": (YELLOW, "v"),
    "jpegxl": (PURPLE, "D"),
    "webp": (SKY, "^"),
    "heif": (BLUE, "P"),
    "avif": (RED, "X"),
    "own-jpeg": (ORANGE, "*"),
    "own-jpeg2000": (ORANGE, "s"),
    "spiht": (PURPLE, "v"),
    "jpeg-ls": (GRAY, "D"),
    "pca": (BLUE, "h"),
    "vq": (RED, "p"),
    "ftransform": (GREEN, "<"),
    "hyperbolic": (PURPLE, ">"),
    "factorized": (SKY, "8"),
    "hyperprior": (BLUE, "d"),
    "context": (RED, "d"),
    "context-fast": (ORANGE, "d"),
}


def style() -> None:
    """Give all following figures the look of the course; call it once, at the top of a lesson."""
    plt.rcParams.update(
        {
            "figure.dpi": 90,
            "figure.constrained_layout.use": True,
            "font.size": 9.5,
            "axes.titlesize": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.prop_cycle": plt.cycler(color=COLORS),
            "grid.color": "#E4E4E4",
            "legend.frameon": False,
            "lines.linewidth": 1.6,
            "lines.markersize": 5,
            "image.cmap": "gray",
            "image.interpolation": "nearest",
            "savefig.facecolor": "white",
        }
    )


def look(codec: str) -> tuple[str, str]:
    """The color and the marker of a codec, the same in every lesson."""
    if codec in CODEC_LOOKS:
        return CODEC_LOOKS[codec]
    number = sum(map(ord, codec))
    return COLORS[number % len(COLORS)], MARKERS[number % len(MARKERS)]


def show(
    images: Sequence[np.ndarray],
    titles: Sequence[str] = (),
    columns: int = 0,
    crop: tuple[int, int, int, int] | None = None,
    width: float = WIDTH,
    limits: tuple[float, float] | None = None,
) -> None:
    """Show pictures in rows, each with its title.

    images: uint8 or float arrays (H, W) or (H, W, 3). `columns`: pictures per row, all in one row
    when 0. `crop`: (top, left, height, width), the same part of each picture. `limits`: the values
    drawn black and white in gray pictures; 0 and 255 for uint8, the range of each picture else.
    """
    pictures = [_part(np.asarray(image), crop) for image in images]
    if not pictures:
        raise LicError("There is nothing to show: give at least one picture.")
    columns = columns or len(pictures)
    rows = -(-len(pictures) // columns)
    tall = max(p.shape[0] / p.shape[1] for p in pictures)
    size = (width, rows * (width / columns * tall + (0.3 if len(titles) else 0.05)))
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for index, (ax, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
        low, high = limits or ((0, 255) if picture.dtype == np.uint8 else (None, None))
        ax.imshow(picture, cmap="gray", vmin=low, vmax=high)
        if index < len(titles):
            ax.set_title(titles[index])
    _finish(figure)


def _part(image: np.ndarray, crop: tuple[int, int, int, int] | None) -> np.ndarray:
    if crop is None:
        return image
    top, left, height, width = crop
    return image[top : top + height, left : left + width]


def rate_distortion(
    codecs: Sequence[str],
    dataset: str = "kodak",
    highlight: str | None = None,
    published: Sequence[str] = (),
    metric: str = "psnr",
    bpp_limit: float = 2.5,
) -> None:
    """The figure that grows by a curve per lesson: mean quality against mean rate over a data set.

    codecs: names of codecs whose results are in data/results; `highlight` is drawn thicker.
    published: names of curves in data/reference, drawn dashed. `metric`: "psnr", "psnr_y" or
    "ms_ssim_db", all in dB. `bpp_limit`: right end of the figure.
    """
    from lic_course import evaluate  # which loads much, for one function here

    figure, ax = plt.subplots(figsize=(WIDTH, 4.2))
    for name in codecs:
        rates, quality = evaluate.load_results(dataset, name).curve("bpp", metric)
        color, marker = look(name)
        wide = 2.8 if name == highlight else 1.4
        ax.plot(rates, quality, color=color, marker=marker, linewidth=wide, label=name)
    for index, name in enumerate(published):
        rates, quality = evaluate.published(dataset)[name].curve("bpp", metric)
        color = COLORS[-2 - index % len(COLORS)]
        ax.plot(rates, quality, "--", color=color, linewidth=1.2, label=f"{name} (published)")
    _rate_axes(ax, dataset, metric, bpp_limit)
    _finish(figure)


def _rate_axes(ax: Axes, dataset: str, metric: str, bpp_limit: float) -> None:
    names = {"psnr": "PSNR", "psnr_y": "PSNR of the luma", "ms_ssim_db": "MS-SSIM"}
    visible = [
        y
        for line in ax.lines
        for x, y in zip(*line.get_data(), strict=True)
        if x <= bpp_limit and np.isfinite(y)
    ]
    ax.set_xlim(0, bpp_limit)
    if visible:
        ax.set_ylim(min(visible) - 0.5, max(visible) + 0.8)
    ax.set_xlabel("bits per pixel")
    ax.set_ylabel(f"{names[metric]} (dB)")
    ax.set_title(f"{dataset.capitalize()}, mean over the pictures: up and left is better")
    if len(ax.lines) > 6:
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))  # beside the curves, not on them
    else:
        ax.legend(loc="lower right")


def curves(
    x: Sequence[float],
    lines: Mapping[str, Sequence[float]],
    xlabel: str,
    ylabel: str,
    title: str = "",
    log: str = "",
) -> None:
    """Curves over a common x, one for each name in `lines`. `log`: "x", "y" or "xy" axes."""
    figure, ax = plt.subplots(figsize=(WIDTH, 3.2))
    for index, (name, values) in enumerate(lines.items()):
        marker = MARKERS[index % len(MARKERS)] if len(x) <= 40 else ""
        ax.plot(x, values, marker=marker, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.set_xscale("log" if "x" in log else "linear")
    ax.set_yscale("log" if "y" in log else "linear")
    if len(lines) > 1:
        ax.legend()
    _finish(figure)


def bars(
    labels: Sequence[str],
    groups: Mapping[str, Sequence[float]],
    ylabel: str,
    title: str = "",
    numbers: str = "",
) -> None:
    """Bars side by side for each label, one for each name in `groups` (say real and ideal bits).

    `numbers`: a format such as ".2f" that writes each value above its bar.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 2.8))
    place, wide = np.arange(len(labels)), 0.8 / len(groups)
    for index, (name, values) in enumerate(groups.items()):
        shift = (index - (len(groups) - 1) / 2) * wide
        drawn = ax.bar(place + shift, values, wide * 0.92, label=name, color=COLORS[index])
        if numbers:
            ax.bar_label(drawn, fmt=f"{{:{numbers}}}", fontsize=8, padding=2)
    ax.set_xticks(place, labels)
    ax.set(ylabel=ylabel, title=title)
    ax.grid(axis="x", visible=False)
    if len(groups) > 1:
        ax.legend()
    _finish(figure)


def histogram(
    groups: Mapping[str, np.ndarray],
    xlabel: str,
    bins: Sequence[float] | int = 64,
    title: str = "",
    log: bool = False,
) -> None:
    """How often each value occurs, one outline for each name in `groups`; `log` for rare values."""
    figure, ax = plt.subplots(figsize=(WIDTH, 2.8))
    flat = {name: np.asarray(values).ravel() for name, values in groups.items()}
    edges = np.histogram_bin_edges(np.concatenate(list(flat.values())), bins)
    for index, (name, values) in enumerate(flat.items()):
        share = np.histogram(values, edges)[0] / len(values)
        ax.stairs(share, edges, fill=True, alpha=0.35, color=COLORS[index])
        ax.stairs(share, edges, linewidth=1.4, color=COLORS[index], label=name)
    ax.set(xlabel=xlabel, ylabel="share of all", title=title)
    ax.set_yscale("log" if log else "linear")
    if len(flat) > 1:
        ax.legend()
    _finish(figure)


def matrix(matrices: Sequence[np.ndarray], titles: Sequence[str] = (), fmt: str = ".0f") -> None:
    """Small matrices as heat maps with their numbers written in, side by side (at most three).

    matrices: 2-D arrays such as 8x8 coefficients or quantization tables. One with negative values
    is drawn blue below zero, white at zero, red above; others from dark (small) to bright.
    """
    wide = WIDTH if len(matrices) > 1 else WIDTH / 2
    tall = wide / len(matrices) + (0.3 if len(titles) else 0)
    figure, axes = plt.subplots(1, len(matrices), figsize=(wide, tall), squeeze=False)
    for index, (ax, values) in enumerate(zip(axes.flat, map(np.asarray, matrices), strict=True)):
        # a linear map would show the largest value only: DCT coefficients span three decades
        shown = np.sign(values) * np.log1p(np.abs(values))
        signed = values.min() < 0
        low = -np.abs(shown).max() if signed else shown.min()
        cmap = "RdBu_r" if signed else "cividis"
        drawn = ax.imshow(shown, vmin=low, vmax=np.abs(shown).max(), cmap=cmap)
        cell = 72 * wide / len(matrices) / values.shape[1]  # in points
        _write_numbers(ax, values, drawn.cmap(drawn.norm(shown)), fmt, min(9, cell * 0.34))
        _frame_only(ax, titles[index] if index < len(titles) else "")
    _finish(figure)


def _write_numbers(ax: Axes, values: np.ndarray, colors: np.ndarray, fmt: str, size: float) -> None:
    for (row, column), value in np.ndenumerate(values):
        bright = colors[row, column, :3] @ [0.299, 0.587, 0.114] > 0.55
        text = format(value + 0.0, fmt)
        text = text.lstrip("-") if float(text) == 0 else text  # no "-0"
        ink = "black" if bright else "white"
        ax.text(column, row, text, ha="center", va="center", fontsize=size, color=ink)


def _frame_only(ax: Axes, title: str) -> None:
    ax.set(xticks=[], yticks=[], title=title)
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def basis(patches: np.ndarray, title: str = "", width: float = WIDTH / 2) -> None:
    """A grid of small pictures, each scaled to its own range: (rows, columns, h, w)."""
    rows, columns, height, wide = patches.shape
    sheet = np.full((rows * (height + 1) + 1, columns * (wide + 1) + 1), np.nan)
    for row, column in np.ndindex(rows, columns):
        patch = patches[row, column]
        reach = np.abs(patch).max() or 1
        top, left = row * (height + 1) + 1, column * (wide + 1) + 1
        sheet[top : top + height, left : left + wide] = patch / reach
    tall = width * sheet.shape[0] / sheet.shape[1] + (0.25 if title else 0)
    figure, ax = plt.subplots(figsize=(width, tall))
    cmap = plt.get_cmap("gray").with_extremes(bad=SKY)
    ax.imshow(sheet, cmap=cmap, vmin=-1, vmax=1)
    _frame_only(ax, title)
    _finish(figure)


def path(order: np.ndarray, title: str = "", width: float = WIDTH / 2) -> None:
    """Draw the way in which a square is read, such as the zigzag.

    order: (n * n, 2) rows and columns in reading order, or (n * n,) flat indices.
    """
    order = np.asarray(order)
    n = round(len(order) ** 0.5)
    rows, columns = np.divmod(order, n) if order.ndim == 1 else order.T
    figure, ax = plt.subplots(figsize=(width, width + (0.25 if title else 0)))
    ax.plot(columns, rows, color=BLUE, zorder=1)
    ax.scatter(columns, rows, s=190, c=np.arange(len(order)), cmap="cividis", zorder=2)
    for index, (row, column) in enumerate(zip(rows, columns, strict=True)):
        ink = "white" if index < len(order) / 2 else "black"
        ax.text(column, row, index, ha="center", va="center", fontsize=7.5, color=ink)
    ax.set(xlim=(-0.6, n - 0.4), ylim=(n - 0.4, -0.6), aspect="equal")
    _frame_only(ax, title)
    _finish(figure)


def block_bits(image: np.ndarray, bits: np.ndarray, title: str = "") -> None:
    """A picture beside the bits spent on each of its blocks: bits of shape (rows, columns)."""
    tall = WIDTH / 2.25 * image.shape[0] / image.shape[1] + 0.3
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, tall))
    left.imshow(image, cmap="gray", vmin=0, vmax=255)
    _frame_only(left, title)
    drawn = right.imshow(bits, cmap="cividis")
    _frame_only(right, "bits per block")
    figure.colorbar(drawn, ax=(left, right), fraction=0.05, pad=0.02)
    _finish(figure)


def _finish(figure: Figure) -> None:
    plt.show()
    plt.close(figure)
