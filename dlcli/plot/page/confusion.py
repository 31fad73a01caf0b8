"""A confusion matrix, for a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from dlcli.plot import palette
from dlcli.plot.charts.confusion import ConfusionChart
from dlcli.plot.page import style

_MIN_SIZE = 5.5  # points; numbers that would be smaller are left out
_LABEL_WIDTH = 1.8  # inches
_GAP, _IMAGE, _IMAGE_HEIGHT = 0.15, 0.95, 1.6  # inches: of a misclassified image, and with its caption
_CAPTION = 7.5  # points
_BAR_LENGTH, _BAR_ROOM = 4.0, 1.1  # inches: length of the colour bar, and its width with labels
_TICKS = {0.0: "0", 0.01: "1 %", 0.05: "5 %", 0.2: "20 %", 0.5: "50 %", 1.0: "100 %"}


@style.applied()
def draw(chart: ConfusionChart) -> Figure:
    """Draw a confusion matrix with the numbers in its cells."""
    classes = len(chart.classes)
    cell = float(np.interp(classes, [2, 10, 30, 100], [0.7, 0.5, 0.34, 0.17]))
    size = float(np.interp(cell, [0.17, 0.34], [6.0, style.SMALL]))
    names = [style.shorten(label, _LABEL_WIDTH, size) for label in chart.classes]
    longest, side = max(style.text_width(name, size) for name in names), cell * classes
    vertical = longest > 0.9 * cell
    left, below = longest + 0.5, (longest if vertical else 0.15) + 0.45
    width = max(left + side + _BAR_ROOM, 4.5)
    columns = max(1, int((width - _GAP) / (_IMAGE + _GAP)))
    images = -(-len(chart.wrong) // columns) * _IMAGE_HEIGHT + (0.3 if chart.wrong else 0.0)
    below += images
    height = below + side + 0.15 + style.title_height(chart.title, width)
    # All sizes are known here; a layout engine would take seconds to measure thousands of numbers.
    figure = style.new_figure(width, height, layout=None)
    style.write_title(figure, chart.title)
    frame = (left / width, below / height, side / width, side / height)
    axes = figure.add_axes(frame, xlabel="predicted class", ylabel="true class")
    axes.set_xticks(range(classes), names, fontsize=size, rotation=90 if vertical else 0)
    axes.set_yticks(range(classes), names, fontsize=size)
    axes.tick_params(length=0)
    normalized = chart.normalized
    _draw_cells(axes, normalized)
    _write_numbers(axes, _texts(chart), normalized, cell)
    for row in np.flatnonzero(np.isnan(normalized[:, 0])):
        axes.text((classes - 1) / 2, float(row), "no examples", fontsize=size, ha="center", va="center_baseline")
    if chart.wrong:
        _draw_images(figure, chart, images, columns)
    return figure


def _draw_images(figure: Figure, chart: ConfusionChart, top: float, columns: int) -> None:
    """Draw the misclassified images in rows, from `top` inches above the lower edge downwards."""
    width, height = figure.get_size_inches()
    figure.text(
        _GAP / width, (top - 0.05) / height, "misclassified images with the highest predicted probability", va="top"
    )
    for number, tile in enumerate(chart.wrong):
        row, column = divmod(number, columns)
        left, bottom = _GAP + column * (_IMAGE + _GAP), top - 0.3 - row * _IMAGE_HEIGHT - _IMAGE
        axes = figure.add_axes((left / width, bottom / height, _IMAGE / width, _IMAGE / height), xticks=[], yticks=[])
        axes.imshow(palette.as_colors(tile.pixels, tile.palette, tile.limits), interpolation="nearest")
        caption = "\n".join(style.wrap(tile.caption, _IMAGE + _GAP / 2, _CAPTION)[:3])
        figure.text(
            (left + _IMAGE / 2) / width, (bottom - 0.03) / height, caption, ha="center", va="top", size=_CAPTION
        )


def _texts(chart: ConfusionChart) -> list[list[str]]:
    """Return the text of each cell; cells with a count of 0 are empty, so that the others stand out."""
    cells = [zip(*row, strict=True) for row in zip(chart.counts, chart.normalized, strict=True)]
    return [[_text(int(count), fraction, chart.percent) for count, fraction in row] for row in cells]


def _text(count: int, fraction: float, percent: bool) -> str:
    if count == 0:
        return ""
    if not percent:
        return str(count)
    return "<1" if fraction < 0.01 else f"{100 * fraction:.0f}"


def _draw_cells(axes: Axes, normalized: np.ndarray) -> None:
    """Shade the cells, and draw the colour bar to the right of them."""
    # The square root keeps a confusion of 1 % visible next to the diagonal.
    norm = PowerNorm(0.5, vmin=0, vmax=1)
    image = axes.imshow(normalized, cmap=style.colormap("blues"), norm=norm, interpolation="nearest")
    axes.spines[:].set_visible(True)
    figure, cells = axes.get_figure(root=True), axes.get_position()
    assert figure is not None
    width, height = figure.get_size_inches()
    length = min(cells.height, _BAR_LENGTH / height)
    middle = (cells.y0 + cells.y1) / 2
    bar_axes = figure.add_axes((cells.x1 + 0.15 / width, middle - length / 2, 0.15 / width, length))
    bar = figure.colorbar(image, cax=bar_axes, label="fraction of the true class")
    bar.set_ticks(list(_TICKS), labels=list(_TICKS.values()))


def _write_numbers(axes: Axes, texts: Sequence[Sequence[str]], normalized: np.ndarray, cell: float) -> None:
    """Write the texts into the cells, unless the longest one only fits in an illegible size."""
    longest = max((text for row in texts for text in row), key=len)
    size = min(style.NORMAL, 0.85 * cell / max(style.text_width(longest, 1.0), 1e-9))
    if size < _MIN_SIZE:
        return
    colors = palette.paint(np.sqrt(normalized), "blues")
    for row, column in np.argwhere(np.array(texts) != ""):
        color = palette.text_color(colors[row, column])
        axes.text(column, row, texts[row][column], fontsize=size, color=color, ha="center", va="center_baseline")
