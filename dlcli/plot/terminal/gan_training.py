"""The training of a GAN, in characters."""

from __future__ import annotations

from dlcli.plot.charts.gan_training import GanTrainingChart
from dlcli.plot.terminal import tiles
from dlcli.plot.terminal.fitting import below
from dlcli.plot.terminal.lines import draw_panels

_IMAGE, _PANEL = 6, 8  # lines
_PER_LINE = 6  # images side by side


def draw(chart: GanTrainingChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw the samples in the upper half of the lines, and the curves in the remaining ones."""
    half = None if max_lines is None else max_lines // 2 - 1
    samples = tiles.draw(chart.tiles(), width, colour, half, height=_IMAGE, per_line=_PER_LINE)
    return below([*samples, ""], max_lines, lambda left: draw_panels(chart.panels, width, colour, left, height=_PANEL))
