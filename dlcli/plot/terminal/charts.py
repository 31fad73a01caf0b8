"""Lines over steps, drawn with the dots of braille characters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dlcli.plot.palette import terminal_ink
from dlcli.plot.series import Panel, Series, colors
from dlcli.plot.terminal.fitting import spread
from dlcli.plot.terminal.text import MARKS, Cell, columns, fit, paragraph, render

# The bit of each dot of a braille character, [row, column] (Unicode, U+2800 and on).
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_BEST = "●"
_LOWEST = 4  # lines of a panel that must share the terminal


class _Axis(NamedTuple):
    """The values along an axis, and whether equal ratios or equal differences are equally long."""

    low: float
    high: float
    log: bool = False

    def shares(self, values: np.ndarray) -> np.ndarray:
        """Map values to [0, 1] along the axis; what has no place becomes NaN."""
        low, high = _spaced(np.array([self.low, self.high]), self.log)
        return (_spaced(values, self.log) - low) / (high - low)


def lines(panel: Panel, *, width: int = 80, height: int = 12, xlabel: str = "step", colour: bool = True) -> list[str]:
    """Draw the lines of a panel, smoothed where they say so, with axes and a legend below.

    With colour, or where there is one line, they are of braille dots; else each has a character.

    Args:
        panel: lines, name of the vertical axis, and whether it is logarithmic.
        width: columns.
        height: lines of the drawing itself.
        xlabel: name of the horizontal axis.
        colour: a colour for each run; without it a character for each line.
    """
    heading = paragraph(f"{panel.ylabel} by {xlabel}", width)
    across = _axis([line.steps[np.isfinite(_spaced(line.values, panel.log))] for line in panel.series], log=False)
    up = _axis([line.smooth for line in panel.series], panel.log)
    if across is None or up is None:
        return [*heading, "no values"]
    labels = _row_labels(up, height)
    gutter = max(columns(label) for label in labels)
    canvas = _canvas(panel.series, (across, up), (height, width - gutter - 1), colour)
    rows = [
        f"{label:>{gutter}}{'┤' if label else '│'}{render(row, colour)}"
        for label, row in zip(labels, canvas, strict=True)
    ]
    below = [" " * gutter + line for line in _step_axis(across, width - gutter - 1)]
    return [*heading, *rows, *below, *_legend(panel.series, width, colour)]


def charts(
    panels: Sequence[Panel], *, width: int = 80, height: int = 12, colour: bool = True, most: int | None = None
) -> list[str]:
    """Draw panels below each other, lower ones where all must fit in `most` lines; see `lines`."""
    sizes = [height] if most is None else range(height, _LOWEST - 1, -1)
    for size in sizes:
        blocks = [lines(panel, width=width, height=size, colour=colour) for panel in panels]
        if most is None or sum(map(len, blocks)) + len(blocks) - 1 <= most:
            break
    return spread(blocks, most, "panels")


def _spaced(values: np.ndarray, log: bool) -> np.ndarray:
    """Return the values, or their logarithms, with NaN for what is not finite."""
    usable = np.isfinite(values) & ((values > 0) if log else True)
    kept = np.where(usable, values, np.nan)
    return np.log10(kept) if log else kept


def _axis(values: Sequence[np.ndarray], log: bool) -> _Axis | None:
    """Return an axis that holds all values, or none where there are none."""
    every = np.concatenate([np.asarray(part, dtype=np.float64) for part in values]) if values else np.empty(0)
    every = every[np.isfinite(_spaced(every, log))]
    if not every.size:
        return None
    low, high = float(every.min()), float(every.max())
    if low == high:  # one value lies in the middle
        margin = abs(low) / 2 or 1.0
        low, high = low - margin, high + margin
    return _Axis(low, high, log)


def _ticks(axis: _Axis, most: int) -> list[float]:
    """Return round values along an axis, at most `most` steps apart."""
    if axis.log:
        decades = range(math.ceil(math.log10(axis.low)), math.floor(math.log10(axis.high)) + 1)
        if len(decades) >= 2:
            return [10.0**exponent for exponent in decades][:: -(-len(decades) // most)]
    rough = (axis.high - axis.low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough)
    first, last = math.ceil(axis.low / step), math.floor(axis.high / step)
    return [round(number * step, 12) for number in range(first, last + 1)]


def _row_labels(axis: _Axis, height: int) -> list[str]:
    """Return a label for each line of the drawing, most of them empty."""
    labels = [""] * height
    for tick in _ticks(axis, max(2, height // 3)):
        share = float(axis.shares(np.array(tick)))
        labels[_dot(1 - share, height * 4) // 4] = f"{tick:.6g}"
    return labels


def _dot(share: float, dots: int) -> int:
    return round(share * (dots - 1))


def _step_axis(axis: _Axis, room: int) -> list[str]:
    """Return the horizontal axis and the labels below it, in room + 1 columns."""
    rule, below = ["└"] + ["─"] * room, ""
    for tick in _ticks(axis, max(2, room // 12)):
        label = f"{tick:,.6g}"
        place = 1 + _dot(float(axis.shares(np.array(tick))), room)
        start = min(max(place - len(label) // 2, 0), room + 1 - len(label))
        if start <= len(below) and below:
            continue
        rule[place] = "┬"
        below = below.ljust(start) + label
    return ["".join(rule), below]


def _canvas(
    series: Sequence[Series], axes: tuple[_Axis, _Axis], shape: tuple[int, int], colour: bool
) -> list[list[Cell]]:
    """Draw all lines into `shape` characters, the later over the earlier."""
    braille = colour or len(series) == 1
    text, owner = np.full(shape, 0x2800 if braille else ord(" ")), np.full(shape, -1)
    for number, (line, color) in enumerate(zip(series, colors(series), strict=True)):
        down, across = (4, 2) if braille else (1, 1)
        rows, places = _trace(line, axes, (shape[0] * down, shape[1] * across))
        if line.dashed and braille:
            drawn = places // 4 % 2 == 0
            rows, places = rows[drawn], places[drawn]
        at = rows // down, places // across
        if braille:
            np.bitwise_or.at(text, at, _DOTS[rows % 4, places % 2])
        else:
            text[at] = ord(MARKS[number % len(MARKS)])
        owner[at] = color
    text[text == 0x2800] = ord(" ")  # some fonts draw an empty braille character
    for line, color in zip(series, colors(series), strict=True):
        if line.best is not None:
            at = _trace(_only(line, line.best), axes, shape)
            text[at], owner[at] = ord(_BEST), color
    return [
        [
            Cell(chr(character), None if color < 0 else terminal_ink(color))
            for character, color in zip(*row, strict=True)
        ]
        for row in zip(text, owner, strict=True)
    ]


def _only(line: Series, step: int) -> Series:
    at = line.steps == step
    return Series(line.label, line.steps[at], line.values[at])


def _trace(line: Series, axes: tuple[_Axis, _Axis], dots: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and columns of the dots that a line passes through."""
    across, up = axes
    places = across.shares(line.steps.astype(np.float64)) * (dots[1] - 1)
    rows = (1 - up.shares(line.smooth)) * (dots[0] - 1)
    points = np.stack([rows, places], axis=1)
    alone = points[np.isfinite(points).all(axis=1)]
    found = np.clip(np.rint(np.concatenate([alone, _joined(points)])), 0, np.array(dots) - 1).astype(int)
    return found[:, 0], found[:, 1]


def _joined(points: np.ndarray) -> np.ndarray:
    """Return [dot, 2]: from each point [2] to the next in steps of a dot at most; gaps where one is missing."""
    whole = np.isfinite(points[:-1] + points[1:]).all(axis=1)
    starts, ways = points[:-1][whole], (points[1:] - points[:-1])[whole]
    counts = 2 + np.abs(ways).max(axis=1, initial=0).astype(int)
    segment = np.repeat(np.arange(len(starts)), counts)
    along = (np.arange(len(segment)) - (np.cumsum(counts) - counts)[segment]) / (counts[segment] - 1)
    return starts[segment] + along[:, None] * ways[segment]


def _legend(series: Sequence[Series], width: int, colour: bool) -> list[str]:
    """Return the keys and captions of the lines, as many in a line as fit."""
    entries = []
    for number, (line, color) in enumerate(zip(series, colors(series), strict=True)):
        key = ("⠒ ⠒" if line.dashed else "⠒⠒⠒") if colour or len(series) == 1 else MARKS[number % len(MARKS)] * 3
        entries.append((Cell(key, terminal_ink(color)), line.caption))
    lines, room = [], 0
    for key, caption in entries:
        taken = min(len(key.text) + 1 + columns(caption), width)
        text = render([key], colour) + " " + fit(caption, taken - len(key.text) - 1)
        if room >= taken + 3:
            lines[-1] += "   " + text
            room -= taken + 3
        else:
            lines.append(text)
            room = width - taken
    return lines
