"""A confusion matrix, in characters."""

from __future__ import annotations

import numpy as np

from dlcli.plot.charts.confusion import ConfusionChart
from dlcli.plot.charts.tiles import Row, TileGrid
from dlcli.plot.terminal import tiles
from dlcli.plot.terminal.fitting import below
from dlcli.plot.terminal.matrix import matrix
from dlcli.plot.terminal.text import paragraph

_IMAGE_LINES, _PER_LINE = 7, 4  # of the misclassified images


def draw(chart: ConfusionChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw a confusion matrix, shaded by the square root of recall, so that rare confusions are visible."""
    normalized = chart.normalized
    numbers = np.rint(100 * np.nan_to_num(normalized)).astype(int) if chart.percent else chart.counts
    unit = "percent of the true class" if chart.percent else "examples"
    note = "rows: true class; columns: predicted class"
    if np.isnan(normalized).any():
        note += f"; {'gray' if colour else '?'}: no examples"
    lines = below(
        [*paragraph(chart.title, width), *paragraph(note, width)],
        max_lines,
        lambda left: matrix(
            numbers,
            (chart.classes, chart.classes),
            shades=np.sqrt(normalized),
            unit=unit,
            width=width,
            colour=colour,
            max_lines=left,
        ),
    )
    if not chart.wrong:
        return lines
    left = None if max_lines is None else max_lines - len(lines) - 1
    if left is not None and left < _IMAGE_LINES + 5:
        return lines
    shown = chart.wrong[:_PER_LINE] if left is not None else chart.wrong
    grid = TileGrid("misclassified images with the highest predicted probability", [Row(shown)])
    return [*lines, "", *tiles.draw(grid, width, colour, left, height=_IMAGE_LINES, per_line=_PER_LINE)]
