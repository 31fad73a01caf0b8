"""Attention weights over the tokens of a sequence."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class AttentionChart:
    """The attention weights of all layers and heads for one sequence.

    Attributes:
        title: title of the picture.
        note: text below the title.
        weights: float [layer, head, query, key]; each row over the keys sums to 1.
        queries: a label per query token.
        keys: a label per key token.
        alignment: bool [query, key], the known alignment, which is framed; None if unknown.
        names: labels of the layers and of the heads; default: their numbers.
    """

    title: str
    note: str
    weights: np.ndarray
    queries: Sequence[str]
    keys: Sequence[str]
    alignment: np.ndarray | None = None
    names: tuple[Sequence[str], Sequence[str]] | None = None

    def row_names(self) -> Sequence[str]:
        """Return a label per layer."""
        return self.names[0] if self.names else [f"layer {number + 1}" for number in range(self.weights.shape[0])]

    def column_names(self) -> Sequence[str]:
        """Return a label per head."""
        return self.names[1] if self.names else [f"head {number + 1}" for number in range(self.weights.shape[1])]

    @property
    def mean(self) -> np.ndarray:
        """The mean over layers and heads, float [query, key]."""
        return self.weights.mean(axis=(0, 1))

    @property
    def largest(self) -> float:
        """The largest weight of any head: the upper limit of the colour scale in all panels."""
        return max(float(self.weights.max()), 1e-9)

    @property
    def single(self) -> bool:
        """Whether there is one layer and one head, which is the mean."""
        return self.weights.shape[:2] == (1, 1)

    def shades(self, weights: np.ndarray) -> np.ndarray:
        """Map weights to [0, 1] on the scale that all panels share."""
        # The square root keeps a weight of 0.01 visible next to the 1 of a token that can only attend to itself.
        return np.sqrt(weights / self.largest)
