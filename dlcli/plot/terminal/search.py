"""A hyperparameter search, in characters."""

from __future__ import annotations

import numpy as np

from dlcli.plot.charts.lines import Line, Panel
from dlcli.plot.charts.search import SearchChart
from dlcli.plot.terminal.bars import bars
from dlcli.plot.terminal.fitting import below
from dlcli.plot.terminal.lines import draw_panels
from dlcli.plot.terminal.text import paragraph


def draw(chart: SearchChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw the best value so far over the trials, and a bar per parameter for its importance."""
    heading = [*paragraph(chart.title, width), ""]
    known = np.isfinite(chart.best_so_far)
    complete = ~chart.pruned
    lines = [
        Line("complete trials", chart.numbers[complete], chart.values[complete], dashed=True),
        Line("best so far", chart.numbers[known], chart.best_so_far[known]),
    ]
    if chart.importance:
        names, shares = zip(*chart.importance.items(), strict=True)
        title = "share of the variance that each parameter explains, in percent (fANOVA)"
        percent = np.round(100 * np.array(shares), 1)
        heading += [*paragraph(title, width), *bars(names, percent, width=width, longest=100.0, colour=colour), ""]
    if not known.any():
        return heading
    return below(
        heading, max_lines, lambda left: draw_panels([Panel(lines, chart.metric)], width, colour, left, xlabel="trial")
    )
