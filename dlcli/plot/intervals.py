"""Means with their intervals over the values they are of, one below the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from dlcli.plot import style
from dlcli.plot.estimates import Interval

_ROW, _WIDTH = 0.34, 8.0  # inches


@style.applied()
def intervals(rows: Sequence[Interval], *, title: str, xlabel: str) -> Figure:
    """Draw a row for each: its values as dots, the mean and the interval below them; a line stands at zero."""
    if not rows:
        raise ValueError("there must be an interval to draw")
    figure = style.new_figure(_WIDTH, 0.9 + style.title_height(title, _WIDTH) + _ROW * len(rows))
    style.write_title(figure, title)
    axes = figure.add_subplot(xlabel=xlabel, ylim=(len(rows) - 0.4, -0.6))
    axes.axvline(0, color="#555555", linewidth=0.9)
    axes.grid(visible=True, axis="x")
    for place, row in enumerate(rows):
        # An interval that leaves zero out is filled, so that it is found at a glance and without colours.
        clear = row.low > 0 or row.high < 0
        color = style.line_color(0)
        look = {"marker": "D", "markersize": 7, "markeredgecolor": color, "color": color if clear else "white"}
        axes.plot(row.values, np.full(len(row.values), place - 0.18), "o", markersize=3.5, color="#8A8A8A")
        axes.hlines(place + 0.1, row.low, row.high, color=color, linewidth=2.2)
        axes.plot([row.mean], [place + 0.1], linestyle="none", **look)
    axes.set_yticks(np.arange(len(rows)), [row.label for row in rows])
    axes.tick_params(axis="y", length=0)
    numbers = axes.secondary_yaxis("right")
    numbers.set_yticks(np.arange(len(rows)), [f"{row.mean:+.2f}" for row in rows])
    numbers.tick_params(length=0)
    numbers.spines[:].set_visible(False)
    return figure
