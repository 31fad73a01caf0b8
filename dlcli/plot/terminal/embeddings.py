"""Labelled points in groups, in characters."""

from __future__ import annotations

import numpy as np

from dlcli.plot.charts.embeddings import EmbeddingsChart, place_labels
from dlcli.plot.palette import terminal_color
from dlcli.plot.terminal.fitting import below, truncate
from dlcli.plot.terminal.text import MARKERS, Cell, columns, fit, paragraph, printable, render, shorten

_MAX_LABEL = 16  # columns
_HEIGHT = 24  # lines of the canvas


def draw(
    chart: EmbeddingsChart, width: int = 80, colour: bool = True, max_lines: int | None = None, *, height: int = _HEIGHT
) -> list[str]:
    """Draw a marker per point, with its label where there is room, and a legend of the groups below.

    Within `max_lines` the last groups are left out of the legend.
    """
    positions = np.floor(chart.scaled_to(width, height, 0.5)) + 0.5
    labels = [shorten(printable(label), _MAX_LABEL) for label in chart.labels]
    sizes = np.array([[columns(label), 1] for label in labels], float)
    corners = place_labels(positions, sizes, (width, height), 1.0, (0.5,))
    canvas = [[Cell(" ")] * width for _ in range(height)]
    for position, group in zip(positions[::-1], chart.groups[::-1], strict=True):
        canvas[height - 1 - int(position[1])][int(position[0])] = _cell(_marker(int(group), colour), int(group))
    for corner, label, group in zip(corners, labels, chart.groups, strict=True):
        if corner is not None:
            row, start = canvas[height - 1 - round(corner[1])], round(corner[0])
            # The first cell contains the whole label and the others are empty, so that the row keeps its width.
            row[start : start + columns(label)] = [_cell(label, int(group)), *[Cell("")] * (columns(label) - 1)]
    rows = [render(row, colour).rstrip() for row in canvas]
    legend = [
        render([_cell(_marker(group, colour), group), Cell(f" {fit(name, min(width - 2, columns(name)))}")], colour)
        for group, name in enumerate(chart.group_names)
    ]
    heading = [*paragraph(chart.title, width), *rows, ""]
    return below(heading, max_lines, lambda left: truncate(legend, left, "groups"))


def _marker(group: int, colour: bool) -> str:
    return "●" if colour else MARKERS[group % len(MARKERS)]


def _cell(text: str, group: int) -> Cell:
    return Cell(text, terminal_color(group))
