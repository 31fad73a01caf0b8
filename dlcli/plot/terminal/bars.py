"""Horizontal bars, in characters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dlcli import formats
from dlcli.plot.palette import terminal_color
from dlcli.plot.terminal.text import Cell, columns, fit, printable, render

_EIGHTHS = " ▏▎▍▌▋▊▉"
_MAX_LABEL = 20  # columns


def bars(
    labels: Sequence[str], values: np.ndarray, *, width: int = 80, longest: float | None = None, colour: bool = True
) -> list[str]:
    """Draw a bar from zero for each value, with the value to its right.

    Args:
        labels: a label per bar.
        values: [bar], non-negative; NaN has no bar.
        width: columns of the terminal.
        longest: value of a bar over the full width; default: the largest value.
        colour: draw blue bars.
    """
    if len(labels) != len(values):
        raise ValueError(f"there must be one label per value, got {len(labels)} labels and {len(values)} values")
    if np.any(values < 0):
        raise ValueError(f"values must be non-negative, got {np.min(values)}")
    longest = longest or float(np.nanmax(values, initial=0.0)) or 1.0
    numbers = ["none" if np.isnan(value) else number for value, number in zip(values, _texts(values), strict=True)]
    label = min(max(columns(printable(name)) for name in labels), _MAX_LABEL, width // 3)
    number_width = max(map(len, numbers))
    available = width - label - 2 - number_width - 1
    lines = []
    for name, value, number in zip(labels, values, numbers, strict=True):
        fraction = min(float(np.nan_to_num(value)) / longest, 1.0)
        bar = render([Cell(_bar(fraction, available), terminal_color(0))], colour)
        lines.append(f"{fit(name, label)} ▕{bar} {number:>{number_width}}")
    return lines


def _texts(values: np.ndarray) -> list[str]:
    whole = all(value == round(value) for value in values if np.isfinite(value))
    return formats.column([int(v) if whole and np.isfinite(v) else float(v) for v in values])


def _bar(fraction: float, available: int) -> str:
    eighths = round(fraction * available * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(available)
