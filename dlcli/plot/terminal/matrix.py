"""A matrix of shaded cells with row and column labels, in characters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dlcli.plot.palette import normalize, paint, text_color
from dlcli.plot.terminal.fitting import truncate
from dlcli.plot.terminal.text import Cell, columns, fit, paragraph, render, shorten

_SHADES = " ░▒▓█"
_MAX_LABEL, _MAX_CELL = 20, 8  # columns
_AROUND = 8  # lines that a matrix may need for column labels and the unit of its numbers


def matrix(
    values: np.ndarray,
    labels: tuple[Sequence[str], Sequence[str]],
    *,
    shades: np.ndarray | None = None,
    unit: str = "",
    width: int = 80,
    colour: bool = True,
    max_lines: int | None = None,
) -> list[str]:
    """Draw a matrix of shaded cells, with the values in the cells if they fit.

    Columns are numbered if their labels do not fit. If there are more columns or rows than fit, square blocks of
    neighbours are max-pooled into one cell.

    Args:
        values: [row, column].
        labels: of the rows and of the columns.
        shades: [row, column] in [0, 1], 1 being the darkest; default: from the lowest to the highest value.
        unit: unit of the values, written where they are.
        width: columns of the terminal.
        colour: shades of blue; otherwise block characters.
        max_lines: number of lines available; None: unlimited.
    """
    rows, names = labels
    if values.shape != (len(rows), len(names)):
        raise ValueError(f"values must have shape {(len(rows), len(names))}, as labelled, got {values.shape}")
    shades = normalize(values, "blues") if shades is None else shades
    label = min(max(columns(name) for name in rows) + 4, _MAX_LABEL, width // 3)
    block = -(-len(names) // (width - label - 1))
    if max_lines is not None and len(rows) + _AROUND > max_lines:
        block = max(block, -(-len(rows) // max(max_lines - _AROUND, 1)))
    if block > 1:
        return _pooled(shades, rows, block, width, colour)
    cell = min((width - label - 1) // len(names), _MAX_CELL)
    numbered = max(columns(name) for name in names) >= cell
    sides = [f"{index} {name}" for index, name in enumerate(rows)] if numbered else list(rows)
    heads = [str(index) for index in range(len(names))] if numbered else list(names)
    lines = [" " * (label + 1) + head for head in _header(heads, cell)]
    texts = _texts(values, cell - 1 if colour else cell - 2)
    for name, written, shade in zip(sides, texts, shades, strict=True):
        cells = [_cell(*pair, cell, colour) for pair in zip(written, shade, strict=True)]
        lines.append(fit(name, label) + " " + render(cells, colour))
    if unit and any(any(row) for row in texts):
        lines.append(shorten(f"numbers: {unit}", width))
    if numbered and list(rows) != list(names):
        lines += paragraph("columns: " + ", ".join(f"{index} {name}" for index, name in enumerate(names)), width)
    return truncate(lines, max_lines, "lines")


def _pooled(shades: np.ndarray, rows: Sequence[str], block: int, width: int, colour: bool) -> list[str]:
    """Draw the maximum of each square of `block` neighbours; a mean would hide a single confusion."""
    starts = range(0, len(rows), block)
    # fmax ignores NaN, the rows without examples.
    pooled = np.fmax.reduceat(np.fmax.reduceat(shades, starts, axis=0), range(0, shades.shape[1], block), axis=1)
    lines = paragraph(f"each cell: maximum of {block} × {block} cells", width)
    label = min(width - pooled.shape[1] - 1, _MAX_LABEL)
    for start, shade in zip(starts, pooled, strict=True):
        name = f"{start}–{min(start + block, len(rows)) - 1} {rows[start]}"
        lines.append(fit(name, label) + " " + render([_cell("", value, 1, colour) for value in shade], colour))
    return lines


def _header(heads: Sequence[str], cell: int) -> list[str]:
    """Return the labels of the columns: in one line, or digit by digit below each other where a cell is narrow."""
    deep = 1 if max(columns(head) for head in heads) < cell or cell > 2 else max(len(head) for head in heads)
    if deep == 1:
        return ["".join(fit(head, cell - 1, "right") + " " for head in heads).rstrip()]
    return ["".join(fit(head.rjust(deep)[row], cell, "left") for head in heads).rstrip() for row in range(deep)]


def _texts(values: np.ndarray, available: int) -> list[list[str]]:
    """Format all values or, if one does not fit, none."""
    whole = np.issubdtype(values.dtype, np.integer)
    texts = [[("·" if value == 0 else str(value)) if whole else f"{value:.2f}" for value in row] for row in values]
    fits = all(len(text) <= available for row in texts for text in row)
    return texts if fits else [[""] * values.shape[1]] * len(values)


def _cell(text: str, shade: float, width: int, colour: bool) -> Cell:
    if colour:
        background = paint(np.array(shade), "blues")
        return Cell(fit(text, width - 1, "right") + " " if width > 1 else " ", text_color(background), background)
    block = "?" if np.isnan(shade) else _SHADES[round(float(shade) * (len(_SHADES) - 1))]
    return Cell(fit(text, width - 1, "right") + block if text else block * width)
