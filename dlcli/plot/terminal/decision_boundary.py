"""The decision boundary of a classifier in the plane, in characters."""

from __future__ import annotations

from itertools import groupby

import numpy as np

from dlcli.plot.charts.decision_boundary import DecisionBoundaryChart, UnitMap, class_color
from dlcli.plot.charts.tiles import Row, Tile, TileGrid
from dlcli.plot.palette import Palette, contrast, limits
from dlcli.plot.terminal import tiles
from dlcli.plot.terminal.fitting import truncate
from dlcli.plot.terminal.text import MARKERS, Cell, fit, paragraph, render

_AREAS = " .:-=~"  # of the predicted classes, without colour
_HEIGHT, _LEAST = 20, 6  # lines of the map
_UNIT_HEIGHT = 5  # lines of the map of a unit
_PER_LINE = 8


def draw(chart: DecisionBoundaryChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw the predicted classes over the plane with the training examples on them; below, the hidden units."""
    legend = _legend(chart, width, colour)
    around = len(paragraph(chart.title, width)) + 1 + len(legend)
    height = _HEIGHT if max_lines is None else max(_LEAST, min(_HEIGHT, max_lines - around))
    lines = [*paragraph(chart.title, width), *_map(chart, width, height, colour), *legend]
    left = None if max_lines is None else max_lines - len(lines) - 1
    if not chart.units or (left is not None and left <= _UNIT_HEIGHT + 3):
        return truncate(lines, max_lines, "lines")
    return [*lines, "", *tiles.draw(_grid(chart), width, colour, left, height=_UNIT_HEIGHT, per_line=_PER_LINE)]


def _map(chart: DecisionBoundaryChart, width: int, height: int, colour: bool) -> list[str]:
    labels = [""] * height
    labels[0], labels[-1] = f"{chart.y[-1]:.3g}", f"{chart.y[0]:.3g}"
    labels[height // 2] = fit(chart.axes[1], min(8, len(chart.axes[1])))
    gutter = max(map(len, labels)) + 1
    cells = _cells(chart, (height, width - gutter), colour)
    left, right = f"{chart.x[0]:.3g}", f"{chart.x[-1]:.3g}"
    name = fit(chart.axes[0], width - gutter - len(left) - len(right), "center")
    rows = [f"{label:>{gutter - 1}} {render(row, colour)}" for label, row in zip(labels, cells, strict=True)]
    return [*rows, " " * gutter + left + name + right]


def _cells(chart: DecisionBoundaryChart, shape: tuple[int, int], colour: bool) -> list[list[Cell]]:
    rows = np.linspace(len(chart.y) - 1, 0, shape[0]).round().astype(int)
    columns = np.linspace(0, len(chart.x) - 1, shape[1]).round().astype(int)
    if colour:
        colors = np.round(chart.colors()[np.ix_(rows, columns)], 2)
        cells = [[Cell(" ", None, color) for color in row] for row in colors]
    else:
        best = chart.probabilities.argmax(axis=-1)[np.ix_(rows, columns)]
        cells = [[Cell(_AREAS[number % len(_AREAS)]) for number in row] for row in best]
    low, high = np.array([chart.x[0], chart.y[0]]), np.array([chart.x[-1], chart.y[-1]])
    points = next(each for each in chart.points if each.name == "train")
    places = (points.positions - low) / (high - low)
    inside = ((places >= 0) & (places <= 1)).all(axis=1)
    for (x, y), label in zip(places[inside], points.labels[inside], strict=True):
        row, column = round((1 - y) * (shape[0] - 1)), round(x * (shape[1] - 1))
        background = cells[row][column].background
        cells[row][column] = Cell(MARKERS[label % len(MARKERS)], _darkened(label, background), background)
    return cells


def _darkened(label: int, background: np.ndarray | None) -> np.ndarray | None:
    """Return the colour of a class, mixed with black to be legible on a pale background [3]."""
    if background is None:
        return None
    shades = (class_color(label) * weight for weight in np.linspace(1, 0, 11))
    return next(shade for shade in shades if contrast(shade, background) >= 3)


def _legend(chart: DecisionBoundaryChart, width: int, colour: bool) -> list[str]:
    points = next(each for each in chart.points if each.name == "train")
    counts = np.bincount(points.labels, minlength=len(chart.classes))
    lines = []
    for number, name in enumerate(chart.classes):
        area = "" if colour else f", predicted where {_AREAS[number % len(_AREAS)]!r}"
        lines.append(f"{MARKERS[number % len(MARKERS)]} class {name}: {counts[number]:,} training examples{area}")
    note = "background: predicted class, paler where its probability is lower" if colour else ""
    return [line for text in (*lines, note) for line in paragraph(text, width)]


def _grid(chart: DecisionBoundaryChart) -> TileGrid:
    rows = [_row(list(units)) for _, units in groupby(chart.units, key=lambda each: each.layer)]
    return TileGrid("hidden units: activations", rows)


def _row(units: list[UnitMap]) -> Row:
    values = np.stack([unit.values for unit in units])
    name: Palette = "signed" if values.min() < 0 else "heat"
    ends = limits(values, name)
    shown = [Tile(unit.values[::-1], f"unit {unit.unit}", name, ends) for unit in units]
    return Row(shown, f"layer {units[0].layer}, {ends[0]:.2g} to {ends[1]:.2g}")
