"""Cells of characters, their widths and their colours."""

from __future__ import annotations

import itertools
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

# Without colour, a marker per line, path or group; none of the letters that mark a kind of stationary point.
MARKERS = "*+ox#%@&^$BCDEGHIJKLNPQRTUVWXYZ"


class Cell(NamedTuple):
    """Characters of one colour.

    Attributes:
        text: the characters.
        color: float [3] in [0, 1]; None: the terminal's default.
        background: float [3] in [0, 1]; None: the terminal's default.
    """

    text: str
    color: np.ndarray | None = None
    background: np.ndarray | None = None


def render(cells: Sequence[Cell], colour: bool) -> str:
    """Join cells to a line, with ANSI codes where the colour changes; the line ends in the default colour."""
    if not colour:
        return "".join(cell.text for cell in cells)
    coded = [(_codes(cell), cell.text) for cell in cells]
    runs = [(codes, "".join(text for _, text in run)) for codes, run in itertools.groupby(coded, lambda pair: pair[0])]
    return "".join(f"\x1b[{codes}m{text}\x1b[0m" if codes else text for codes, text in runs)


def _codes(cell: Cell) -> str:
    return ";".join(
        f"{layer};2;" + ";".join(str(int(level)) for level in np.rint(np.asarray(color) * 255))
        for layer, color in ((38, cell.color), (48, cell.background))
        if color is not None
    )


def columns(text: str) -> int:
    """Return the width of a text without codes, in columns of a terminal."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fit(text: str, width: int, align: Literal["left", "right", "center"] = "left") -> str:
    """Pad a text with spaces, or truncate it with an ellipsis, to exactly `width` columns.

    Control characters become "�": the names of classes and files are untrusted, and the terminal would execute an
    escape code in them.
    """
    text = shorten(printable(text), width)
    padding = width - columns(text)
    before = {"left": 0, "right": padding, "center": padding // 2}[align]
    return " " * before + text + " " * (padding - before)


def printable(text: str) -> str:
    """Replace control characters and other characters without a glyph by "�"."""
    return "".join("�" if unicodedata.category(character).startswith("C") else character for character in text)


def shorten(text: str, width: int) -> str:
    """Truncate a text to at most `width` columns, with an ellipsis."""
    if columns(text) <= width:
        return text
    ends = itertools.accumulate(_columns(character) for character in text)
    kept = sum(end < width for end in ends)
    return text[:kept] + "…" * (width > 0)


def wrap(widths: Sequence[int], width: int) -> list[list[int]]:
    """Wrap items of these widths into rows of at most `width` columns; return the indices of the items in each row."""
    rows: list[list[int]] = []
    left = 0
    for index, needed in enumerate(widths):
        if not rows or needed > left:
            rows.append([])
            left = width
        rows[-1].append(index)
        left -= needed
    return rows


def paragraph(text: str, width: int) -> list[str]:
    """Wrap a text into lines of at most `width` columns."""
    return [shorten(line, width) for line in textwrap.wrap(printable(text), width)]
