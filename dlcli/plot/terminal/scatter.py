"""Points in the plane as a histogram, in characters."""

from __future__ import annotations

from dlcli.plot.charts.scatter import ScatterChart
from dlcli.plot.terminal.fitting import below, truncate
from dlcli.plot.terminal.text import paragraph
from dlcli.plot.terminal.tiles import image


def draw(chart: ScatterChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw a histogram of the points; brighter pixels contain more points."""
    lines = image(chart.histogram().pixels, width=width, palette="heat", colour=colour)
    return below(paragraph(chart.title, width), max_lines, lambda left: truncate(lines, left, "lines"))
