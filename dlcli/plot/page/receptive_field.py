"""The receptive field of a unit, for a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from dlcli.plot import palette
from dlcli.plot.charts.receptive_field import Box, LayerField, ReceptiveFieldChart
from dlcli.plot.page import style


@style.applied()
def draw(chart: ReceptiveFieldChart) -> Figure:
    """Draw the field over the image and over its gradient, and the size of the fields of all layers."""
    width = max(9.0, 1.2 + 0.18 * len(chart.layers))
    figure = style.new_figure(width, 6.0 + style.title_height(chart.title, width))
    style.write_title(figure, chart.title)
    grid = figure.add_gridspec(2, 3, height_ratios=[1.15, 1])
    image, linear, logarithmic = (figure.add_subplot(grid[0, column]) for column in range(3))
    _draw_sizes(figure.add_subplot(grid[1, :]), chart.layers, max(chart.image.shape[:2]))
    _draw_box(image, palette.as_colors(chart.image), chart.box)
    image.set_title(f"image\n{_caption(chart.box, chart.image.shape)}")
    for axes, values, limits, title in (
        (linear, chart.relative_gradient, (0.0, 1.0), "|input gradient|\nrelative to its maximum"),
        (logarithmic, chart.log_gradient, chart.log_limits, "|input gradient|\nrelative to its maximum, log10"),
    ):
        _draw_box(axes, palette.as_colors(values, "heat", limits), chart.box)
        axes.set_title(title)
        figure.colorbar(ScalarMappable(Normalize(*limits), style.colormap("heat")), ax=axes, shrink=0.7)
    return figure


def _draw_box(axes: Axes, colors: np.ndarray, box: Box) -> None:
    height, width = colors.shape[:2]
    axes.imshow(colors, interpolation="nearest")
    # Pixel 3 reaches from 2.5 to 3.5. A white line below the coloured one makes it visible on any image.
    corner = (box.left - 0.5, box.top - 0.5)
    axes.add_patch(Rectangle(corner, box.width, box.height, fill=False, edgecolor="white", linewidth=3.2))
    axes.add_patch(Rectangle(corner, box.width, box.height, fill=False, edgecolor=style.line_color(0), linewidth=1.8))
    axes.set_xlim(_view(box.left, box.width, width))
    axes.set_ylim(_view(box.top, box.height, height)[::-1])
    axes.set_facecolor("#DDDDDD")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=6, integer=True))


def _caption(box: Box, shape: tuple[int, ...]) -> str:
    field = f"theoretical field: {box.height} × {box.width} pixels"
    sides = ((box.top, box.height, shape[0]), (box.left, box.width, shape[1]))
    hidden = all(start <= -image / 2 and start + size >= 1.5 * image for start, size, image in sides)
    if hidden:
        return f"{field} (larger than this view)"
    padded = any(start < 0 or start + size > image for start, size, image in sides)
    return f"{field} (blue)" + ("; gray: padding" if padded else "")


def _view(start: int, size: int, image: int) -> tuple[float, float]:
    """Return the limits of an axis: the image and the field, but at most half an image beyond the image."""
    first = max(min(0, start - 1), -image / 2)
    last = min(max(image, start + size + 1), 1.5 * image)
    return first - 0.5, last - 0.5


def _draw_sizes(axes: Axes, layers: Sequence[LayerField], side: int) -> None:
    theoretical = np.array([layer.size for layer in layers], dtype=np.float64)
    effective = np.array([np.nan if layer.effective is None else layer.effective for layer in layers])
    x = np.arange(len(layers))
    for values, color, line, marker, label in (
        (theoretical, style.line_color(0), "-", "o", "theoretical"),
        (effective, style.line_color(1), "--", "s", "effective (input gradient)"),
    ):
        if np.isfinite(values).any():
            axes.step(x, values, marker + line, where="mid", color=color, markersize=4, label=label)
    axes.axhline(side, color="#555555", linewidth=1.0, linestyle=":", label=f"side of the image, {side} pixels")
    vertical = len(layers) > 9
    gap = ", " if vertical else "\n"
    names = [f"{style.shorten(layer.layer, 1.2, style.SMALL)}{gap}stride {layer.stride}" for layer in layers]
    axes.set_xticks(x, names, rotation=90 if vertical else 0)
    axes.set(ylabel="side of the receptive field, pixels", ylim=(0, None))
    axes.grid(visible=True, axis="y")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
