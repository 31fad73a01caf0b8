"""Rows of boxes with something written in each, in characters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dlcli.plot.palette import ink, paint
from dlcli.plot.terminal.fitting import first
from dlcli.plot.terminal.text import Cell, beside, columns, fit, printable, render

if TYPE_CHECKING:
    from dlcli.plot.boxes import BoxRow

_LABEL = 24  # columns at most


def boxes(rows: Sequence[BoxRow], *, width: int = 80, colour: bool = True, most: int | None = None) -> list[str]:
    """Draw a row of boxes for each label, with the notes on a line below; a row that is too long goes on below.

    Args:
        rows: from top to bottom.
        width: columns of the terminal.
        colour: shades of blue; else the boxes stand between brackets.
        most: lines of the whole, for which the last rows are left out; None: any number.
    """
    label = min(max(max(columns(printable(row.label)), columns(row.note)) for row in rows), _LABEL, width // 3)
    blocks = []
    for row in rows:
        lines: list[str] = []
        heads = [row.label, row.note]
        sizes = [min(max(columns(printable(box.text)), len(box.note)) + 3, width - label - 1) for box in row.boxes]
        for places in beside(sizes, width - label - 1):
            upper, lower = [], []
            for place in places:
                box, inside = row.boxes[place], sizes[place] - 1
                ground = paint(np.array(box.shade), "blues") if colour else None
                text = fit(box.text, inside, "center") if colour else f"[{fit(box.text, inside - 2, 'center')}]"
                upper += [Cell(text, ink(ground) if colour else None, ground), Cell(" ")]
                lower += [Cell(fit(box.note, inside, "center")), Cell(" ")]
            for cells in (upper, lower):
                head = heads.pop(0) if heads else ""
                lines.append(f"{fit(head, label, 'right')} {render(cells[:-1], colour)}".rstrip())
        blocks.append(lines)
    return first(blocks, most, "rows")
