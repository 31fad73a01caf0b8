"""What a picture of paths over a surface shows, for a file and for the terminal alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

KINDS = ("minimum", "saddle", "maximum", "flat")


@dataclasses.dataclass(frozen=True, eq=False)
class Trail:
    """The way of one optimizer.

    Attributes:
        label: names it in the legend.
        points: float [step + 1, 2], x and y; what is not finite is left out.
        heights: float [step + 1] above the lowest point known.
        result: what it reached, in words.
    """

    label: str
    points: np.ndarray
    heights: np.ndarray
    result: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """A surface, what is remarkable on it, and the trails over it.

    Attributes:
        title: of the picture.
        x: [column], ascending; y: [row], ascending.
        heights: float [row, column]; NaN where there is none.
        plateau: bool [row, column].
        marks: kind, one of `KINDS`, and x and y of each stationary point.
        trails: the paths.
    """

    title: str
    x: np.ndarray
    y: np.ndarray
    heights: np.ndarray
    plateau: np.ndarray
    marks: Sequence[tuple[str, float, float]]
    trails: Sequence[Trail]

    def kinds(self) -> list[str]:
        """Return the kinds of stationary points that there are."""
        return [kind for kind in KINDS if any(kind == each for each, _, _ in self.marks)]


@dataclasses.dataclass(frozen=True)
class Scale:
    """How heights become shades: by their logarithm above `low` where `log`, else evenly."""

    low: float
    high: float
    log: bool

    def shares(self, heights: np.ndarray) -> np.ndarray:
        """Map heights to [0, 1]; NaN stays."""
        low, high = self._spaced(np.array([self.low, self.high]))
        if low == high:
            return np.where(np.isnan(heights), np.nan, 0.5)
        return (self._spaced(np.clip(heights, self.low, self.high)) - low) / (high - low)

    def levels(self, count: int) -> np.ndarray:
        """Return heights whose shares are evenly spaced, without the two ends."""
        low, high = self._spaced(np.array([self.low, self.high]))
        spaced = np.linspace(low, high, count + 2)[1:-1]
        return self.low + 10.0**spaced - self._offset if self.log else spaced

    @property
    def _offset(self) -> float:
        return 1e-4 * (self.high - self.low)

    def _spaced(self, heights: np.ndarray) -> np.ndarray:
        return np.log10(heights - self.low + self._offset) if self.log else heights


def scale(heights: np.ndarray) -> Scale:
    """Return an even scale, or a logarithmic one where most heights would share the lowest shades of it."""
    low, high = float(np.nanmin(heights)), float(np.nanmax(heights))
    tenth = float(np.nanquantile(heights, 0.1)) - low
    return Scale(low, high, log=high > low and (high - low) > 15 * tenth)
