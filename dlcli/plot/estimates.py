"""What a chart of means and their intervals shows."""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Interval:
    """A mean, its interval, and the values [value] it is of; an interval that is none is NaN."""

    label: str
    values: np.ndarray
    mean: float
    low: float
    high: float
