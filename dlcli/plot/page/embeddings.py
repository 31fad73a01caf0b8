"""Labelled points in groups, for a file."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlcli.artifacts import Animation
from dlcli.plot import palette
from dlcli.plot.charts.embeddings import EmbeddingsChart, place_labels
from dlcli.plot.page import style

_SIDE, _LEGEND = 7.4, 2.4  # inches
_DOT, _LINE = 0.07, 0.13  # inches: diameter of a point, height of a label
_GAPS = (0.05, 0.15, 0.3)  # inches between a point and its label, the preferred first
_LABELS = 40  # in three dimensions, where labels cover each other
_FRAMES, _SECONDS = 40, 0.15  # of a turn, and of each frame
_ELEVATION, _AZIMUTH = 18.0, -60.0  # degrees


@style.applied()
def draw(chart: EmbeddingsChart) -> Figure:
    """Draw the points, labels where there is room, and a legend of the groups to the right.

    In three dimensions, a thin line connects each point to the floor, and a part of the points have labels.
    """
    if chart.positions.shape[1] > 2:
        return _draw_space(chart)[0]
    width = _SIDE + _LEGEND
    above = style.title_height(chart.title, width) + 0.1
    figure = style.new_figure(width, _SIDE + above, layout=None)
    style.write_title(figure, chart.title)
    # In inches, the unit in which the labels are placed.
    axes = figure.add_axes((0, 0, _SIDE / width, _SIDE / (_SIDE + above)), xlim=(0, _SIDE), ylim=(0, _SIDE))
    axes.set_axis_off()
    positions = chart.scaled_to(_SIDE, _SIDE, 0.5)
    sizes = np.array([[style.text_width(label, style.SMALL) + 0.03, _LINE] for label in chart.labels])
    for group, name in enumerate(chart.group_names):
        members = chart.groups == group
        legend = style.shorten(name, _LEGEND - 0.4, style.SMALL)
        x, y = positions[members].T
        axes.scatter(x, y, s=12, color=_color(group), marker=_mark(group), label=legend, linewidths=0)
    corners = place_labels(positions, sizes, (_SIDE, _SIDE), _DOT, _GAPS)
    for position, size, corner, label, group in zip(positions, sizes, corners, chart.labels, chart.groups, strict=True):
        if corner is not None:
            _write(axes, label, position, (corner, size), _color(int(group)))
    for start, end in chart.arrows:
        look = {"arrowstyle": "-|>", "color": _color(int(chart.groups[start])), "shrinkA": 4, "shrinkB": 4}
        axes.annotate("", positions[end], positions[start], arrowprops=look)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 0.97), borderaxespad=0.0)
    return figure


@style.applied()
def turn(chart: EmbeddingsChart) -> Animation:
    """Turn the points in three dimensions once around the vertical axis."""
    figure, axes = _draw_space(chart)

    def show(frame: int) -> None:
        axes.view_init(_ELEVATION, _AZIMUTH + 360 * frame / _FRAMES)

    return Animation(figure, _FRAMES, show, _SECONDS, [axes])


def _draw_space(chart: EmbeddingsChart) -> tuple[Figure, Any]:
    width = _SIDE + _LEGEND
    figure = style.new_figure(width, _SIDE + style.title_height(chart.title, width), layout=None)
    style.write_title(figure, chart.title)
    axes: Any = figure.add_axes((0, 0, _SIDE / width, 0.95), projection="3d")
    axes.view_init(_ELEVATION, _AZIMUTH)
    floor = float(chart.positions[:, 2].min())
    for group, name in enumerate(chart.group_names):
        members = chart.positions[chart.groups == group]
        look = {"color": _color(group), "marker": _mark(group), "depthshade": False}
        axes.scatter(*members.T, s=14, label=style.shorten(name, _LEGEND - 0.4, style.SMALL), linewidths=0, **look)
        for x, y, z in members:
            axes.plot([x, x], [y, y], [floor, z], color=_color(group), linewidth=0.4, alpha=0.35)
    count = len(chart.labels)
    for point in np.unique(np.arange(_LABELS) * count // _LABELS):
        color = _color(int(chart.groups[point]))
        axes.text(*chart.positions[point], f" {chart.labels[point]}", fontsize=style.SMALL, color=color)
    for start, end in chart.arrows:
        axes.quiver(
            *chart.positions[start], *(chart.positions[end] - chart.positions[start]),
            color=_color(int(chart.groups[start])), arrow_length_ratio=0.12, linewidth=1.2,
        )  # fmt: skip
    axes.tick_params(labelsize=style.SMALL)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 0.97), borderaxespad=0.0)
    return figure, axes


def _write(axes: Axes, label: str, position: np.ndarray, box: tuple[np.ndarray, np.ndarray], color: str) -> None:
    corner, size = box
    nearest = np.clip(position, corner, corner + size)
    if np.linalg.norm(nearest - position) > 0.1:
        axes.plot(*np.stack([position, nearest]).T, color=color, linewidth=0.5, alpha=0.5)
    x, y = corner + size / 2
    axes.text(x, y, label, fontsize=style.SMALL, color=color, ha="center", va="center_baseline")


def _color(group: int) -> str:
    return palette.TEXT[group % len(palette.TEXT)]


def _mark(group: int) -> str:
    return "osD^vP*X"[group // 8 % 8]  # the colours repeat after eight groups
