"""Tables of numbers as shaded cells: which class was taken for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from dlcli.plot import palette, style
from dlcli.plot.counts import row_shares

_SMALLEST = 5.5  # points; below it numbers are left out
_LABEL_WIDTH = 1.8  # inches
_BAR_LENGTH, _BAR_ROOM = 4.0, 1.1  # inches of the colour bar, and of its width with its labels


@style.applied()
def confusion(counts: np.ndarray, labels: Sequence[str], *, title: str, percent: bool = False) -> Figure:
    """Draw a confusion matrix, shaded by the share of each true class.

    Args:
        counts: int [class, class]; rows are true classes, columns predicted ones.
        labels: names of the classes.
        title: of the figure.
        percent: whether cells show the share of their row in percent, instead of the count.
    """
    classes = len(labels)
    if counts.shape != (classes, classes):
        raise ValueError(f"counts must be {classes} by {classes}, as there are labels, got shape {counts.shape}")
    cell = float(np.interp(classes, [2, 10, 30, 100], [0.7, 0.5, 0.34, 0.17]))
    size = float(np.interp(cell, [0.17, 0.34], [6.0, style.SMALL]))
    names = [style.shorten(label, _LABEL_WIDTH, size) for label in labels]
    longest, side = max(style.text_width(name, size) for name in names), cell * classes
    upright = longest > 0.9 * cell
    left, below = longest + 0.5, (longest if upright else 0.15) + 0.45
    width = max(left + side + _BAR_ROOM, 4.5)
    height = below + side + 0.15 + style.title_height(title, width)
    # Everything has a known size, and to measure thousands of numbers would take matplotlib seconds.
    figure = style.new_figure(width, height, layout=None)
    style.write_title(figure, title)
    frame = (left / width, below / height, side / width, side / height)
    axes = figure.add_axes(frame, xlabel="predicted class", ylabel="true class")
    axes.set_xticks(range(classes), names, fontsize=size, rotation=90 if upright else 0)
    axes.set_yticks(range(classes), names, fontsize=size)
    axes.tick_params(length=0)
    shares = row_shares(counts)
    _draw_cells(axes, shares)
    _write_numbers(axes, _written(counts, shares, percent), shares, cell)
    for row in np.flatnonzero(np.isnan(shares[:, 0])):
        axes.text((classes - 1) / 2, row, "no examples", fontsize=size, ha="center", va="center_baseline")
    return figure


def _written(counts: np.ndarray, shares: np.ndarray, percent: bool) -> list[list[str]]:
    """Return the text of each cell; cells without examples stay empty, so that the others are seen."""
    cells = [zip(*row, strict=True) for row in zip(counts, shares, strict=True)]
    return [[_cell(int(count), share, percent) for count, share in row] for row in cells]


def _cell(count: int, share: float, percent: bool) -> str:
    if count == 0:
        return ""
    if not percent:
        return str(count)
    return "<1" if share < 0.01 else f"{100 * share:.0f}"


def _draw_cells(axes: Axes, shares: np.ndarray) -> None:
    """Shade the cells, and draw the bar that says what the shades mean to the right of them."""
    # The square root keeps a confusion of one in a hundred visible beside the diagonal.
    norm = PowerNorm(0.5, vmin=0, vmax=1)
    image = axes.imshow(shares, cmap=style.colormap("blues"), norm=norm, interpolation="nearest")
    axes.spines[:].set_visible(True)
    figure, cells = axes.figure, axes.get_position()
    width, height = figure.get_size_inches()
    length = min(cells.height, _BAR_LENGTH / height)
    middle = (cells.y0 + cells.y1) / 2
    bar_axes = figure.add_axes((cells.x1 + 0.15 / width, middle - length / 2, 0.15 / width, length))
    bar = figure.colorbar(image, cax=bar_axes, label="share of the true class")
    bar.set_ticks([0, 0.01, 0.05, 0.2, 0.5, 1], labels=["0", "1 %", "5 %", "20 %", "50 %", "100 %"])


def _write_numbers(axes: Axes, texts: Sequence[Sequence[str]], shares: np.ndarray, cell: float) -> None:
    """Write into the cells, where the longest text fits one in a size that can be read."""
    longest = max((text for row in texts for text in row), key=len)
    size = min(style.NORMAL, 0.85 * cell / max(style.text_width(longest, 1.0), 1e-9))
    if size < _SMALLEST:
        return
    colors = palette.paint(np.sqrt(shares), "blues")
    for row, column in np.argwhere(np.array(texts) != ""):
        color = palette.ink(colors[row, column])
        axes.text(column, row, texts[row][column], fontsize=size, color=color, ha="center", va="center_baseline")
