"""The basins of attraction of optimizers: which minimum each start of a grid leads to."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from dlcli.formats import percent
from dlcli.plot import palette

NONE = -1  # no minimum is reached
SYMBOLS = "123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"  # of the minima
_PALE = 0.45  # weight of white in the colours of basins
_GRAY = 0.93
_LISTED = 4  # basins in the caption of a panel


@dataclasses.dataclass(frozen=True, eq=False)
class Basins:
    """Where one optimizer ends.

    Attributes:
        label: name of the optimizer and its learning rate.
        reached: index of the minimum that each start leads to, or `NONE`, int [row, column].
    """

    label: str
    reached: np.ndarray

    def fraction(self, number: int) -> float:
        """Return the fraction of the starts that lead to a minimum, or to `NONE`."""
        return float((self.reached == number).mean())


@dataclasses.dataclass(frozen=True, eq=False)
class BasinsChart:
    """A surface, its minima, and the basins of several optimizers.

    Attributes:
        title: title of the picture.
        note: how the learning rates were chosen.
        x: coordinates of the starts, float [column], ascending.
        y: float [row], ascending.
        surface: x, y and values of a finer grid, for contours.
        minima: x, y and value of each minimum, the lowest first.
        panels: one per optimizer.
    """

    title: str
    note: str
    x: np.ndarray
    y: np.ndarray
    surface: tuple[np.ndarray, np.ndarray, np.ndarray]
    minima: Sequence[tuple[float, float, float]]
    panels: Sequence[Basins]

    def symbol(self, number: int) -> str:
        """Return the character that marks a minimum; "." for `NONE`."""
        return "." if number == NONE else SYMBOLS[number % len(SYMBOLS)]

    def colors(self, panel: Basins) -> np.ndarray:
        """Return the colour of each start, float [row, column, 3]."""
        hues = [palette.from_hex(text) for text in palette.LINES]
        table = [_PALE + (1 - _PALE) * hues[number % len(hues)] for number in range(len(self.minima))]
        return np.stack([*table, np.full(3, _GRAY)])[panel.reached]

    def caption(self, panel: Basins) -> str:
        """Return the fractions of the largest basins, such as "1: 40 %, 2: 25 %, none: 3 %"."""
        numbers = sorted(range(len(self.minima)), key=lambda number: -panel.fraction(number))
        parts = [f"{self.symbol(each)}: {percent(panel.fraction(each), 0)}" for each in numbers[:_LISTED]]
        left = sum(panel.fraction(each) for each in numbers[_LISTED:])
        parts += [f"others: {percent(left, 0)}"] * (left > 0)
        parts += [f"none: {percent(panel.fraction(NONE), 0)}"] * (panel.fraction(NONE) > 0)
        return ", ".join(parts)
