"""A grid of small pictures with captions, for a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from dlcli.plot import palette
from dlcli.plot.charts.tiles import Row, Tile, TileGrid
from dlcli.plot.page import style
from dlcli.plot.page.layout import LINE_HEIGHT, Page, Place

_MARGIN, _GAP = 0.15, 0.12  # inches
_WIDTH = 9.0  # inches that the tiles are fitted into
_ABREAST = 6.3  # inches of each of several rows side by side
_BETWEEN = 0.35  # inches between rows side by side
_MIN_WIDTH = 5.0
_AXIS_LABEL = 0.17  # inches that the label of an axis takes
_MIN_SIDE, _MAX_SIDE = 0.5, 2.8
_ROW_BAR = 0.42  # inches: width of the colour bar of a row, and of the number on its left
_BAR_WIDTH, _BAR_HEIGHT = 1.6, 0.11
_BAR_ROOM = 0.22  # inches of height that the colour bar of a grid takes


@style.applied()
def draw(grid: TileGrid) -> Figure:
    """Draw a grid on a page wide enough for its longest row, or for several side by side."""
    labels = _label_width(grid.rows)
    columns = max(len(row.tiles) for row in grid.rows)
    room = _WIDTH if grid.abreast == 1 else _ABREAST
    side = float(np.clip((room - labels) / columns - _GAP, _MIN_SIDE, _MAX_SIDE))
    each = labels + columns * (side + _GAP) - _GAP + _BETWEEN  # inches that a row takes
    width = max(_MIN_WIDTH, 2 * _MARGIN + grid.abreast * each - _BETWEEN)
    head = [(line, style.LARGE) for line in style.wrap(grid.title, width - 2 * _MARGIN, style.LARGE)]
    head += [(line, style.SMALL) for line in style.wrap(grid.note, width - 2 * _MARGIN, style.SMALL)]
    lines = [grid.rows[start : start + grid.abreast] for start in range(0, len(grid.rows), grid.abreast)]
    heights = [max(_row_height(row, labels, side) for row in line) for line in lines]
    top = 2 * _MARGIN + sum(size * LINE_HEIGHT for _, size in head) + (_BAR_ROOM if grid.scale else 0.0)
    page = Page(width, top + sum(heights) + _GAP * (len(heights) - 1) + _MARGIN)
    below = page.lines(head, _MARGIN, _MARGIN)
    if grid.scale:
        left = _MARGIN + style.text_width(f"{grid.scale.limits[0]:.3g}", style.SMALL) + 0.05
        page.color_bar(grid.scale, Place(left, below + 0.06, _BAR_WIDTH, _BAR_HEIGHT))
    for line, height in zip(lines, heights, strict=True):
        for number, row in enumerate(line):
            _draw_row(page, row, Place(_MARGIN + number * each, top, labels, height), side)
        top += height + _GAP
    return page.figure


def _label_width(rows: Sequence[Row]) -> float:
    """Return the width of the label column in inches, 0 where no row has a label."""
    widest = max((style.text_width(line, style.NORMAL) for row in rows for line in row.label.splitlines()), default=0)
    if any(row.scale for row in rows):
        widest = max(widest, 1.3)
    return min(widest, 2.0) + 2 * _GAP if widest else 0.0


def _size(tile: Tile, side: float) -> tuple[float, float]:
    """Return the height and width of a tile in inches; the longer one is `side`, less the room for its labels."""
    height, width = palette.squeezed(tile.pixels).shape[:2]
    side -= max(_room(tile))
    return side * height / max(height, width), side * width / max(height, width)


def _room(tile: Tile) -> tuple[float, float]:
    """Return the inches that labels take to the left of a tile and below it."""
    axis = _AXIS_LABEL if tile.axes else 0.0
    left, below = (
        max((style.text_width(each, style.SMALL) for each in part), default=0.0) for part in tile.ticks or ("", "")
    )
    return axis + (left + 0.05 if left else 0.0), axis + (below + 0.05 if below else 0.0)


def _row_height(row: Row, labels: float, side: float) -> float:
    tallest = max((_size(tile, side)[0] + _caption_height(tile, side) for tile in row.tiles), default=0.0)
    label = len(style.wrap(row.label, labels - _GAP, style.NORMAL)) * style.NORMAL * LINE_HEIGHT
    return max(tallest, label + (0.25 if row.scale else 0.0))


def _caption_height(tile: Tile, side: float) -> float:
    lines = len(style.wrap(tile.caption, side + _GAP / 2, style.SMALL)) * style.SMALL * LINE_HEIGHT
    return lines + _room(tile)[1]


def _draw_row(page: Page, row: Row, place: Place, side: float) -> None:
    label = [(line, style.NORMAL) for line in style.wrap(row.label, place.width - _GAP, style.NORMAL)]
    below = page.lines(label, place.left, place.top)
    if row.scale:
        page.color_bar(row.scale, Place(place.left + _ROW_BAR, below + 0.06, _ROW_BAR, 0.1))
    left = place.left + place.width
    for tile in row.tiles:
        _draw_tile(page, tile, left, place.top, side)
        left += side + _GAP


def _draw_tile(page: Page, tile: Tile, left: float, top: float, side: float) -> None:
    height, width = _size(tile, side)
    room, under = _room(tile)
    place = Place(left + room + (side - room - width) / 2, top, width, height)
    colors = palette.as_colors(tile.pixels, tile.palette, tile.limits)
    page.picture(colors, place)
    if tile.window:
        page.window_lines(place, (colors.shape[0], colors.shape[1]), tile.window)
    if tile.annotate:
        page.annotate(palette.squeezed(tile.pixels), colors, place)
    if tile.ticks:
        page.tick_labels(tile.ticks, place)
    if tile.axes:
        page.axis_labels(tile.axes, place, (room - _AXIS_LABEL, under - _AXIS_LABEL))
    caption = [(line, style.SMALL) for line in style.wrap(tile.caption, side + _GAP / 2, style.SMALL)]
    page.lines(caption, left + (room + side) / 2, top + height + under + 0.02, align="center")
