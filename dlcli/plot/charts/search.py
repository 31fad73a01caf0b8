"""A hyperparameter search: the values of its trials, the importance of its parameters, and a slice per parameter."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Slice:
    """The trials along one parameter.

    Attributes:
        name: of the parameter.
        positions: float [trial]; NaN for a trial without the parameter.
        labels: names of the values 0, 1, …; (): the parameter is a number.
        limits: lowest and highest value that was searched; None: those of the trials.
        log: use a logarithmic axis.
    """

    name: str
    positions: np.ndarray
    labels: Sequence[str] = ()
    limits: tuple[float, float] | None = None
    log: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class SearchChart:
    """A search.

    Attributes:
        title: title of the picture.
        metric: name of the values.
        numbers: of the trials, int [trial].
        values: of the trials, float [trial].
        pruned: bool [trial]; the value of a pruned trial is the best before it was stopped.
        rising: whether a higher value is better.
        importance: share of the variance that a parameter explains, by its name.
        slices: one per parameter.
    """

    title: str
    metric: str
    numbers: np.ndarray
    values: np.ndarray
    pruned: np.ndarray
    rising: bool
    importance: Mapping[str, float]
    slices: Sequence[Slice]

    def __post_init__(self) -> None:
        if not len(self.values):
            raise ValueError("a search chart must have at least one trial")

    @property
    def best_so_far(self) -> np.ndarray:
        """The best value of the complete trials up to each one; NaN before the first, float [trial]."""
        known = np.where(self.pruned, np.nan, self.values)
        return np.fmax.accumulate(known) if self.rising else np.fmin.accumulate(known)

    @property
    def best(self) -> int | None:
        """Index of the best complete trial; None if there is none."""
        known = np.where(self.pruned, np.nan, self.values)
        if np.isnan(known).all():
            return None
        return int(np.nanargmax(known) if self.rising else np.nanargmin(known))
