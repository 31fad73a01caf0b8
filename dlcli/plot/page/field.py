"""Functions over the plane, for a file."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from dlcli.plot.charts.field import Field, FieldChart
from dlcli.plot.page import style

_SIDE = 2.9  # inches of a panel
_LABEL = 0.7  # inches of the labels of rows


@style.applied()
def draw(chart: FieldChart) -> Figure:
    """Draw the rows of panels, with one colour bar."""
    across = max(len(fields) for _, fields in chart.rows)
    width = _LABEL + _SIDE * across + (0.7 if chart.scale else 0.0)
    notes = style.wrap(chart.note, width - 0.4, style.SMALL)
    height = (_SIDE + 0.3) * len(chart.rows) + 0.2 + 0.16 * len(notes)
    figure = style.new_figure(width, height + style.title_height(chart.title, width))
    style.write_title(figure, chart.title)
    grid = figure.subplots(len(chart.rows), across, squeeze=False)
    for axes_row, (label, fields) in zip(grid, chart.rows, strict=True):
        for axes, field in zip(axes_row, fields, strict=False):
            _draw_field(axes, chart, field)
        for axes in axes_row[len(fields) :]:
            axes.set_visible(False)
        axes_row[0].set_ylabel(label)
    if chart.scale:
        shades = ScalarMappable(Normalize(*chart.scale.limits), style.colormap(chart.scale.palette))
        figure.colorbar(shades, ax=grid, label=chart.scale.label, fraction=0.04, aspect=30)
    figure.supxlabel("\n".join(notes), fontsize=style.SMALL, x=0.02, ha="left")
    return figure


def _draw_field(axes: Axes, chart: FieldChart, field: Field) -> None:
    low, high = chart.limits
    axes.set(xlim=chart.limits, ylim=chart.limits, aspect="equal")
    axes.set_title(field.caption, fontsize=style.NORMAL)
    axes.tick_params(labelsize=style.SMALL)
    if field.values is not None and chart.scale:
        look: dict[str, Any] = {
            "cmap": style.colormap(chart.scale.palette),
            "vmin": chart.scale.limits[0],
            "vmax": chart.scale.limits[1],
        }
        axes.imshow(field.values, extent=(low, high, low, high), origin="lower", interpolation="bilinear", **look)
    if field.points is not None:
        x, y = field.points.T
        axes.scatter(x, y, s=2.0, color="black", alpha=0.5, linewidths=0)
    if field.arrows is not None:
        across, up = (chart.positions(count) for count in (field.arrows.shape[1], field.arrows.shape[0]))
        lengths = np.linalg.norm(field.arrows, axis=-1, keepdims=True)
        # The longest arrow is as long as the distance of two arrows; the square root keeps short ones visible.
        scaled = field.arrows / np.sqrt(np.maximum(lengths, 1e-300) * max(float(lengths.max()), 1e-300))
        parts = np.moveaxis(scaled * (high - low) / max(len(across), 1), -1, 0)
        axes.quiver(
            across, up, *parts, angles="xy", scale_units="xy", scale=1.0, width=0.006, color=style.line_color(0)
        )
