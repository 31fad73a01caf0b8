"""Points in the plane by group, for a file."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from dlcli.plot import palette
from dlcli.plot.charts.groups import GroupPanel, GroupsChart, apart
from dlcli.plot.page import style

_SIDE, _COLUMNS = 3.6, 4  # inches of a panel; panels side by side
_LEGEND = 1.3  # inches
_MARKERS = "osD^vP*X"  # the colours repeat after eight groups
_LISTED = 24  # groups in the legend
_THUMBNAIL = 0.26  # inches of the longer side of a thumbnail, with its frame
_LONGEST = 1.0  # inches of the name of a group


@style.applied()
def draw(chart: GroupsChart) -> Figure:
    """Draw the panels, the picture, and a legend of the groups to the right."""
    count = len(chart.panels) + (chart.picture is not None)
    across = min(_COLUMNS, count)
    down = -(-count // across)
    width = _SIDE * across + _LEGEND
    height = (_SIDE + 0.2) * down + style.title_height(chart.title, width)
    figure = style.new_figure(width, height)
    style.write_title(figure, chart.title)
    cells = figure.subplots(down, across, squeeze=False).ravel()
    for axes, panel in zip(cells, chart.panels, strict=False):
        _draw_panel(axes, chart, panel)
    if chart.picture is not None:
        axes = cells[len(chart.panels)]
        left, right, bottom, top = chart.extent
        axes.imshow(
            palette.as_colors(chart.picture), extent=(left, right, bottom, top), aspect="auto", interpolation="nearest"
        )
        axes.set(xlabel=chart.panels[0].axes[0], ylabel=chart.panels[0].axes[1])
        axes.set_title(chart.caption, fontsize=style.NORMAL)
    for axes in cells[count:]:
        axes.set_visible(False)
    handles, labels = cells[0].get_legend_handles_labels()
    figure.legend(handles[:_LISTED], labels[:_LISTED], loc="outside right upper", markerscale=1.6)
    return figure


def _draw_panel(axes: Axes, chart: GroupsChart, panel: GroupPanel) -> None:
    size = 14.0 if len(chart.groups) < 400 else 7.0
    for number, name in enumerate(chart.names):
        marker = _MARKERS[number // len(palette.LINES) % len(_MARKERS)]
        color = style.line_color(number)
        x, y = panel.positions[chart.groups == number].T
        label = style.shorten(name, _LONGEST, style.SMALL)
        axes.scatter(x, y, s=size, color=color, marker=marker, alpha=0.75, linewidths=0, label=label)
    if chart.thumbnails is not None:
        _draw_thumbnails(axes, panel.positions, chart)
    axes.set(xlabel=panel.axes[0], ylabel=panel.axes[1])
    axes.set_title(panel.caption, fontsize=style.NORMAL)
    axes.tick_params(labelsize=style.SMALL)


def _draw_thumbnails(axes: Axes, positions: np.ndarray, chart: GroupsChart) -> None:
    """Draw the images in frames of the colours of their groups, and keep the points of the others."""
    assert chart.thumbnails is not None
    low, high = positions.min(axis=0), positions.max(axis=0)
    unit = np.where(high > low, high - low, 1.0) / (_SIDE - 2 * _THUMBNAIL - 0.5)  # per inch, the labels left out
    axes.set_xlim(*(low[0] - unit[0] * _THUMBNAIL, high[0] + unit[0] * _THUMBNAIL))
    axes.set_ylim(*(low[1] - unit[1] * _THUMBNAIL, high[1] + unit[1] * _THUMBNAIL))
    for index in np.flatnonzero(apart(positions, _THUMBNAIL * unit)).tolist():
        image = palette.as_colors(chart.thumbnails[index])
        zoom = 72 * (_THUMBNAIL - 0.03) / max(image.shape[:2])
        frame = {"edgecolor": style.line_color(int(chart.groups[index])), "linewidth": 1.2, "boxstyle": "square,pad=0"}
        shown = OffsetImage(image, zoom=zoom, interpolation="nearest")
        axes.add_artist(AnnotationBbox(shown, positions[index], bboxprops=frame, pad=0.0))
