"""A convolution, in characters: input, kernel and map."""

from __future__ import annotations

from dlcli.plot.charts.convolution import ConvolutionChart
from dlcli.plot.terminal import tiles


def draw(chart: ConvolutionChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw the three maps side by side."""
    return tiles.draw(chart.tiles(), width, colour, max_lines, height=12)
