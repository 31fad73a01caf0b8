"""Attention weights as shaded matrices, for a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dlcli.plot import palette
from dlcli.plot.charts.attention import AttentionChart
from dlcli.plot.page import style
from dlcli.plot.page.layout import LINE_HEIGHT, Page, Place

_MARGIN, _GAP = 0.15, 0.12  # inches
_LARGE, _SMALL = 6.0, 7.0  # inches: longer side of the mean, and width of a row of heads
_CELL = (0.1, 0.34)  # inches: smallest and largest side of a cell of the mean
_MAX_NAME = 0.9  # inches of a token's label
_LAYER = 0.7  # inches of the labels of the layers
_BAR, _BAR_ROOM = (2.4, 0.12), 0.42  # inches: the colour bar, and the height that it takes with its tick labels


@style.applied()
def draw(chart: AttentionChart) -> Figure:
    """Draw the mean with the labels of the tokens, and below it each layer and head, if there are several."""
    queries, keys = chart.mean.shape
    cell = float(np.clip(_LARGE / max(queries, keys), *_CELL))
    size = float(np.clip(cell * 50, 4.0, style.NORMAL))
    names = [[style.shorten(name, _MAX_NAME, size) for name in side] for side in (chart.queries, chart.keys)]
    left, below = (max(style.text_width(name, size) for name in side) + 0.12 for side in names)
    layers, heads = (0, 1) if chart.single else chart.weights.shape[:2]
    side = min(1.6, (_SMALL - _LAYER) / heads - _GAP)
    width = 2 * _MARGIN + max(left + keys * cell, _LAYER + heads * (side + _GAP), 5.0)
    head = [(line, style.LARGE) for line in style.wrap(chart.title, width - 2 * _MARGIN, style.LARGE)]
    head += [(line, style.SMALL) for line in style.wrap(chart.note, width - 2 * _MARGIN, style.SMALL)]
    small = side * min(1.0, max(0.3, queries / keys))
    row = small + style.SMALL * LINE_HEIGHT + _GAP
    bar = 2 * _MARGIN + sum(points * LINE_HEIGHT for _, points in head)
    top = bar + _BAR_ROOM
    page = Page(width, top + queries * cell + below + 2 * _GAP + layers * row + _MARGIN)
    page.lines(head, _MARGIN, _MARGIN)
    _draw_scale(page, chart, Place(_MARGIN + left, bar, *_BAR))
    _draw_mean(page, chart, Place(_MARGIN + left, top, keys * cell, queries * cell), names, size)
    top += queries * cell + below + 2 * _GAP
    for layer in range(layers):
        page.text(chart.row_names()[layer], _MARGIN, top + small / 2, style.SMALL)
        for number in range(heads):
            place = Place(_MARGIN + _LAYER + number * (side + _GAP), top, side, small)
            page.picture(palette.paint(chart.shades(chart.weights[layer, number]), "blues"), place)
            page.text(chart.column_names()[number], place.left + side / 2, top + small + 0.02, style.SMALL, "center")
        top += row
    return page.figure


def _draw_scale(page: Page, chart: AttentionChart, place: Place) -> None:
    """Draw the colour bar of all panels; its ticks are evenly spaced on the square root scale."""
    page.picture(palette.paint(np.linspace(0, 1, 128), "blues")[None], place)
    bottom = place.top + place.height
    for shade in np.linspace(0, 1, 5):
        x = place.left + shade * place.width
        page.axes.vlines(x, bottom, bottom + 0.03, color="#555555", linewidth=0.6)
        page.text(f"{shade**2 * chart.largest:.2g}", x, bottom + 0.04, style.SMALL, "center")
    middle = place.top + place.height / 2
    page.axes.text(place.left + place.width + 0.15, middle, "attention weight", fontsize=style.SMALL, va="center")


def _draw_mean(page: Page, chart: AttentionChart, place: Place, names: Sequence[Sequence[str]], size: float) -> None:
    """Draw the mean with the labels of the tokens, and frames around the known alignment."""
    queries, keys = chart.mean.shape
    cell = place.width / keys
    page.picture(palette.paint(chart.shades(chart.mean), "blues"), place)
    for row, name in enumerate(names[0]):
        middle = place.top + (row + 0.5) * cell
        page.axes.text(place.left - 0.05, middle, name, fontsize=size, ha="right", va="center")
    rotation = 90 if max(style.text_width(name, size) for name in names[1]) > cell else 0
    for column, name in enumerate(names[1]):
        middle, edge = place.left + (column + 0.5) * cell, place.top + queries * cell + 0.05
        page.axes.text(middle, edge, name, fontsize=size, ha="center", va="top", rotation=rotation)
    if chart.alignment is not None:
        for row, column in np.argwhere(chart.alignment):
            frame = Rectangle((place.left + column * cell, place.top + row * cell), cell, cell)
            frame.set(fill=False, edgecolor=palette.LINES[1], linewidth=0.7)
            page.axes.add_patch(frame)
