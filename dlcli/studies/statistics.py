"""Means over few repetitions, with confidence intervals."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy import stats

from dlcli import formats


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean and its 95 % confidence interval.

    Attributes:
        mean: of the values.
        low, high: bounds of the interval; NaN for a single value.
        count: number of values.
    """

    mean: float
    low: float
    high: float
    count: int


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean of independent values and its confidence interval by Student's t distribution.

    Reference: Student, "The Probable Error of a Mean", 1908.
    """
    found = np.asarray(values, np.float64)
    mean, count = float(found.mean()), len(found)
    if count < 2:
        return Estimate(mean, float("nan"), float("nan"), count)
    half_width = float(stats.t.ppf(0.975, count - 1) * found.std(ddof=1) / count**0.5)
    return Estimate(mean, mean - half_width, mean + half_width, count)


def paired(values: Sequence[float], reference: Sequence[float]) -> Estimate:
    """Return the mean difference of values to the reference of the same seed, which cancels the effect of the seed."""
    return estimate([value - other for value, other in zip(values, reference, strict=True)])


def interval_text(found: Estimate) -> str:
    """Return the confidence interval of a share as percentages; Student's t may exceed [0, 1], the text does not."""
    return f"{formats.percent(max(found.low, 0))} – {formats.percent(min(found.high, 1))}"
