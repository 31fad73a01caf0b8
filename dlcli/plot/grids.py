"""Rows of small pictures with captions, for a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from dlcli.plot import palette, style
from dlcli.plot.sheet import Place, Sheet
from dlcli.plot.tiles import Grid, Row, Tile

_MARGIN, _GAP = 0.15, 0.12  # inches
_WIDTH = 9.0  # inches that the tiles are fitted into
_LEAST_WIDTH = 5.0
_LEAST_SIDE, _MOST_SIDE = 0.5, 2.8
_LINE = 1.3 / 72  # inches of a line of text for each point of its size


@style.applied()
def draw(grid: Grid) -> Figure:
    """Lay out a grid on a page wide enough for its longest row."""
    labels = _label_width(grid.rows)
    columns = max(len(row.tiles) for row in grid.rows)
    side = float(np.clip((_WIDTH - labels) / columns - _GAP, _LEAST_SIDE, _MOST_SIDE))
    width = max(_LEAST_WIDTH, 2 * _MARGIN + labels + columns * (side + _GAP) - _GAP)
    head = [(line, style.LARGE) for line in style.wrap(grid.title, width - 2 * _MARGIN, style.LARGE)]
    head += [(line, style.SMALL) for line in style.wrap(grid.note, width - 2 * _MARGIN, style.SMALL)]
    heights = [_row_height(row, labels, side) for row in grid.rows]
    above = 2 * _MARGIN + sum(size * _LINE for _, size in head)
    sheet = Sheet(width, above + sum(heights) + _GAP * (len(heights) - 1) + _MARGIN)
    _write(sheet, head, _MARGIN, _MARGIN)
    for row, height in zip(grid.rows, heights, strict=True):
        _draw_row(sheet, row, Place(_MARGIN, above, labels, height), side)
        above += height + _GAP
    return sheet.figure


def _label_width(rows: Sequence[Row]) -> float:
    """Return the inches of the column to the left, none where no row has a label."""
    widest = max((style.text_width(line, style.NORMAL) for row in rows for line in row.label.splitlines()), default=0)
    if any(row.scale for row in rows):
        widest = max(widest, 1.3)
    return min(widest, 2.0) + 2 * _GAP if widest else 0.0


def _size(tile: Tile, side: float) -> tuple[float, float]:
    """Return the inches of a tile's height and width; the longer is `side`."""
    height, width = palette.plane(tile.pixels).shape[:2]
    return side * height / max(height, width), side * width / max(height, width)


def _row_height(row: Row, labels: float, side: float) -> float:
    tallest = max((_size(tile, side)[0] + _caption_height(tile, side) for tile in row.tiles), default=0.0)
    label = len(style.wrap(row.label, labels - _GAP, style.NORMAL)) * style.NORMAL * _LINE
    return max(tallest, label + (0.25 if row.scale else 0.0))


def _caption_height(tile: Tile, side: float) -> float:
    return len(style.wrap(tile.caption, side + _GAP / 2, style.SMALL)) * style.SMALL * _LINE


def _draw_row(sheet: Sheet, row: Row, place: Place, side: float) -> None:
    label = [(line, style.NORMAL) for line in style.wrap(row.label, place.width - _GAP, style.NORMAL)]
    below = _write(sheet, label, place.left, place.top)
    if row.scale:
        bar = Place(place.left + 0.42, below + 0.06, 0.42, 0.1)
        sheet.scale(*row.scale, bar)
    left = place.left + place.width
    for tile in row.tiles:
        _draw_tile(sheet, tile, left, place.top, side)
        left += side + _GAP


def _draw_tile(sheet: Sheet, tile: Tile, left: float, top: float, side: float) -> None:
    height, width = _size(tile, side)
    place = Place(left + (side - width) / 2, top, width, height)
    colors = palette.as_colors(tile.pixels, tile.palette, tile.ends)
    sheet.picture(colors, place)
    if tile.window:
        sheet.lattice(place, colors.shape[:2], tile.window)
    if tile.numbers:
        sheet.numbers(palette.plane(tile.pixels), colors, place)
    caption = [(line, style.SMALL) for line in style.wrap(tile.caption, side + _GAP / 2, style.SMALL)]
    _write(sheet, caption, left + side / 2, top + height + 0.02, align="center")


def _write(sheet: Sheet, lines: Sequence[tuple[str, float]], left: float, top: float, align: str = "left") -> float:
    """Write lines of a text and a size below each other; return where the next one would be."""
    for text, size in lines:
        sheet.text(text, left, top, size=size, align=align)
        top += size * _LINE
    return top
