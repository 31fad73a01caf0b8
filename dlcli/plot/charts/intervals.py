"""Means with confidence intervals."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Interval:
    """A mean with its confidence interval.

    Attributes:
        label: name of the row.
        values: float [value], the sample that the mean is of.
        mean: mean of the values.
        low: lower bound of the interval; NaN if there is none.
        high: upper bound of the interval; NaN if there is none.
    """

    label: str
    values: np.ndarray
    mean: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True, eq=False)
class IntervalsChart:
    """Intervals in rows on one horizontal axis.

    Attributes:
        title: heading.
        rows: from top to bottom.
        xlabel: label of the axis.
        differences: whether the values are differences, to be compared with zero, which a line marks.
    """

    title: str
    rows: Sequence[Interval]
    xlabel: str
    differences: bool = True

    def __post_init__(self) -> None:
        if not self.rows:
            raise ValueError("an intervals chart must have at least one interval")

    @property
    def means(self) -> list[str]:
        """The mean of each row, that of a difference with its sign."""
        return [f"{row.mean:+.2f}" if self.differences else f"{row.mean:.2f}" for row in self.rows]

    def stands_out(self, row: Interval) -> bool:
        """Return whether a row is no difference, or one whose interval excludes zero."""
        return not self.differences or row.low > 0 or row.high < 0
