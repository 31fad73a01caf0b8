"""A confusion matrix, in characters."""

from __future__ import annotations

import numpy as np

from dlcli.plot.charts.confusion import ConfusionChart
from dlcli.plot.terminal.fitting import below
from dlcli.plot.terminal.matrix import matrix
from dlcli.plot.terminal.text import paragraph


def draw(chart: ConfusionChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw a confusion matrix, shaded by the square root of recall, so that rare confusions are visible."""
    normalized = chart.normalized
    numbers = np.rint(100 * np.nan_to_num(normalized)).astype(int) if chart.percent else chart.counts
    unit = "percent of the true class" if chart.percent else "examples"
    note = "rows: true class; columns: predicted class"
    if np.isnan(normalized).any():
        note += f"; {'gray' if colour else '?'}: no examples"
    return below(
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
