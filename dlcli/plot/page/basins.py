"""The basins of attraction of optimizers, for a file: one panel per optimizer."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from dlcli.plot.charts.basins import NONE, Basins, BasinsChart
from dlcli.plot.charts.surface import value_scale
from dlcli.plot.page import style

_SIDE, _COLUMNS = 3.5, 4  # inches of a panel; panels side by side
_CONTOURS = 10


@style.applied()
def draw(chart: BasinsChart) -> Figure:
    """Draw the basins in colours, with the number of each minimum at its place and on its basin."""
    across = min(_COLUMNS, len(chart.panels))
    down = -(-len(chart.panels) // across)
    width = max(_SIDE * across + 0.4, 7.0)
    notes = style.wrap(chart.note, width - 0.4, style.SMALL) if chart.note else []
    height = (_SIDE + 0.55) * down + 0.55 + 0.18 * len(notes)
    figure = style.new_figure(width, height + style.title_height(chart.title, width))
    style.write_title(figure, chart.title)
    grid = figure.subplots(down, across, squeeze=False).ravel()
    for axes, panel in zip(grid, chart.panels, strict=False):
        _draw_panel(axes, chart, panel)
    for axes in grid[len(chart.panels) :]:
        axes.set_visible(False)
    handles = [Patch(facecolor="none", edgecolor="none", label="number: minimum that a start leads to, 1 the lowest")]
    if any((panel.reached == NONE).any() for panel in chart.panels):
        handles.append(Patch(facecolor="#EDEDED", edgecolor="#999999", label="no minimum reached"))
    figure.legend(
        handles=handles,
        loc="outside lower left",
        ncols=2,
        title="\n".join(notes) or None,
        title_fontsize=style.SMALL,
        alignment="left",
    )
    return figure


def _draw_panel(axes: Axes, chart: BasinsChart, panel: Basins) -> None:
    extent = (chart.x[0], chart.x[-1], chart.y[0], chart.y[-1])
    axes.imshow(chart.colors(panel), extent=extent, origin="lower", aspect="auto", interpolation="nearest")
    x, y, values = chart.surface
    shades = np.ma.masked_invalid(value_scale(values).shades(values))
    axes.contour(x, y, shades, np.linspace(0, 1, _CONTOURS + 2)[1:-1], colors="#444444", linewidths=0.35, alpha=0.7)
    axes.add_collection(LineCollection(_borders(chart, panel.reached), colors="black", linewidths=0.9))
    for number, (left, up, _) in enumerate(chart.minima):
        look: dict[str, Any] = {"fontsize": style.SMALL, "ha": "center", "va": "center_baseline"}
        disc = {"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": "black", "linewidth": 0.8}
        axes.text(left, up, chart.symbol(number), bbox=disc, **look)
    axes.set(xlabel="x", ylabel="y", xlim=chart.x[[0, -1]], ylim=chart.y[[0, -1]])
    axes.set_title(f"{panel.label}\n{chart.caption(panel)}", fontsize=style.NORMAL)


def _borders(chart: BasinsChart, reached: np.ndarray) -> list[np.ndarray]:
    """Return the segments between neighbouring starts that lead to different minima, each float [2, 2]."""
    x, y = (np.linspace(axis[0], axis[-1], len(axis) + 1) for axis in (chart.x, chart.y))
    beside = [np.array([[x[j + 1], y[i]], [x[j + 1], y[i + 1]]]) for i, j in np.argwhere(np.diff(reached, axis=1))]
    above = [np.array([[x[j], y[i + 1]], [x[j + 1], y[i + 1]]]) for i, j in np.argwhere(np.diff(reached, axis=0))]
    return beside + above
