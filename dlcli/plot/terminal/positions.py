"""Position encodings, in characters."""

from __future__ import annotations

from dlcli.plot.charts.positions import PositionsChart
from dlcli.plot.terminal import tiles
from dlcli.plot.terminal.fitting import below
from dlcli.plot.terminal.lines import draw_panel

_MAP, _LINES = 14, 10  # lines


def draw(chart: PositionsChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw the lines of the similarity, and above them the maps."""
    lines = draw_panel(chart.similarity, width, colour, height=_LINES, xlabel="distance (tokens)")
    left = None if max_lines is None else max_lines - len(lines) - 1
    maps = tiles.draw(chart.tiles(), width, colour, left, height=_MAP)
    return below([*maps, ""], max_lines, lambda _: lines)
