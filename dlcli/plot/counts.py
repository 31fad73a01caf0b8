"""Counts of which class was taken for which."""

from __future__ import annotations

import numpy as np


def row_shares(counts: np.ndarray) -> np.ndarray:
    """Divide each row of [class, class] by its sum; a row without examples becomes NaN."""
    totals = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, totals, out=np.full(counts.shape, np.nan), where=totals > 0)
