"""Fits pictures into a number of lines, by leaving parts out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

_MORE = "--full shows all"


def below(heading: Sequence[str], max_lines: int | None, draw: Callable[[int | None], Sequence[str]]) -> list[str]:
    """Return the heading and below it what `draw` returns for the remaining number of lines."""
    return [*heading, *draw(None if max_lines is None else max_lines - len(heading))]


def truncate(lines: Sequence[str], max_lines: int | None, what: str) -> list[str]:
    """Keep the first lines, and count the others in the last line.

    Args:
        lines: one per item.
        max_lines: number of lines available; None: unlimited.
        what: the items, in the plural.
    """
    return truncate_blocks([[line] for line in lines], max_lines, what)


def truncate_blocks(blocks: Sequence[Sequence[str]], max_lines: int | None, what: str) -> list[str]:
    """Keep the first blocks of lines that fit, and count the others in the last line; one block per item."""
    ends = list(itertools.accumulate(map(len, blocks)))
    complete = max_lines is None or not ends or ends[-1] <= max_lines
    kept = len(blocks) if complete or max_lines is None else sum(end < max_lines for end in ends)
    lines = [line for block in blocks[:kept] for line in block]
    if kept == len(blocks):
        return lines
    return [*lines, f"{len(blocks) - kept:,} of {len(blocks):,} {what} left out: {_MORE}"]


def spread(blocks: Sequence[Sequence[str]], max_lines: int | None, what: str, together: int = 1) -> list[str]:
    """Join blocks with blank lines; where they do not fit, keep evenly spaced ones with the first and the last.

    Args:
        blocks: lines of each block.
        max_lines: number of lines available; None: unlimited.
        what: the items that the blocks show, in the plural.
        together: number of consecutive blocks that are kept or left out as a unit.
    """
    groups = [_joined(blocks[start : start + together]) for start in range(0, len(blocks), together)]
    for count in range(len(groups), 0, -1):
        kept = [round(index * (len(groups) - 1) / max(count - 1, 1)) for index in range(count)]
        lines = _joined([groups[index] for index in kept])
        if count < len(groups):
            lines += [f"{(len(groups) - count) * together} of {len(blocks)} {what} left out: {_MORE}"]
        if max_lines is None or len(lines) <= max_lines:
            return lines
    return truncate(_joined(groups), max_lines, "lines")


def _joined(blocks: Sequence[Sequence[str]]) -> list[str]:
    lines: list[str] = []
    for block in blocks:
        lines += ["", *block] if lines else block
    return lines
