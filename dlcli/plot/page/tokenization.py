"""Texts split into tokens, as rows of boxes, for a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dlcli.plot import palette
from dlcli.plot.charts.tokenization import TokenBox, TokenizationChart, TokenRow
from dlcli.plot.page import style
from dlcli.plot.page.layout import LINE_HEIGHT, Page, Place

_MAX_WIDTH, _MIN_WIDTH = 8.0, 5.5  # inches of the page
_MARGIN = 0.2
_HEIGHT, _GAP, _PAD = 0.40, 0.05, 0.09  # inches: height of a box, distance between boxes, padding inside of a box
_LABEL_WIDTH = 2.0


@style.applied()
def draw(chart: TokenizationChart) -> Figure:
    """Draw a row of boxes for each text; a row that is too long is wrapped."""
    left = _MARGIN + min(_LABEL_WIDTH, max(_label_width(row) for row in chart.rows)) + 0.2
    available = _MAX_WIDTH - left - _MARGIN
    wrapped = [(_wrapped(row.boxes, available), row) for row in chart.rows]
    longest = max(sum(_width(box, available) + _GAP for box in line) for lines, _ in wrapped for line in lines)
    width = max(_MIN_WIDTH, min(_MAX_WIDTH, left + longest + _MARGIN))
    notes = [(line, style.SMALL) for line in style.wrap(chart.note, width - 2 * _MARGIN, style.SMALL)]
    top = style.title_height(chart.title, width) + 0.1
    body = top + len(notes) * style.SMALL * LINE_HEIGHT + 0.15
    page = Page(width, body + sum(len(lines) * (_HEIGHT + _GAP) + _GAP for lines, _ in wrapped) + 0.45)
    style.write_title(page.figure, chart.title)
    page.lines(notes, _MARGIN, top)
    top = body
    for lines, row in wrapped:
        _write_label(page, row, left, top)
        for line in lines:
            _draw_line(page, line, left, available, top)
            top += _HEIGHT + _GAP
        top += _GAP
    _draw_scale(page, chart.scale, left, top + 0.12)
    return page.figure


def _label_width(row: TokenRow) -> float:
    return max(style.text_width(row.label, style.NORMAL), style.text_width(row.note, style.SMALL))


def _width(box: TokenBox, available: float) -> float:
    inside = max(style.text_width(box.text, style.NORMAL), style.text_width(box.note, style.SMALL))
    return min(inside + 2 * _PAD, available)


def _wrapped(boxes: Sequence[TokenBox], available: float) -> list[list[TokenBox]]:
    """Wrap boxes into lines of at most `available` inches."""
    lines: list[list[TokenBox]] = [[]]
    used = 0.0
    for box in boxes:
        if lines[-1] and used + _width(box, available) > available:
            lines.append([])
            used = 0.0
        lines[-1].append(box)
        used += _width(box, available) + _GAP
    return lines


def _write_label(page: Page, row: TokenRow, left: float, top: float) -> None:
    look: dict[str, Any] = {"ha": "right", "va": "center_baseline"}
    middle = top + _HEIGHT * (0.34 if row.note else 0.5)
    text = style.shorten(row.label, _LABEL_WIDTH, style.NORMAL)
    page.axes.text(left - 0.15, middle, text, fontsize=style.NORMAL, **look)
    if row.note:
        page.axes.text(left - 0.15, top + _HEIGHT * 0.74, row.note, fontsize=style.SMALL, color="#555555", **look)


def _draw_line(page: Page, line: Sequence[TokenBox], left: float, available: float, top: float) -> None:
    for box in line:
        width = _width(box, available)
        background = palette.paint(np.array(box.shade), "blues")
        patch = Rectangle((left, top), width, _HEIGHT, facecolor=background, edgecolor="#555555", linewidth=0.6)
        page.axes.add_patch(patch)
        look: dict[str, Any] = {"ha": "center", "va": "center_baseline", "color": palette.text_color(background)}
        text = style.shorten(box.text, width - _PAD, style.NORMAL)
        page.axes.text(left + width / 2, top + _HEIGHT * 0.34, text, fontsize=style.NORMAL, **look)
        page.axes.text(left + width / 2, top + _HEIGHT * 0.76, box.note, fontsize=style.SMALL, **look)
        left += width + _GAP


def _draw_scale(page: Page, meanings: tuple[str, str], left: float, top: float) -> None:
    """Draw a colour bar from the darkest to the lightest shade, with their meanings on both sides."""
    label = style.text_width(meanings[0], style.SMALL) + 0.08
    place = Place(max(left - label, _MARGIN) + label, top, 1.2, 0.13)
    page.picture(palette.paint(np.linspace(1, 0, 128), "blues")[None], place)
    look: dict[str, Any] = {"fontsize": style.SMALL, "va": "center_baseline"}
    middle = top + place.height / 2
    page.axes.text(place.left - 0.06, middle, meanings[0], ha="right", **look)
    page.axes.text(place.left + place.width + 0.06, middle, meanings[1], **look)
