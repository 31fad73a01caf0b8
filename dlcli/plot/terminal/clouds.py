"""Named points in the plane, as words on a canvas of characters."""

from __future__ import annotations

import numpy as np

from dlcli.plot.palette import terminal_ink
from dlcli.plot.points import Cloud, corners
from dlcli.plot.terminal.fitting import cut
from dlcli.plot.terminal.text import MARKS, Cell, columns, fit, printable, render, shorten

_LONGEST = 16  # columns of a label


def cloud(
    points: Cloud, *, width: int = 80, height: int = 24, colour: bool = True, most: int | None = None
) -> list[str]:
    """Draw a mark for each point, its name beside it where there is room, and a line for each group below.

    Within `most` lines the last groups are left out of the legend.
    """
    places = np.floor(points.within(width, height, 0.5)) + 0.5
    labels = [shorten(printable(label), _LONGEST) for label in points.labels]
    sizes = np.array([[columns(label), 1] for label in labels], float)
    found = corners(places, sizes, (width, height), 1.0, (0.5,))
    canvas = [[Cell(" ")] * width for _ in range(height)]
    for place, group in zip(places[::-1], points.groups[::-1], strict=True):
        canvas[height - 1 - int(place[1])][int(place[0])] = _cell(_mark(int(group), colour), int(group))
    for corner, label, group in zip(found, labels, points.groups, strict=True):
        if corner is not None:
            row, start = canvas[height - 1 - round(corner[1])], round(corner[0])
            # The first cell of the label holds it; the rest are empty, so that a row keeps its width.
            row[start : start + columns(label)] = [_cell(label, int(group)), *[Cell("")] * (columns(label) - 1)]
    rows = [render(row, colour).rstrip() for row in canvas]
    legend = [
        render([_cell(_mark(group, colour), group), Cell(f" {fit(name, min(width - 2, columns(name)))}")], colour)
        for group, name in enumerate(points.names)
    ]
    return [*rows, "", *cut(legend, None if most is None else most - height - 1, "groups")]


def _mark(group: int, colour: bool) -> str:
    return "●" if colour else MARKS[group % len(MARKS)]


def _cell(text: str, group: int) -> Cell:
    return Cell(text, terminal_ink(group))
