"""A text token by token, in characters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dlcli import formats
from dlcli.plot.palette import ink, normalize, paint
from dlcli.plot.reading import Read
from dlcli.plot.terminal.fitting import cut, first
from dlcli.plot.terminal.pictures import characters
from dlcli.plot.terminal.tables import bars
from dlcli.plot.terminal.text import Cell, columns, fit, paragraph, printable, render

_BAR = 34  # columns of a name and its bar
_WIDEST = 6  # columns of a token over a heat map
_FEWEST = 6  # units of a long text


def probabilities(read: Read, *, width: int = 80, colour: bool = True, most: int | None = None) -> list[str]:
    """Draw the text, its tokens coloured by their probability, and a line for each with its surprise and its rivals.

    Within `most` lines a third at most is the text, and the last tokens are left out.
    """
    lines = cut(_coloured(read, width), None if most is None else most // 3, "lines of text") if colour else []
    lines += [""] * bool(lines)
    lines += paragraph("surprise in bits; probability; the likeliest tokens in its place", width)
    room = None if most is None else most - len(lines)
    drawn = bars(read.tokens, read.surprise, width=min(_BAR, width // 2), colour=colour)
    tokens = []
    for bar, share, others, theirs in zip(drawn, read.probabilities, read.others, read.shares, strict=True):
        named = "  ".join(f"{name} {formats.percent(part, 0)}" for name, part in zip(others, theirs, strict=True))
        rest = f"  {formats.percent(share, 1):>8}   {named}"
        tokens.append(bar + fit(rest, width - min(_BAR, width // 2)).rstrip())
    return lines + cut(tokens, room, "tokens")


def states(
    tokens: Sequence[str],
    values: np.ndarray,
    units: Sequence[int],
    *,
    width: int = 80,
    colour: bool = True,
    most: int | None = None,
) -> list[str]:
    """Draw values in [-1, 1] of units over tokens, [unit, token], as a heat map.

    Args:
        tokens: of the text; what does not fit into a line goes on below.
        values: of the units.
        units: the number of each.
        width: columns of the terminal.
        colour: blue below zero, red above; else characters.
        most: lines of the whole, for which the last units, and then the last tokens, are left out; None: any number.
    """
    label = max(len(str(unit)) for unit in units) + 1
    cell = min(max(columns(printable(each)) for each in tokens), _WIDEST)
    cell += cell > 1
    per_line = max((width - label) // cell, 1)
    lines = [] if colour else paragraph("in characters: = - . are negative, : + # positive", width)
    shares = normalize(values, "signed", (-1.0, 1.0))
    parts = [slice(start, start + per_line) for start in range(0, len(tokens), per_line)]
    kept = len(units)
    if most is not None:
        kept = min(kept, max((most - len(lines) - 1) // len(parts) - 2, _FEWEST))
        if kept < len(units):
            lines += paragraph(f"{len(units) - kept} of {len(units)} units left out: --full shows all", width)
    blocks = []
    for part in parts:
        heading = "".join(fit(each, cell - 1) + " " if cell > 1 else fit(each, 1) for each in tokens[part])
        block = ["", (" " * label + heading).rstrip()]
        for unit, row in zip(units[:kept], shares[:kept, part], strict=True):
            drawn = characters(row, "signed")
            grounds = paint(row, "signed")
            cells = [
                Cell(" " * cell, None, ground) if colour else Cell(str(each) * cell)
                for each, ground in zip(drawn, grounds, strict=True)
            ]
            block.append(f"{unit:>{label - 1}} " + render(cells, colour))
        blocks.append(block)
    return lines + first(blocks, None if most is None else most - len(lines), "parts of the text")


def _coloured(read: Read, width: int) -> list[str]:
    """Write the text itself, on grounds that say how probable each token was."""
    grounds = paint(read.probabilities, "blues")
    lines: list[list[Cell]] = [[]]
    room = width
    for token, ground in zip(map(printable, read.tokens), grounds, strict=True):
        shown = fit(token, min(columns(token), width))
        if columns(shown) > room:
            lines.append([])
            room = width
        lines[-1].append(Cell(shown, ink(ground), ground))
        room -= columns(shown)
    heading = "on white improbable, on dark blue probable:"
    return [*paragraph(heading, width), *(render(line, colour=True) for line in lines)]
