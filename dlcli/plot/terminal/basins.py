"""The basins of attraction of optimizers, in characters: the number of the minimum that each start leads to."""

from __future__ import annotations

import numpy as np

from dlcli.plot import palette
from dlcli.plot.charts.basins import Basins, BasinsChart
from dlcli.plot.terminal.fitting import below, spread
from dlcli.plot.terminal.text import Cell, fit, paragraph, render

_HEIGHT, _LEAST = 14, 5  # lines of a panel
_NARROWEST = 30  # columns of a panel


def draw(chart: BasinsChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw the panels side by side where they fit, with the number of the minimum at each start."""
    minima = ", ".join(
        f"{chart.symbol(number)} at ({x:.3g}, {y:.3g})" for number, (x, y, _) in enumerate(chart.minima[:8])
    )
    bounds = f"x from {chart.x[0]:g} to {chart.x[-1]:g}, y from {chart.y[0]:g} (bottom) to {chart.y[-1]:g}"
    notes = [f"minima, the lowest first: {minima or 'none found'}; . reaches none", bounds, chart.note]
    heading = [*paragraph(chart.title, width), *(line for note in notes for line in paragraph(note, width))]
    return below(heading, max_lines, lambda left: _panels(chart, width, colour, left))


def _panels(chart: BasinsChart, width: int, colour: bool, max_lines: int | None) -> list[str]:
    across = 2 if len(chart.panels) > 1 and width >= 2 * _NARROWEST + 2 else 1
    down = -(-len(chart.panels) // across)
    height = _HEIGHT
    if max_lines is not None:
        height = max(_LEAST, min(_HEIGHT, (max_lines - down + 1) // down - 2))
    each = (width - 2 * (across - 1)) // across
    blocks = []
    for start in range(0, len(chart.panels), across):
        drawn = [_panel(chart, panel, (height, each), colour) for panel in chart.panels[start : start + across]]
        blocks.append(["  ".join(parts) for parts in zip(*drawn, strict=True)])
    return spread(blocks, max_lines, "panels")


def _panel(chart: BasinsChart, panel: Basins, shape: tuple[int, int], colour: bool) -> list[str]:
    rows = np.linspace(len(chart.y) - 1, 0, shape[0]).round().astype(int)
    columns = np.linspace(0, len(chart.x) - 1, shape[1]).round().astype(int)
    reached, colors = panel.reached[np.ix_(rows, columns)], np.round(chart.colors(panel)[np.ix_(rows, columns)], 2)
    cells = [
        [
            Cell(chart.symbol(int(number)), palette.text_color(color), color) if colour else Cell(chart.symbol(number))
            for number, color in zip(*row, strict=True)
        ]
        for row in zip(reached, colors, strict=True)
    ]
    captions = [fit(panel.label, shape[1]), fit(chart.caption(panel), shape[1])]
    return [*captions, *(render(row, colour) for row in cells)]
