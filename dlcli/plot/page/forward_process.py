"""The forward process of a diffusion model: states above the noise schedule, for a file."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlcli.plot.charts.forward_process import ALPHA_BAR, ONE_MINUS_ALPHA_BAR, ForwardProcessChart
from dlcli.plot.page import style
from dlcli.plot.page.strips import draw_strips, size

_SCHEDULE = 2.2  # inches of the height of the noise schedule


@style.applied()
def draw(chart: ForwardProcessChart) -> Figure:
    """Draw the states, a column per timestep, and below them the noise schedule with the timesteps marked."""
    width, above = size(chart.strips)
    above += style.title_height(chart.strips.title, width)
    figure = style.new_figure(width, above + _SCHEDULE)
    style.write_title(figure, chart.strips.title)
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=[above, _SCHEDULE])[:, 0]
    draw_strips(upper, chart.strips)
    _draw_schedule(lower.subplots(), chart)
    return figure


def _draw_schedule(axes: Axes, chart: ForwardProcessChart) -> None:
    steps, shown = np.arange(len(chart.alpha_bar)), list(chart.timesteps)
    for number, (label, values, dashes, marker) in enumerate(
        ((ALPHA_BAR, chart.alpha_bar, "-", "o"), (ONE_MINUS_ALPHA_BAR, 1 - chart.alpha_bar, (0, (4, 2)), "s"))
    ):
        color = style.line_color(number)
        axes.plot(steps, values, label=label, color=color, linestyle=dashes)
        axes.plot(shown, values[shown], marker, color=color, markersize=4)
    axes.set(xlabel="timestep t", ylabel="variance", ylim=(-0.04, 1.04))
    axes.margins(x=0.02)
    axes.grid(visible=True)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
