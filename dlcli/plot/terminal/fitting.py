"""What of a picture is shown where the terminal has not room for all of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

_MORE = "--full shows all"


def below(heading: Sequence[str], most: int | None, draw: Callable[[int | None], Sequence[str]]) -> list[str]:
    """Return the heading, and below it what is drawn in the lines that are left."""
    return [*heading, *draw(None if most is None else most - len(heading))]


def cut(lines: Sequence[str], most: int | None, what: str) -> list[str]:
    """Return the first lines and, where that is not all, how many things are left out.

    Args:
        lines: of the picture, one for each thing.
        most: lines there is room for; None: any number.
        what: the things, in the plural.
    """
    return first([[line] for line in lines], most, what)


def first(blocks: Sequence[Sequence[str]], most: int | None, what: str) -> list[str]:
    """Join the first blocks that fit in `most` lines; each shows one thing, and what is left out is counted."""
    ends = list(itertools.accumulate(map(len, blocks)))
    whole = most is None or not ends or ends[-1] <= most
    kept = len(blocks) if whole or most is None else sum(end < most for end in ends)
    lines = [line for block in blocks[:kept] for line in block]
    if kept == len(blocks):
        return lines
    return [*lines, f"{len(blocks) - kept:,} of {len(blocks):,} {what} left out: {_MORE}"]


def spread(blocks: Sequence[Sequence[str]], most: int | None, what: str, together: int = 1) -> list[str]:
    """Join blocks with a blank line between; of too many those at even distances, the first and the last among them.

    Args:
        blocks: the lines of each.
        most: lines there is room for; None: any number.
        what: what a block shows, in the plural.
        together: blocks that are shown together or not at all.
    """
    groups = [_joined(blocks[start : start + together]) for start in range(0, len(blocks), together)]
    for count in range(len(groups), 0, -1):
        places = [round(place * (len(groups) - 1) / max(count - 1, 1)) for place in range(count)]
        lines = _joined([groups[place] for place in places])
        if count < len(groups):
            lines += [f"{(len(groups) - count) * together} of {len(blocks)} {what} left out: {_MORE}"]
        if most is None or len(lines) <= most:
            return lines
    return cut(_joined(groups), most, "lines")


def _joined(blocks: Sequence[Sequence[str]]) -> list[str]:
    lines: list[str] = []
    for block in blocks:
        lines += ["", *block] if lines else block
    return lines
