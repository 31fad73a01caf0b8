"""Rows of boxes with something written in each: how texts break into pieces."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dlcli.plot import palette, style
from dlcli.plot.sheet import Place, Sheet

_WIDTH, _NARROWEST = 8.0, 5.5  # inches of the page at most, and at least
_HEIGHT, _GAP, _PAD = 0.40, 0.05, 0.09  # inches of a box, between boxes, and at either side of what stands in one
_LABEL_WIDTH = 2.0
_LINE = 1.25 / 72  # inches of a line of text for each point of its size


@dataclasses.dataclass(frozen=True)
class Box:
    """What is written in a box, a note below it, and how dark it is in [0, 1]; NaN: gray."""

    text: str
    note: str
    shade: float


@dataclasses.dataclass(frozen=True)
class BoxRow:
    """Boxes side by side, what they are of, and a note on that."""

    label: str
    note: str
    boxes: Sequence[Box]


@style.applied()
def boxes(rows: Sequence[BoxRow], *, title: str, note: str, ends: tuple[str, str]) -> Figure:
    """Draw a row of boxes for each label; a row that is too long goes on below.

    Args:
        rows: from top to bottom.
        title: of the figure.
        note: written below the title.
        ends: what the darkest and the lightest shade mean.
    """
    if not rows:
        raise ValueError("there must be a row or more, got none")
    left = 0.2 + min(_LABEL_WIDTH, max(_label_width(row) for row in rows)) + 0.2
    room = _WIDTH - left - 0.2
    lines = [(_lines(row.boxes, room), row) for row in rows]
    longest = max(sum(_width(box, room) + _GAP for box in line) for broken, _ in lines for line in broken)
    width = max(_NARROWEST, min(_WIDTH, left + longest + 0.2))
    notes = style.wrap(note, width - 0.4, style.SMALL)
    top = style.title_height(title, width) + 0.1 + len(notes) * style.SMALL * _LINE + 0.15
    height = top + sum(len(broken) * (_HEIGHT + _GAP) + _GAP for broken, _ in lines) + 0.45
    sheet = Sheet(width, height)
    style.write_title(sheet.figure, title)
    for number, line in enumerate(notes):
        sheet.text(line, 0.2, style.title_height(title, width) + 0.1 + number * style.SMALL * _LINE, style.SMALL)
    for broken, row in lines:
        _write_label(sheet, row, left, top)
        for line in broken:
            _draw_line(sheet, line, left, room, top)
            top += _HEIGHT + _GAP
        top += _GAP
    _draw_scale(sheet, ends, left, top + 0.12)
    return sheet.figure


def _label_width(row: BoxRow) -> float:
    return max(style.text_width(row.label, style.NORMAL), style.text_width(row.note, style.SMALL))


def _width(box: Box, room: float) -> float:
    inside = max(style.text_width(box.text, style.NORMAL), style.text_width(box.note, style.SMALL))
    return min(inside + 2 * _PAD, room)


def _lines(row: Sequence[Box], room: float) -> list[list[Box]]:
    """Break a row of boxes into lines of at most `room` inches."""
    lines: list[list[Box]] = [[]]
    used = 0.0
    for box in row:
        if lines[-1] and used + _width(box, room) > room:
            lines.append([])
            used = 0.0
        lines[-1].append(box)
        used += _width(box, room) + _GAP
    return lines


def _write_label(sheet: Sheet, row: BoxRow, left: float, top: float) -> None:
    look = {"ha": "right", "va": "center_baseline"}
    middle = top + _HEIGHT * (0.34 if row.note else 0.5)
    text = style.shorten(row.label, _LABEL_WIDTH, style.NORMAL)
    sheet.axes.text(left - 0.15, middle, text, fontsize=style.NORMAL, **look)
    if row.note:
        sheet.axes.text(left - 0.15, top + _HEIGHT * 0.74, row.note, fontsize=style.SMALL, color="#555555", **look)


def _draw_line(sheet: Sheet, line: Sequence[Box], left: float, room: float, top: float) -> None:
    for box in line:
        width = _width(box, room)
        ground = palette.paint(np.array(box.shade), "blues")
        patch = Rectangle((left, top), width, _HEIGHT, facecolor=ground, edgecolor="#555555", linewidth=0.6)
        sheet.axes.add_patch(patch)
        look = {"ha": "center", "va": "center_baseline", "color": palette.ink(ground)}
        text = style.shorten(box.text, width - _PAD, style.NORMAL)
        sheet.axes.text(left + width / 2, top + _HEIGHT * 0.34, text, fontsize=style.NORMAL, **look)
        sheet.axes.text(left + width / 2, top + _HEIGHT * 0.76, box.note, fontsize=style.SMALL, **look)
        left += width + _GAP


def _draw_scale(sheet: Sheet, ends: tuple[str, str], left: float, top: float) -> None:
    """Draw the shades from the darkest to the lightest, with what they mean at either side."""
    before = style.text_width(ends[0], style.SMALL) + 0.08
    place = Place(max(left - before, 0.2) + before, top, 1.2, 0.13)
    sheet.picture(palette.paint(np.linspace(1, 0, 128), "blues")[None], place)
    middle, look = top + place.height / 2, {"fontsize": style.SMALL, "va": "center_baseline"}
    sheet.axes.text(place.left - 0.06, middle, ends[0], ha="right", **look)
    sheet.axes.text(place.left + place.width + 0.06, middle, ends[1], **look)
