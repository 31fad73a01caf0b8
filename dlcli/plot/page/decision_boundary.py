"""The decision boundary of a classifier in the plane, for a file."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from dlcli.artifacts import Animation
from dlcli.plot import palette
from dlcli.plot.charts.decision_boundary import DecisionBoundaryChart, Points, UnitMap, class_color
from dlcli.plot.page import style

_SIDE, _UNIT = 4.8, 1.05  # inches of the map and of the map of a unit
_SMALL_SIDE, _BESIDE = 3.4, 3  # inches of a map beside others, and maps per row
_LABEL = 0.32  # inches above the units of a layer
_COLUMNS = 4
_MARKERS = "osD^vP*X"  # of the classes, which are then distinguishable without colour
_LISTED = 8  # classes in the legend
_LONGEST_NAME, _KEY = 1.6, 0.55  # inches of the name of a class, and of its marker with the gaps around it
_SECONDS, _FASTEST = 8.0, 0.08  # of an animation, before its last frame rests, and of a frame
_MANY = 400  # points; more are drawn smaller


@style.applied()
def draw(chart: DecisionBoundaryChart) -> Figure:
    """Draw the probabilities with the data on them, and the units beside."""
    layers = [list(units) for _, units in groupby(chart.units, key=lambda each: each.layer)]
    heights = [_LABEL + (_UNIT + 0.2) * -(-len(units) // _COLUMNS) for units in layers]
    beside = _COLUMNS * _UNIT + 0.4 if layers else 0.0
    height = max(_SIDE, sum(heights)) + 0.7
    figure = style.new_figure(_SIDE + beside, height + style.title_height(chart.title, _SIDE + beside))
    style.write_title(figure, chart.title)
    if not layers:
        _draw_map(figure.subplots(), chart)
        return figure
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[_SIDE, beside])[0]
    _draw_map(left.subplots(), chart)
    parts = right.subfigures(len(layers), 1, squeeze=False, height_ratios=heights)
    for part, units in zip(parts[:, 0], layers, strict=True):
        _draw_units(part, chart, units)
    return figure


@style.applied()
def draw_beside(charts: Sequence[DecisionBoundaryChart], title: str) -> Figure:
    """Draw the maps of several classifiers of the same data in rows, each below its own title."""
    columns = min(_BESIDE, len(charts))
    rows = -(-len(charts) // columns)
    width = _SMALL_SIDE * columns
    figure = style.new_figure(width, (_SMALL_SIDE + 0.3) * rows + 0.2 + style.title_height(title, width))
    style.write_title(figure, title)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, chart in zip(grid, charts, strict=False):
        _draw_map(axes, chart, legend=False)
        axes.set_title("\n".join(style.wrap(chart.title, _SMALL_SIDE - 0.6, style.SMALL)), fontsize=style.SMALL)
    for axes in grid[len(charts) :]:
        axes.set_visible(False)
    return figure


@style.applied()
def animate(chart: DecisionBoundaryChart, frames: Sequence[tuple[str, np.ndarray]]) -> Animation:
    """Draw the map with other probabilities in each frame; the units are left out.

    Args:
        chart: the map, whose data stays the same.
        frames: caption and class probabilities, float [row, column, class], of each frame.
    """
    figure = style.new_figure(_SIDE, _SIDE + 0.95 + style.title_height(chart.title, _SIDE))
    style.write_title(figure, chart.title)
    axes = figure.subplots()
    background = _draw_map(axes, dataclasses.replace(chart, probabilities=frames[-1][1]), boundary=False)
    # The points lie above the background, so that each frame draws them again.
    caption = axes.text(0.02, 0.97, "", transform=axes.transAxes, va="top", fontweight="bold", zorder=5)
    caption.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2})

    def show(frame: int) -> None:
        text, probabilities = frames[frame]
        background.set_data(with_boundary(dataclasses.replace(chart, probabilities=probabilities)))
        caption.set_text(text)

    moving = [background, *axes.collections, *axes.spines.values(), caption]
    return Animation(figure, len(frames), show, max(_SECONDS / len(frames), _FASTEST), moving)


def with_boundary(chart: DecisionBoundaryChart) -> np.ndarray:
    """Return the colours [row, column, 3] with black pixels where the predicted class changes."""
    best = chart.probabilities.argmax(axis=-1)
    changes = np.zeros(best.shape, bool)
    changes[:, 1:] |= best[:, 1:] != best[:, :-1]
    changes[1:] |= best[1:] != best[:-1]
    return np.where(changes[..., None], 0.0, chart.colors())


def _draw_map(axes: Axes, chart: DecisionBoundaryChart, *, boundary: bool = True, legend: bool = True) -> AxesImage:
    """Draw the map, and return the image of its background."""
    axes.set(xlabel=chart.axes[0], ylabel=chart.axes[1])
    image = axes.imshow(chart.colors(), extent=_extent(chart), origin="lower", aspect="auto", interpolation="bilinear")
    if boundary:
        _draw_boundary(axes, chart, 1.2)
    for points in chart.points:
        for number in range(len(chart.classes)):
            _draw_points(axes, points, number)
    axes.set(xlim=chart.x[[0, -1]], ylim=chart.y[[0, -1]])
    if legend:
        _draw_legend(axes, chart)
    return image


def _draw_legend(axes: Axes, chart: DecisionBoundaryChart) -> None:
    names = [style.shorten(f"class {name}", _LONGEST_NAME, style.SMALL) for name in chart.classes[:_LISTED]]
    if len(chart.classes) > _LISTED:
        names[-1] = f"… {len(chart.classes) - _LISTED + 1} more classes"
    handles = [_handle(name, number) for number, name in enumerate(names)]
    handles.append(Line2D([], [], color="black", linewidth=1.2, label="decision boundary"))
    widest = max(style.text_width(each.get_label(), style.SMALL) for each in handles) + _KEY
    note = "filled: train, hollow: validation; background: predicted class, paler where less certain"
    look: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.09), "title_fontsize": style.SMALL}
    title = "\n".join(style.wrap(note, _SIDE - 0.6, style.SMALL))
    axes.legend(handles=handles, ncols=max(1, min(3, int((_SIDE - 0.6) / widest))), title=title, **look)


def _draw_points(axes: Axes, points: Points, number: int) -> None:
    """Draw the examples of one class: filled ones of training, hollow ones of validation."""
    filled, color = points.name == "train", class_color(number)
    size = 14 if len(points.labels) <= _MANY else 8
    look: dict[str, Any] = {"s": size, "facecolors": [color], "edgecolors": "black", "linewidths": 0.5, "zorder": 2}
    if not filled:
        look = {"s": 1.8 * size, "facecolors": "white", "edgecolors": [color], "linewidths": 1.0, "zorder": 3}
    axes.scatter(*points.positions[points.labels == number].T, marker=_MARKERS[number % len(_MARKERS)], **look)


def _handle(name: str, number: int) -> Line2D:
    look: dict[str, Any] = {"color": class_color(number), "markeredgecolor": "black", "linestyle": "none"}
    return Line2D([], [], marker=_MARKERS[number % len(_MARKERS)], markersize=5, label=name, **look)


def _draw_units(part: SubFigure, chart: DecisionBoundaryChart, units: list[UnitMap]) -> None:
    """Draw the maps of the units of one layer, all on one scale of colours."""
    values = np.stack([unit.values for unit in units])
    name: palette.Palette = "signed" if values.min() < 0 else "blues"
    low, high = palette.limits(values, name)
    part.suptitle(
        f"hidden layer {units[0].layer}: activations, {low:.2g} (pale) to {high:.2g} (dark)"
        if name == "blues"
        else f"hidden layer {units[0].layer}: activations, {low:.2g} (blue) to {high:.2g} (red)",
        fontsize=style.NORMAL,
    )
    grid = part.subplots(-(-len(units) // _COLUMNS), _COLUMNS, squeeze=False).ravel()
    for axes, unit in zip(grid, units, strict=False):
        colors = palette.as_colors(unit.values, name, (low, high))
        axes.imshow(colors, extent=_extent(chart), origin="lower", aspect="auto", interpolation="bilinear")
        _draw_boundary(axes, chart, 0.7)
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"unit {unit.unit}", fontsize=style.SMALL, pad=2)
    for axes in grid[len(units) :]:
        axes.set_visible(False)


def _draw_boundary(axes: Axes, chart: DecisionBoundaryChart, width: float) -> None:
    numbers = range(1) if len(chart.classes) == 2 else range(len(chart.classes))  # two classes share their boundary
    for margin in (chart.margin(number) for number in numbers):
        if margin.min() < 0 < margin.max():
            axes.contour(chart.x, chart.y, margin, [0.0], colors="black", linewidths=width)


def _extent(chart: DecisionBoundaryChart) -> tuple[float, float, float, float]:
    return float(chart.x[0]), float(chart.x[-1]), float(chart.y[0]), float(chart.y[-1])
