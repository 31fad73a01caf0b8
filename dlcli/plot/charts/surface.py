"""The paths of optimizers over a surface z = f(x, y)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

KINDS = ("minimum", "saddle", "maximum", "flat")


@dataclasses.dataclass(frozen=True, eq=False)
class Path:
    """The path of one optimizer.

    Attributes:
        label: name in the legend.
        points: float [step + 1, 2], x and y; non-finite points are not drawn.
        gaps: float [step + 1], f − min.
        result: what the optimizer reached, for the legend.
    """

    label: str
    points: np.ndarray
    gaps: np.ndarray
    result: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class SurfaceChart:
    """A surface, its stationary points, and the paths over it.

    Attributes:
        title: title of the picture.
        x: float [column], ascending.
        y: float [row], ascending.
        values: float [row, column], f(x, y); NaN where f is undefined.
        plateau: bool [row, column], where the gradient is almost zero.
        stationary: kind (one of `KINDS`), x and y of each stationary point.
        paths: the paths, all from the same start.
        note: how the learning rates were chosen.
    """

    title: str
    x: np.ndarray
    y: np.ndarray
    values: np.ndarray
    plateau: np.ndarray
    stationary: Sequence[tuple[str, float, float]]
    paths: Sequence[Path]
    note: str = ""

    def kinds(self) -> list[str]:
        """Return the kinds of stationary points on this surface."""
        return [kind for kind in KINDS if any(kind == each for each, _, _ in self.stationary)]


@dataclasses.dataclass(frozen=True)
class ValueScale:
    """A map from values to shades in [0, 1], linear or logarithmic above `low`."""

    low: float
    high: float
    log: bool

    def shades(self, values: np.ndarray) -> np.ndarray:
        """Map values to [0, 1]; NaN stays NaN."""
        low, high = self._transformed(np.array([self.low, self.high]))
        if low == high:
            return np.where(np.isnan(values), np.nan, 0.5)
        return (self._transformed(np.clip(values, self.low, self.high)) - low) / (high - low)

    def inverse(self, shades: np.ndarray) -> np.ndarray:
        """Map shades in [0, 1] back to values."""
        low, high = self._transformed(np.array([self.low, self.high]))
        transformed = low + shades * (high - low)
        return self.low + 10.0**transformed - self._offset if self.log else transformed

    @property
    def _offset(self) -> float:
        return 1e-4 * (self.high - self.low)

    def _transformed(self, values: np.ndarray) -> np.ndarray:
        return np.log10(values - self.low + self._offset) if self.log else values


def value_scale(values: np.ndarray) -> ValueScale:
    """Choose a linear scale, or a logarithmic one where most values would fall into its lowest shades."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    tenth = float(np.nanquantile(values, 0.1)) - low
    return ValueScale(low, high, log=high > low and (high - low) > 15 * tenth)
