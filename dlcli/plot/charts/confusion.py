"""The confusion matrix of a classifier."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from dlcli.plot.charts.tiles import Tile


@dataclasses.dataclass(frozen=True, eq=False)
class ConfusionChart:
    """A confusion matrix, shaded by recall.

    Attributes:
        title: title of the picture.
        counts: int [class, class]; rows are true classes, columns predicted classes.
        classes: a name per class.
        percent: write each cell as a percentage of its row instead of a count.
        wrong: misclassified images with captions, drawn below.
    """

    title: str
    counts: np.ndarray
    classes: Sequence[str]
    percent: bool = False
    wrong: Sequence[Tile] = ()

    def __post_init__(self) -> None:
        size = len(self.classes)
        if self.counts.shape != (size, size):
            raise ValueError(f"counts must have shape {(size, size)} for {size} classes, got {self.counts.shape}")

    @property
    def normalized(self) -> np.ndarray:
        """Each row divided by its sum, float [class, class]; NaN in rows without examples."""
        totals = self.counts.sum(axis=1, keepdims=True)
        return np.divide(self.counts, totals, out=np.full(self.counts.shape, np.nan), where=totals > 0)
