"""Figures of latents and of the order in which they are decoded, in the look of `plots`.

Each function draws one figure, shows it and returns None.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from lic_course import plots

Tap = tuple[int, int]


def dependencies(
    panels: Mapping[str, tuple[np.ndarray, Sequence[Tap]]],
    place: tuple[int, int],
    width: float = plots.WIDTH,
) -> None:
    """The graph of what one position needs: an arrow from each position that it is predicted from.

    panels: title: times (h, w), the step at which each position is decoded, written into it; and
    taps, the offsets (rows, columns) of what a position sees. place: row and column of the one
    whose arrows are drawn.
    """
    shapes = [times.shape for times, _ in panels.values()]
    widths = [w for _, w in shapes]
    tall = width / sum(widths) * max(h for h, _ in shapes) + 0.3
    figure, axes = plt.subplots(
        1, len(panels), figsize=(width, tall), squeeze=False, width_ratios=widths
    )
    for ax, (title, (times, taps)) in zip(axes.flat, panels.items(), strict=True):
        _graph(ax, np.asarray(times), taps, place)
        ax.set(title=title)
    plt.show()
    plt.close(figure)


def _graph(ax: Axes, times: np.ndarray, taps: Sequence[Tap], place: tuple[int, int]) -> None:
    i, j = np.indices(times.shape)
    needed = {(place[0] + di, place[1] + dj) for di, dj in taps}
    edges = [
        plots.ORANGE if (a, b) == place else plots.BLUE if (a, b) in needed else plots.GRAY
        for a, b in zip(i.ravel(), j.ravel(), strict=True)
    ]
    ax.scatter(j, i, s=190, c=times, cmap="Blues", vmin=-times.max() / 4, vmax=2 * times.max())
    ax.scatter(j, i, s=190, facecolors="none", edgecolors=edges, linewidths=1.6)
    for a, b in np.ndindex(times.shape):
        ax.text(b, a, times[a, b], ha="center", va="center", fontsize=7.5)
    for a, b in needed:
        if 0 <= a < times.shape[0] and 0 <= b < times.shape[1]:
            style = {"arrowstyle": "->", "color": plots.BLUE, "shrinkA": 7, "shrinkB": 8}
            ax.annotate("", place[::-1], (b, a), arrowprops=style | {"linewidth": 0.9})
    ax.set(xticks=[], yticks=[], aspect="equal")
    ax.set(xlim=(-0.6, times.shape[1] - 0.4), ylim=(times.shape[0] - 0.4, -0.6))
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def differences(
    image: np.ndarray, maps: Mapping[str, np.ndarray], label: str, title: str = ""
) -> None:
    """A picture beside maps over it, white at zero: red is more, blue is less.

    maps: title: values (rows, columns). All have one scale, which ends where 99 % of the values do.
    label: what is drawn, with its unit.
    """
    reach = np.percentile(np.abs(np.concatenate([v.ravel() for v in maps.values()])), 99)
    count = 1 + len(maps)
    tall = plots.WIDTH / (count + 0.3) * image.shape[0] / image.shape[1] + 0.3
    figure, axes = plt.subplots(1, count, figsize=(plots.WIDTH, tall))
    axes[0].imshow(image, cmap="gray", vmin=0, vmax=255)
    axes[0].set(title=title)
    for ax, (name, values) in zip(axes[1:], maps.items(), strict=True):
        drawn = ax.imshow(values, cmap="RdBu_r", vmin=-reach, vmax=reach)
        ax.set(title=name)
    for ax in axes:
        ax.axis("off")
    figure.colorbar(drawn, ax=axes, fraction=0.05, pad=0.02, label=label)
    plt.show()
    plt.close(figure)


def trade(
    points: Mapping[str, tuple[float, float]], xlabel: str, ylabel: str, log: str = "xy"
) -> None:
    """Points with their names, say steps and seconds; `log`: "x" or "xy", logarithmic axes."""
    figure, ax = plt.subplots(figsize=(plots.WIDTH, 3.2))
    for number, (name, (x, y)) in enumerate(points.items()):
        marker = plots.MARKERS[number % len(plots.MARKERS)]
        color = plots.COLORS[number % len(plots.COLORS)]
        ax.plot(x, y, marker, color=color, markersize=8, label=name)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))  # names beside points would overlap
    ax.set(xlabel=xlabel, ylabel=ylabel, xscale="log")
    ax.set_yscale("log" if "y" in log else "linear")
    plt.show()
    plt.close(figure)
