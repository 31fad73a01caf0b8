"""The forward process of a diffusion model, in characters."""

from __future__ import annotations

from dlcli.plot.charts.forward_process import ForwardProcessChart
from dlcli.plot.terminal import strips
from dlcli.plot.terminal.lines import draw_panel

_HEIGHT, _LOW_HEIGHT = 8, 5  # lines of the noise schedule, and where the number of lines is limited


def draw(chart: ForwardProcessChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw the states above the noise schedule."""
    height = _HEIGHT if max_lines is None else _LOW_HEIGHT
    schedule = draw_panel(chart.schedule(), width, colour, height=height, xlabel="timestep t")
    left = None if max_lines is None else max_lines - len(schedule) - 1
    return [*strips.draw(chart.strips, width, colour, left), "", *schedule]
