"""Means with confidence intervals, in characters."""

from __future__ import annotations

import numpy as np

from dlcli.plot.charts.intervals import IntervalsChart
from dlcli.plot.palette import terminal_color
from dlcli.plot.terminal.fitting import below, truncate
from dlcli.plot.terminal.text import Cell, columns, fit, paragraph, render

_MAX_LABEL = 20  # columns


def draw(chart: IntervalsChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw each row as "├──●──┤" with the mean to its right, and "│" at the zero of differences."""
    rows = chart.rows
    label = min(max(columns(row.label) for row in rows), _MAX_LABEL)
    numbers = chart.means
    available = width - label - 2 - max(map(len, numbers))
    ends = np.array([[row.low, row.mean, row.high] for row in rows])
    ends = np.append(ends[np.isfinite(ends)], [0.0] if chart.differences else [])
    low, high = float(ends.min()), float(ends.max())

    def column(value: float) -> int:
        return round((value - low) / ((high - low) or 1.0) * (available - 1))

    lines = []
    for row, number in zip(rows, numbers, strict=True):
        characters = [" "] * available
        if np.isfinite([row.low, row.high]).all():
            characters[column(row.low) : column(row.high) + 1] = "─" * (column(row.high) - column(row.low) + 1)
            characters[column(row.low)], characters[column(row.high)] = "├", "┤"
        if chart.differences:
            characters[column(0.0)] = "│" if characters[column(0.0)] == " " else "┼"
        characters[column(row.mean)] = "●"
        line = render([Cell("".join(characters), terminal_color(0))], colour)
        lines.append(f"{fit(row.label, label)} {line} {number}")
    heading = [*paragraph(chart.title, width), *paragraph(chart.xlabel, width)]
    return below(heading, max_lines, lambda left: truncate(lines, left, "rows"))
