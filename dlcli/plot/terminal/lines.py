"""Lines over training steps, drawn with the dots of braille characters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dlcli.plot.charts.lines import Line, LinesChart, Panel, color_numbers
from dlcli.plot.palette import terminal_color
from dlcli.plot.terminal.fitting import below, spread
from dlcli.plot.terminal.text import MARKERS, Cell, columns, fit, paragraph, render

# The bit of each dot of a braille character, [row, column] (Unicode, from U+2800).
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_BEST = "●"
_HEIGHT, _MIN_HEIGHT = 10, 4  # lines of a panel


class _Axis(NamedTuple):
    """The limits of an axis, and whether it is logarithmic."""

    low: float
    high: float
    log: bool = False

    def fractions(self, values: np.ndarray) -> np.ndarray:
        """Map values to [0, 1] along the axis; NaN where the axis cannot show the value."""
        low, high = _transformed(np.array([self.low, self.high]), self.log)
        return np.asarray((_transformed(values, self.log) - low) / (high - low))


def draw(chart: LinesChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw the title, and panels below each other."""
    return below(
        [*paragraph(chart.title, width), ""],
        max_lines,
        lambda left: draw_panels(chart.panels, width, colour, left, xlabel=chart.xlabel, log_x=chart.log_x),
    )


def draw_panels(
    panels: Sequence[Panel],
    width: int = 80,
    colour: bool = True,
    max_lines: int | None = None,
    *,
    height: int = _HEIGHT,
    xlabel: str = "step",
    log_x: bool = False,
) -> list[str]:
    """Draw panels below each other, with less height where they would not fit in `max_lines`; see `draw_panel`."""
    heights = [height] if max_lines is None else range(height, _MIN_HEIGHT - 1, -1)
    for each in heights:
        blocks = [draw_panel(panel, width, colour, height=each, xlabel=xlabel, log_x=log_x) for panel in panels]
        if max_lines is None or sum(map(len, blocks)) + len(blocks) - 1 <= max_lines:
            break
    return spread(blocks, max_lines, "panels")


def draw_panel(
    panel: Panel,
    width: int = 80,
    colour: bool = True,
    *,
    height: int = 12,
    xlabel: str = "step",
    log_x: bool = False,
) -> list[str]:
    """Draw the lines of a panel with axes, and a legend below.

    With colour, or if there is only one line, they are drawn in braille dots; otherwise with one character per line.

    Args:
        panel: the lines.
        width: columns of the terminal.
        colour: one colour per run.
        height: lines of the drawing without axis and legend.
        xlabel: label of the horizontal axis.
        log_x: use a logarithmic horizontal axis.
    """
    heading = paragraph(f"{panel.ylabel} over {xlabel}" + (" (log scale)" if panel.log else ""), width)
    across = _axis([line.steps[np.isfinite(_transformed(line.values, panel.log))] for line in panel.lines], log=log_x)
    up = _axis([line.smoothed for line in panel.lines], panel.log)
    if across is None or up is None:
        return [*heading, "no values"]
    labels = _row_labels(up, height)
    gutter = max(columns(label) for label in labels)
    canvas = _canvas(panel.lines, (across, up), (height, width - gutter - 1), colour)
    rows = [
        f"{label:>{gutter}}{'┤' if label else '│'}{render(row, colour)}"
        for label, row in zip(labels, canvas, strict=True)
    ]
    axis = [" " * gutter + line for line in _step_axis(across, width - gutter - 1)]
    return [*heading, *rows, *axis, *_legend(panel.lines, width, colour)]


def _transformed(values: np.ndarray, log: bool) -> np.ndarray:
    """Return the values, or their logarithms, with NaN instead of non-finite ones."""
    usable = np.isfinite(values) & ((values > 0) if log else True)
    kept = np.where(usable, values, np.nan)
    return np.log10(kept) if log else kept


def _axis(values: Sequence[np.ndarray], log: bool) -> _Axis | None:
    """Return an axis that covers all finite values, or None if there are none."""
    every = np.concatenate([np.asarray(part, dtype=np.float64) for part in values]) if values else np.empty(0)
    every = every[np.isfinite(_transformed(every, log))]
    if not every.size:
        return None
    low, high = float(every.min()), float(every.max())
    if low == high:  # a single value is in the middle
        margin = abs(low) / 2 or 1.0
        low, high = low - margin, high + margin
    return _Axis(low, high, log)


def _ticks(axis: _Axis, count: int) -> list[float]:
    """Return round values along an axis, in at most `count` intervals."""
    if axis.log:
        for mantissas in ((1, 2, 5), (1, 3), (1,)):
            values = _within(axis, mantissas)
            if 2 <= len(values) <= count + 1:
                return values
        decades = _within(axis, (1,))
        if len(decades) >= 2:
            return decades[:: -(-len(decades) // count)]
    rough = (axis.high - axis.low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough)
    first, last = math.ceil(axis.low / step), math.floor(axis.high / step)
    return [round(number * step, 12) for number in range(first, last + 1)]


def _within(axis: _Axis, mantissas: tuple[int, ...]) -> list[float]:
    """Return the products of the mantissas and a power of ten along an axis."""
    exponents = range(math.floor(math.log10(axis.low)), math.floor(math.log10(axis.high)) + 1)
    values = [float(f"{mantissa}e{exponent}") for exponent in exponents for mantissa in mantissas]
    return [value for value in values if axis.low <= value <= axis.high]


def _row_labels(axis: _Axis, height: int) -> list[str]:
    """Return a label per line of the drawing, most of them empty."""
    labels = [""] * height
    for tick in _ticks(axis, max(2, height // 3)):
        fraction = float(axis.fractions(np.array(tick)))
        labels[_dot(1 - fraction, height * 4) // 4] = f"{tick:.6g}"
    return labels


def _dot(fraction: float, dots: int) -> int:
    return round(fraction * (dots - 1))


def _step_axis(axis: _Axis, length: int) -> list[str]:
    """Return the horizontal axis and the labels below it, in `length` + 1 columns."""
    rule, labels = ["└"] + ["─"] * length, ""
    for tick in _ticks(axis, max(2, length // 12)):
        label = f"{tick:,.6g}"
        column = 1 + _dot(float(axis.fractions(np.array(tick))), length)
        start = min(max(column - len(label) // 2, 0), length + 1 - len(label))
        if start <= len(labels) and labels:
            continue
        rule[column] = "┬"
        labels = labels.ljust(start) + label
    return ["".join(rule), labels]


def _canvas(lines: Sequence[Line], axes: tuple[_Axis, _Axis], shape: tuple[int, int], colour: bool) -> list[list[Cell]]:
    """Draw all lines into `shape` characters, later ones over earlier ones."""
    braille = colour or len(lines) == 1
    text, owner = np.full(shape, 0x2800 if braille else ord(" ")), np.full(shape, -1)
    for number, (line, color) in enumerate(zip(lines, color_numbers(lines), strict=True)):
        down, across = (4, 2) if braille else (1, 1)
        rows, places = _dots(line, axes, (shape[0] * down, shape[1] * across))
        if line.dashed and braille:
            drawn = places // 4 % 2 == 0
            rows, places = rows[drawn], places[drawn]
        at = rows // down, places // across
        if braille:
            np.bitwise_or.at(text, at, _DOTS[rows % 4, places % 2])
        else:
            text[at] = ord(MARKERS[number % len(MARKERS)])
        owner[at] = color
    text[text == 0x2800] = ord(" ")  # some fonts draw an empty braille character
    for line, color in zip(lines, color_numbers(lines), strict=True):
        if line.best is not None:
            at = _dots(_only(line, line.best), axes, shape)
            text[at], owner[at] = ord(_BEST), color
    return [
        [
            Cell(chr(character), None if color < 0 else terminal_color(color))
            for character, color in zip(*row, strict=True)
        ]
        for row in zip(text, owner, strict=True)
    ]


def _only(line: Line, step: int) -> Line:
    at = line.steps == step
    return Line(line.label, line.steps[at], line.values[at])


def _dots(line: Line, axes: tuple[_Axis, _Axis], dots: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and the columns of the dots that a line passes through."""
    across, up = axes
    places = across.fractions(line.steps.astype(np.float64)) * (dots[1] - 1)
    rows = (1 - up.fractions(line.smoothed)) * (dots[0] - 1)
    points = np.stack([rows, places], axis=1)
    alone = points[np.isfinite(points).all(axis=1)]
    found = np.clip(np.rint(np.concatenate([alone, _joined(points)])), 0, np.array(dots) - 1).astype(int)
    return found[:, 0], found[:, 1]


def _joined(points: np.ndarray) -> np.ndarray:
    """Interpolate between neighbouring points in steps of at most one dot, [dot, 2]; non-finite points leave a gap."""
    whole = np.isfinite(points[:-1] + points[1:]).all(axis=1)
    starts, deltas = points[:-1][whole], (points[1:] - points[:-1])[whole]
    counts = 2 + np.abs(deltas).max(axis=1, initial=0).astype(int)
    segment = np.repeat(np.arange(len(starts)), counts)
    along = (np.arange(len(segment)) - (np.cumsum(counts) - counts)[segment]) / (counts[segment] - 1)
    return starts[segment] + along[:, None] * deltas[segment]


def _legend(lines: Sequence[Line], width: int, colour: bool) -> list[str]:
    """Return the keys and captions of the lines, as many per row as fit."""
    entries = []
    for number, (line, color) in enumerate(zip(lines, color_numbers(lines), strict=True)):
        key = ("⠒ ⠒" if line.dashed else "⠒⠒⠒") if colour or len(lines) == 1 else MARKERS[number % len(MARKERS)] * 3
        entries.append((Cell(key, terminal_color(color)), line.caption))
    rows: list[str] = []
    left = 0
    for cell, caption in entries:
        needed = min(len(cell.text) + 1 + columns(caption), width)
        text = render([cell], colour) + " " + fit(caption, needed - len(cell.text) - 1)
        if left >= needed + 3:
            rows[-1] += "   " + text
            left -= needed + 3
        else:
            rows.append(text)
            left = width - needed
    return rows
