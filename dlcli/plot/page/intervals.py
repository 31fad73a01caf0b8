"""Means with confidence intervals, for a file."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from dlcli.plot.charts.intervals import IntervalsChart
from dlcli.plot.page import style

_ROW, _WIDTH = 0.34, 8.0  # inches


@style.applied()
def draw(chart: IntervalsChart) -> Figure:
    """Draw, in each row, the values as dots and the mean with its interval below them."""
    rows = chart.rows
    figure = style.new_figure(_WIDTH, 0.9 + style.title_height(chart.title, _WIDTH) + _ROW * len(rows))
    style.write_title(figure, chart.title)
    axes = figure.add_subplot(xlabel=chart.xlabel, ylim=(len(rows) - 0.4, -0.6))
    if chart.differences:
        axes.axvline(0, color="#555555", linewidth=0.9)
    axes.grid(visible=True, axis="x")
    for y, row in enumerate(rows):
        # Filled where the interval excludes zero, so that significant rows stand out without colour.
        color = style.line_color(0)
        look: dict[str, Any] = {
            "marker": "D",
            "markersize": 7,
            "markeredgecolor": color,
            "color": color if chart.stands_out(row) else "white",
        }
        axes.plot(row.values, np.full(len(row.values), y - 0.18), "o", markersize=3.5, color="#8A8A8A")
        axes.hlines(y + 0.1, row.low, row.high, color=color, linewidth=2.2)
        axes.plot([row.mean], [y + 0.1], linestyle="none", **look)
    axes.set_yticks(np.arange(len(rows)), [row.label for row in rows])
    axes.tick_params(axis="y", length=0)
    numbers = axes.secondary_yaxis("right")
    numbers.set_yticks(np.arange(len(rows)), chart.means)
    numbers.tick_params(length=0)
    numbers.spines[:].set_visible(False)
    return figure
