"""What a chart over steps shows."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Series:
    """One line of a chart.

    Attributes:
        label: names the line in the legend.
        steps: [point], ascending.
        values: float [point]; what is not finite leaves a gap.
        run: lines of one run share a colour; empty: the label stands for it.
        dashed: whether the line is dashed, as training is beside validation.
        best: step to mark, one of `steps`.
        smoothing: how far the neighbours of a point weigh in its average, in [0, 1); above 0 the
            average is drawn bold over the pale values.
    """

    label: str
    steps: np.ndarray
    values: np.ndarray
    run: str = ""
    dashed: bool = False
    best: int | None = None
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        steps, values = np.asarray(self.steps), np.asarray(self.values, dtype=np.float64)
        if steps.ndim != 1 or steps.shape != values.shape:
            raise ValueError(f"steps and values must be two equal rows, got {steps.shape} and {values.shape}")
        if self.best is not None and self.best not in steps:
            raise ValueError(f"the best step of {self.label!r} must be one of its steps, got {self.best}")
        if not 0 <= self.smoothing < 1:
            raise ValueError(f"smoothing must be in [0, 1), got {self.smoothing}")
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "values", values)

    @functools.cached_property
    def smooth(self) -> np.ndarray:
        """The average of each value and its neighbours, float [point]; without smoothing the values themselves."""
        return smooth(self.values, self.smoothing)

    @property
    def caption(self) -> str:
        """The label, what was done to the line, and the best value and its step where there is one."""
        text = f"{self.label}, smoothed" if self.smoothing else self.label
        if self.best is None:
            return text
        value = self.values[self.steps == self.best][-1]
        return f"{text}, best {value:.4g} at step {self.best:,}"


@dataclasses.dataclass(frozen=True, eq=False)
class Panel:
    """Lines that share one pair of axes."""

    series: Sequence[Series]
    ylabel: str
    log: bool = False


def colors(series: Sequence[Series]) -> list[int]:
    """Return the number of each line's colour: lines of one run share it."""
    runs = list(dict.fromkeys(line.run or line.label for line in series))
    return [runs.index(line.run or line.label) for line in series]


def smooth(values: np.ndarray, decay: float) -> np.ndarray:
    """Average [point] over its neighbours on both sides, weighted by decay to the power of their distance.

    An average over the past alone would lag, and show a falling loss above what it was. Towards the
    ends the window shrinks, for the same reason. Values that are not finite are left out.
    """
    finite = np.isfinite(values)
    known = values[finite]
    total, weight = known.copy(), np.ones(len(known))
    for distance in range(1, (len(known) + 1) // 2):
        share = decay**distance
        if share < 1e-3:
            break
        total[distance:-distance] += share * (known[: -2 * distance] + known[2 * distance :])
        weight[distance:-distance] += 2 * share
    smoothed = values.copy()
    smoothed[finite] = total / weight
    return smoothed
