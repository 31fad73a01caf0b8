"""Tables of shaded cells, bars, and means with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dlcli import formats
from dlcli.plot.counts import row_shares
from dlcli.plot.estimates import Interval
from dlcli.plot.palette import ink, normalize, paint, terminal_ink
from dlcli.plot.terminal.fitting import cut
from dlcli.plot.terminal.text import Cell, columns, fit, paragraph, printable, render, shorten

_SHADES = " ░▒▓█"
_EIGHTHS = " ▏▎▍▌▋▊▉"
_LABEL, _CELL = 20, 8  # columns at most
_AROUND = 8  # lines that a matrix may need for the names and the unit of its numbers


def confusion(
    counts: np.ndarray,
    labels: Sequence[str],
    *,
    percent: bool = False,
    width: int = 80,
    colour: bool = True,
    most: int | None = None,
) -> list[str]:
    """Draw a confusion matrix, int [class, class] with the true classes below each other.

    Cells are shaded by the square root of their share of the true class, so that rare confusions
    are seen; `percent` writes that share instead of the count.
    """
    shares = row_shares(counts)
    numbers = np.rint(100 * np.nan_to_num(shares)).astype(int) if percent else counts
    unit = "percent of the true class" if percent else "examples"
    heading = "rows: true class; columns: predicted class"
    if np.isnan(shares).any():
        heading += f"; {'gray' if colour else '?'}: no examples"
    above = paragraph(heading, width)
    room = None if most is None else most - len(above)
    lines = matrix(numbers, (labels, labels), shades=np.sqrt(shares), unit=unit, width=width, colour=colour, most=room)
    return [*above, *lines]


def matrix(
    values: np.ndarray,
    labels: tuple[Sequence[str], Sequence[str]],
    *,
    shades: np.ndarray | None = None,
    unit: str = "",
    width: int = 80,
    colour: bool = True,
    most: int | None = None,
) -> list[str]:
    """Draw a table of shaded cells, with their numbers where there is room.

    Columns whose names do not fit are numbered. Where there are more columns or rows than fit, neighbours
    share a cell, in both directions.

    Args:
        values: [row, column].
        labels: of the rows and of the columns.
        shades: [row, column] in [0, 1], 1 being the darkest; by default from the least value to the greatest.
        unit: of the numbers, named where they are shown.
        width: columns of the terminal.
        colour: shades of blue; else characters of growing weight.
        most: lines of the whole; None: any number.
    """
    rows, names = labels
    if values.shape != (len(rows), len(names)):
        raise ValueError(f"there must be labels for all cells, got {len(rows)} by {len(names)} for {values.shape}")
    shades = normalize(values, "blues") if shades is None else shades
    label = min(max(columns(name) for name in rows) + 4, _LABEL, width // 3)
    together = -(-len(names) // (width - label - 1))
    if most is not None and len(rows) + _AROUND > most:
        together = max(together, -(-len(rows) // (most - _AROUND)))
    if together > 1:
        return _condensed(shades, rows, together, width, colour)
    cell = min((width - label - 1) // len(names), _CELL)
    numbered = max(columns(name) for name in names) >= cell
    sides = [f"{index} {name}" for index, name in enumerate(rows)] if numbered else list(rows)
    heads = [str(index) for index in range(len(names))] if numbered else list(names)
    lines = [" " * (label + 1) + head for head in _header(heads, cell)]
    texts = _numbers(values, cell - 1 if colour else cell - 2)
    for name, written, shade in zip(sides, texts, shades, strict=True):
        cells = [_cell(*pair, cell, colour) for pair in zip(written, shade, strict=True)]
        lines.append(fit(name, label) + " " + render(cells, colour))
    if unit and any(any(row) for row in texts):
        lines.append(shorten(f"numbers: {unit}", width))
    if numbered and list(rows) != list(names):
        lines += paragraph("columns: " + ", ".join(f"{index} {name}" for index, name in enumerate(names)), width)
    return cut(lines, most, "lines")


def _condensed(shades: np.ndarray, rows: Sequence[str], together: int, width: int, colour: bool) -> list[str]:
    """Draw the darkest shade of each square of `together` neighbours: a mean would hide a lone confusion."""
    starts = range(0, len(rows), together)
    # fmax, since a row without examples says nothing of its neighbours.
    pooled = np.fmax.reduceat(np.fmax.reduceat(shades, starts, axis=0), range(0, shades.shape[1], together), axis=1)
    lines = paragraph(f"each cell is the darkest of {together} × {together}", width)
    label = min(width - pooled.shape[1] - 1, _LABEL)
    for start, shade in zip(starts, pooled, strict=True):
        name = f"{start}–{min(start + together, len(rows)) - 1} {rows[start]}"
        lines.append(fit(name, label) + " " + render([_cell("", value, 1, colour) for value in shade], colour))
    return lines


def _header(heads: Sequence[str], cell: int) -> list[str]:
    """Return the labels of the columns: in a line, or with their digits below each other where it is narrow."""
    deep = 1 if max(columns(head) for head in heads) < cell or cell > 2 else max(len(head) for head in heads)
    if deep == 1:
        return ["".join(fit(head, cell - 1, "right") + " " for head in heads).rstrip()]
    return ["".join(fit(head.rjust(deep)[row], cell, "left") for head in heads).rstrip() for row in range(deep)]


def _numbers(values: np.ndarray, room: int) -> list[list[str]]:
    """Write the values, all of them or, where one does not fit, none."""
    whole = np.issubdtype(values.dtype, np.integer)
    texts = [[("·" if value == 0 else str(value)) if whole else f"{value:.2f}" for value in row] for row in values]
    fits = all(len(text) <= room for row in texts for text in row)
    return texts if fits else [[""] * values.shape[1]] * len(values)


def _cell(text: str, shade: float, width: int, colour: bool) -> Cell:
    if colour:
        ground = paint(np.array(shade), "blues")
        return Cell(fit(text, width - 1, "right") + " " if width > 1 else " ", ink(ground), ground)
    block = "?" if np.isnan(shade) else _SHADES[round(float(shade) * (len(_SHADES) - 1))]
    return Cell(fit(text, width - 1, "right") + block if text else block * width)


def bars(
    labels: Sequence[str], values: np.ndarray, *, width: int = 80, longest: float | None = None, colour: bool = True
) -> list[str]:
    """Draw a bar from zero for each value, with the value to its right.

    Args:
        labels: a name for each bar.
        values: [bar], at least 0; NaN has no bar.
        width: columns of the terminal.
        longest: value of a bar over the whole width; by default the greatest.
        colour: whether bars are blue.
    """
    if len(labels) != len(values):
        raise ValueError(f"there must be a label for each value, got {len(labels)} and {len(values)}")
    if np.any(values < 0):
        raise ValueError(f"values must be at least 0, got {np.min(values)}")
    longest = longest or float(np.nanmax(values, initial=0.0)) or 1.0
    numbers = ["none" if np.isnan(value) else number for value, number in zip(values, _written(values), strict=True)]
    label = min(max(columns(printable(name)) for name in labels), _LABEL, width // 3)
    aligned = max(map(len, numbers))
    room = width - label - 2 - aligned - 1
    lines = []
    for name, value, number in zip(labels, values, numbers, strict=True):
        bar = render([Cell(_bar(min(float(np.nan_to_num(value)) / longest, 1.0), room), terminal_ink(0))], colour)
        lines.append(f"{fit(name, label)} ▕{bar} {number:>{aligned}}")
    return lines


def _written(values: np.ndarray) -> list[str]:
    whole = all(value == round(value) for value in values if np.isfinite(value))
    return formats.column([int(v) if whole and np.isfinite(v) else float(v) for v in values])


def intervals(rows: Sequence[Interval], *, title: str, width: int = 80, colour: bool = True) -> list[str]:
    """Draw a row for each: "├──●──┤" with the mean to its right, and "│" where zero is."""
    label = min(max(columns(row.label) for row in rows), _LABEL)
    numbers = [f"{row.mean:+.2f}" for row in rows]
    room = width - label - 2 - max(map(len, numbers))
    ends = np.array([[row.low, row.mean, row.high] for row in rows])
    ends = np.append(ends[np.isfinite(ends)], 0.0)
    low, high = float(ends.min()), float(ends.max())

    def place(value: float) -> int:
        return round((value - low) / ((high - low) or 1.0) * (room - 1))

    lines = paragraph(title, width)
    for row, number in zip(rows, numbers, strict=True):
        signs = [" "] * room
        if np.isfinite([row.low, row.high]).all():
            signs[place(row.low) : place(row.high) + 1] = "─" * (place(row.high) - place(row.low) + 1)
            signs[place(row.low)], signs[place(row.high)] = "├", "┤"
        signs[place(0.0)] = "│" if signs[place(0.0)] == " " else "┼"
        signs[place(row.mean)] = "●"
        line = render([Cell("".join(signs), terminal_ink(0))], colour)
        lines.append(f"{fit(row.label, label)} {line} {number}")
    return lines


def _bar(share: float, room: int) -> str:
    eighths = round(share * room * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(room)
