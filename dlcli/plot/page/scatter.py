"""Points in the plane, for a file."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlcli.plot.charts.scatter import ScatterChart
from dlcli.plot.page import style

_SIDE = 4.2  # inches of the axes


@style.applied()
def draw(chart: ScatterChart) -> Figure:
    """Draw the points as a scatter plot."""
    width = _SIDE + 0.6
    figure = style.new_figure(width, _SIDE + 0.4 + style.title_height(chart.title, width))
    style.write_title(figure, chart.title)
    draw_points(figure.subplots(), chart)
    return figure


def draw_points(axes: Axes, chart: ScatterChart, *, size: float = 3.0) -> None:
    """Draw the points into axes, with rings around the modes; `size` is the area of a point in square points."""
    axes.set(xlim=chart.limits, ylim=chart.limits, aspect="equal")
    (x, y), (mode_x, mode_y) = chart.points.T, chart.modes.T
    axes.scatter(mode_x, mode_y, s=20 * size, facecolors="none", edgecolors=style.line_color(1), linewidths=0.8)
    axes.scatter(x, y, s=size, color=style.line_color(0), alpha=0.5, linewidths=0)
