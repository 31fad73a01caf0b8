"""The states of a diffusion process at a few timesteps, in characters."""

from __future__ import annotations

from dlcli.plot.charts.strips import StripsChart
from dlcli.plot.terminal import tiles

_HEIGHT = 6  # lines of a picture


def draw(
    chart: StripsChart,
    width: int = 80,
    colour: bool = True,
    max_lines: int | None = None,
    *,
    together: int = 1,
) -> list[str]:
    """Draw the strips as rows of small pictures; of each `together` rows all or none are shown."""
    grid = chart.tiles()
    per_line = len(grid.rows[0].tiles)
    return tiles.draw(grid, width, colour, max_lines, height=_HEIGHT, per_line=per_line, together=together)
