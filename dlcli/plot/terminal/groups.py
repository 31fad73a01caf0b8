"""Points in the plane by group, in characters: one character per group."""

from __future__ import annotations

import numpy as np

from dlcli.plot import palette
from dlcli.plot.charts.groups import GroupPanel, GroupsChart
from dlcli.plot.terminal.fitting import below, spread
from dlcli.plot.terminal.text import Cell, fit, paragraph, render

_SYMBOLS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_HEIGHT, _LEAST = 16, 6  # lines of a panel
_NARROWEST = 34  # columns of a panel


def draw(chart: GroupsChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw the panels, two side by side where they fit, and a legend of the groups."""
    symbols = _symbols(chart)
    legend = ", ".join(name if symbol == name else f"{symbol} {name}" for symbol, name in zip(symbols, chart.names,
                                                                                             strict=False))  # fmt: skip
    heading = [*paragraph(chart.title, width), *paragraph(f"groups: {legend}", width)[:4]]
    return below(heading, max_lines, lambda left: _panels(chart, symbols, width, colour, left))


def _symbols(chart: GroupsChart) -> str:
    """Return a character per group: its name if all names are one character, such as digits."""
    if all(len(name) == 1 for name in chart.names):
        return "".join(chart.names)
    return "".join(_SYMBOLS[number % len(_SYMBOLS)] for number in range(len(chart.names)))


def _panels(chart: GroupsChart, symbols: str, width: int, colour: bool, max_lines: int | None) -> list[str]:
    across = 2 if len(chart.panels) > 1 and width >= 2 * _NARROWEST + 2 else 1
    height = _HEIGHT if max_lines is None else max(_LEAST, min(_HEIGHT, max_lines - 1))
    each = (width - 2 * (across - 1)) // across
    drawn = [_panel(chart, panel, symbols, (height, each), colour) for panel in chart.panels]
    rows = [drawn[start : start + across] for start in range(0, len(drawn), across)]
    blocks = [["  ".join(lines) for lines in zip(*row, strict=True)] for row in rows]
    return spread(blocks, max_lines, "panels")


def _panel(chart: GroupsChart, panel: GroupPanel, symbols: str, shape: tuple[int, int], colour: bool) -> list[str]:
    cells = [[Cell(" ")] * shape[1] for _ in range(shape[0])]
    low, high = panel.positions.min(axis=0), panel.positions.max(axis=0)
    places = (panel.positions - low) / np.where(high > low, high - low, 1.0)
    for (x, y), group in zip(places, chart.groups, strict=True):
        color = palette.terminal_color(int(group))
        cells[round((1 - y) * (shape[0] - 1))][round(x * (shape[1] - 1))] = Cell(symbols[group], color)
    return [fit(panel.caption, shape[1]), *(render(row, colour) for row in cells)]
