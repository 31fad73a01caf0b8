"""The receptive field of a unit, in characters."""

from __future__ import annotations

import numpy as np

from dlcli.plot.charts.receptive_field import ReceptiveFieldChart
from dlcli.plot.terminal import tiles
from dlcli.plot.terminal.bars import bars
from dlcli.plot.terminal.fitting import below, truncate
from dlcli.plot.terminal.text import paragraph

_IMAGE = 12  # lines


def draw(chart: ReceptiveFieldChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw the image and its gradient, and the size of the fields of all layers as bars."""
    labels, sizes = [], []
    for layer in chart.layers:
        labels += [f"{layer.layer}, stride {layer.stride}", "  effective"]
        sizes += [float(layer.size), np.nan if layer.effective is None else layer.effective]
    drawn = bars(labels, np.array(sizes), width=width, colour=colour)
    heading = [
        *tiles.draw(chart.tiles(), width, colour, height=_IMAGE, per_line=3),
        "",
        *paragraph("side of the receptive field in pixels, theoretical and effective (input gradient)", width),
    ]
    return below(heading, max_lines, lambda left: truncate(drawn, left, "fields"))
