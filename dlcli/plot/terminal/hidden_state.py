"""The activations of recurrent units over the tokens of a text, in characters."""

from __future__ import annotations

from dlcli.plot.charts.hidden_state import HiddenStateChart
from dlcli.plot.charts.tiles import ColorScale
from dlcli.plot.palette import normalize, paint
from dlcli.plot.terminal.fitting import truncate_blocks
from dlcli.plot.terminal.text import Cell, columns, fit, paragraph, printable, render
from dlcli.plot.terminal.tiles import characters, color_bar

_MAX_TOKEN = 6  # columns
_MIN_UNITS = 6  # of a long text
_SCALE = ColorScale("signed", (-1.0, 1.0), "activation")


def draw(chart: HiddenStateChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw the activations as a heat map, a row per unit; a text that does not fit into one line is wrapped.

    Within `max_lines` the last units are left out, and then the last tokens.
    """
    label = max(len(str(unit)) for unit in chart.units) + 1
    cell = min(max(columns(printable(token)) for token in chart.tokens), _MAX_TOKEN)
    cell += cell > 1
    per_line = max((width - label) // cell, 1)
    parts = [slice(start, start + per_line) for start in range(0, len(chart.tokens), per_line)]
    lines = [*paragraph(chart.title, width), color_bar(_SCALE, width, colour)]
    units = len(chart.units)
    if max_lines is not None:
        units = min(units, max((max_lines - len(lines) - 1) // len(parts) - 2, _MIN_UNITS))
        if units < len(chart.units):
            left_out = len(chart.units) - units
            lines += paragraph(f"{left_out} of {len(chart.units)} units left out: --full shows all", width)
    blocks = [_part(chart, part, units, (label, cell), colour) for part in parts]
    return lines + truncate_blocks(blocks, None if max_lines is None else max_lines - len(lines), "parts of the text")


def _part(chart: HiddenStateChart, part: slice, units: int, size: tuple[int, int], colour: bool) -> list[str]:
    """Draw some of the tokens; `size` is the columns of a unit's label and of a token."""
    label, cell = size
    heading = "".join(fit(token, cell - 1) + " " if cell > 1 else fit(token, 1) for token in chart.tokens[part])
    lines = ["", (" " * label + heading).rstrip()]
    fractions = normalize(chart.activations[:units, part], "signed", _SCALE.limits)
    for unit, row in zip(chart.units[:units], fractions, strict=True):
        cells = [
            Cell(" " * cell, None, background) if colour else Cell(str(character) * cell)
            for character, background in zip(characters(row, "signed"), paint(row, "signed"), strict=True)
        ]
        lines.append(f"{unit:>{label - 1}} " + render(cells, colour))
    return lines
