"""Texts split into tokens, in characters."""

from __future__ import annotations

import numpy as np

from dlcli.plot.charts.tokenization import TokenizationChart, TokenRow
from dlcli.plot.palette import paint, text_color
from dlcli.plot.terminal.fitting import below, truncate_blocks
from dlcli.plot.terminal.text import Cell, columns, fit, paragraph, printable, render, wrap

_MAX_LABEL = 24  # columns


def draw(chart: TokenizationChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw a row of boxes for each text, with the notes on the line below; a row that is too long is wrapped.

    Boxes are shades of blue or, without colour, brackets.
    """
    note = chart.note + (" Dark: {}; light: {}.".format(*chart.scale) if colour else "")
    label = max(max(columns(printable(row.label)), columns(row.note)) for row in chart.rows)
    label = min(label, _MAX_LABEL, width // 3)
    blocks = [_row(row, label, width, colour) for row in chart.rows]
    heading = [*paragraph(chart.title, width), *paragraph(note, width), ""]
    return below(heading, max_lines, lambda left: truncate_blocks(blocks, left, "rows"))


def _row(row: TokenRow, label: int, width: int, colour: bool) -> list[str]:
    lines: list[str] = []
    labels = [row.label, row.note]
    sizes = [min(max(columns(printable(box.text)), len(box.note)) + 3, width - label - 1) for box in row.boxes]
    for indices in wrap(sizes, width - label - 1):
        upper, lower = [], []
        for index in indices:
            box, inside = row.boxes[index], sizes[index] - 1
            background = paint(np.array(box.shade), "blues") if colour else None
            text = fit(box.text, inside, "center") if colour else f"[{fit(box.text, inside - 2, 'center')}]"
            upper += [Cell(text, None if background is None else text_color(background), background), Cell(" ")]
            lower += [Cell(fit(box.note, inside, "center")), Cell(" ")]
        for cells in (upper, lower):
            head = labels.pop(0) if labels else ""
            lines.append(f"{fit(head, label, 'right')} {render(cells[:-1], colour)}".rstrip())
    return lines
