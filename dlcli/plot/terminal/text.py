"""Characters, their widths and their colours."""

from __future__ import annotations

import itertools
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

# Without colours, a mark for each line, trail or group; no letter that stands for a kind of place on a surface.
MARKS = "*+ox#%@&^$BCDEGHIJKLNPQRTUVWXYZ"


class Cell(NamedTuple):
    """Some characters that share their colours, each [3] in [0, 1]; None: the terminal's own."""

    text: str
    ink: np.ndarray | None = None
    ground: np.ndarray | None = None


def render(cells: Sequence[Cell], colour: bool) -> str:
    """Join cells to a line; codes stand only where a colour changes, and the line ends without any."""
    if not colour:
        return "".join(cell.text for cell in cells)
    coded = [(_codes(cell), cell.text) for cell in cells]
    runs = [(codes, "".join(text for _, text in run)) for codes, run in itertools.groupby(coded, lambda pair: pair[0])]
    return "".join(f"\x1b[{codes}m{text}\x1b[0m" if codes else text for codes, text in runs)


def _codes(cell: Cell) -> str:
    return ";".join(
        f"{plane};2;" + ";".join(str(int(level)) for level in np.rint(np.asarray(color) * 255))
        for plane, color in ((38, cell.ink), (48, cell.ground))
        if color is not None
    )


def columns(text: str) -> int:
    """Return how many columns of a terminal the text takes, without its codes."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fit(text: str, width: int, align: Literal["left", "right", "center"] = "left") -> str:
    """Return exactly `width` columns: the text, padded with spaces, or cut with an ellipsis.

    Control characters become "�": names of classes and files come from strangers, and a code in
    one of them would reach the terminal.
    """
    text = shorten(printable(text), width)
    room = width - columns(text)
    before = {"left": 0, "right": room, "center": room // 2}[align]
    return " " * before + text + " " * (room - before)


def printable(text: str) -> str:
    """Replace what would not show as a character."""
    return "".join("�" if unicodedata.category(character).startswith("C") else character for character in text)


def shorten(text: str, width: int) -> str:
    """Cut a text to at most `width` columns; what was cut is an ellipsis."""
    if columns(text) <= width:
        return text
    taken = list(itertools.accumulate(_columns(character) for character in text))
    kept = sum(total < width for total in taken)
    return text[:kept] + "…" * (width > 0)


def beside(widths: Sequence[int], width: int) -> list[list[int]]:
    """Part things of these widths into rows of at most `width` columns; return the numbers of those in each row."""
    rows: list[list[int]] = []
    room = 0
    for number, taken in enumerate(widths):
        if not rows or taken > room:
            rows.append([])
            room = width
        rows[-1].append(number)
        room -= taken
    return rows


def paragraph(text: str, width: int) -> list[str]:
    """Break a text into lines of at most `width` columns."""
    return [shorten(line, width) for line in textwrap.wrap(printable(text), width)]
