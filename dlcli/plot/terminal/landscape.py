"""A loss over a plane through the weights of a network, in characters."""

from __future__ import annotations

from dlcli.plot.charts.landscape import LandscapeChart
from dlcli.plot.terminal import tiles

_HEIGHT = 16  # lines of a map


def draw(chart: LandscapeChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw one map per split, below each other."""
    return tiles.draw(chart.tiles(), width, colour, max_lines, height=_HEIGHT)
