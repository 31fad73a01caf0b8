"""A loss over a plane through the weights of a network, for a file: contours, with the path of training."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlcli.plot.charts.landscape import LandscapeChart
from dlcli.plot.charts.surface import value_scale
from dlcli.plot.page import style
from dlcli.plot.page.surface import pale_colormap

_SIDE = 5.0  # inches of a map with its colour bar
_SHADES, _CONTOURS, _TICKS = 32, 14, 5


@style.applied()
def draw(chart: LandscapeChart) -> Figure:
    """Draw one map per split, side by side."""
    width = _SIDE * len(chart.losses) + 0.2
    notes = style.wrap(chart.note, width - 0.4, style.SMALL)
    height = 4.5 + 0.16 * len(notes) + style.title_height(chart.title, width)
    figure = style.new_figure(width, height)
    style.write_title(figure, chart.title)
    for axes, (name, values) in zip(figure.subplots(1, len(chart.losses), squeeze=False)[0], chart.losses.items(),
                                    strict=True):  # fmt: skip
        _draw_map(axes, chart, name, values)
    figure.supxlabel("\n".join(notes), fontsize=style.SMALL, x=0.02, ha="left")
    return figure


def _draw_map(axes: Axes, chart: LandscapeChart, name: str, values: np.ndarray) -> None:
    finite = np.where(np.isfinite(values), values, np.nan)
    scale = value_scale(finite)
    shades = np.ma.masked_invalid(scale.shades(finite))
    filled = axes.contourf(chart.x, chart.y, shades, np.linspace(0, 1, _SHADES + 1), cmap=pale_colormap())
    axes.contour(chart.x, chart.y, shades, np.linspace(0, 1, _CONTOURS + 2)[1:-1], colors="#555555", linewidths=0.5)
    ticks = np.linspace(0, 1, _TICKS)
    bar = axes.figure.colorbar(filled, ax=axes, ticks=ticks)
    bar.set_ticklabels([f"{value:,.3g}" for value in scale.inverse(ticks)])
    axes.set(xlabel=chart.axes[0], ylabel=chart.axes[1], xlim=chart.x[[0, -1]], ylim=chart.y[[0, -1]])
    axes.set_title(f"{name} loss" + (" (log scale)" if scale.log else ""))
    look: dict[str, Any] = {"color": style.line_color(1), "markeredgecolor": "black", "zorder": 4}
    if len(chart.path) > 1:
        _, x, y = zip(*chart.path, strict=True)
        axes.plot(x, y, "-o", markersize=4, linewidth=1.5, **look)
        for (step, left, up), offset in ((chart.path[0], (6, 5)), (chart.path[-1], (-10, -18))):
            inside = chart.x[0] <= left <= chart.x[-1] and chart.y[0] <= up <= chart.y[-1]
            if inside:
                axes.annotate(f"step {step:,}", (left, up), textcoords="offset points", xytext=offset)
    axes.plot(0, 0, "*", markersize=12, color="white", markeredgecolor="black", zorder=5)
