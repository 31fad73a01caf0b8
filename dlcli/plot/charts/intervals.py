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
    """Intervals in rows on one horizontal axis, with a line at zero."""

    title: str
    rows: Sequence[Interval]
    xlabel: str

    def __post_init__(self) -> None:
        if not self.rows:
            raise ValueError("an intervals chart must have at least one interval")
