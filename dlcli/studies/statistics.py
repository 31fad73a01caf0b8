"""Means over few repetitions, with intervals."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy import stats


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean and its 95 % interval.

    Attributes:
        mean: of the values.
        low, high: the interval; of a single value there is none, and both are NaN.
        count: values.
    """

    mean: float
    low: float
    high: float
    count: int


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean of independent values and its interval by Student's t distribution.

    Reference: Student, "The Probable Error of a Mean", 1908.
    """
    found = np.asarray(values, np.float64)
    mean, count = float(found.mean()), len(found)
    if count < 2:
        return Estimate(mean, float("nan"), float("nan"), count)
    reach = float(stats.t.ppf(0.975, count - 1) * found.std(ddof=1) / count**0.5)
    return Estimate(mean, mean - reach, mean + reach, count)


def paired(values: Sequence[float], reference: Sequence[float]) -> Estimate:
    """Return the mean difference of values to those of the same seeds; what the seed does to both cancels."""
    return estimate([value - other for value, other in zip(values, reference, strict=True)])
