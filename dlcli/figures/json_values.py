"""Converts arrays to values that JSON can represent."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def to_json(values: Any) -> Any:
    """Convert an array to nested lists: floats with six significant digits, and None for non-finite values."""
    array = np.asarray(values)
    return array.tolist() if array.dtype.kind in "biu" else _rounded(array.astype(np.float64).tolist())


def _rounded(values: Any) -> Any:
    if isinstance(values, list):
        return [_rounded(each) for each in values]
    return float(f"{values:.6g}") if math.isfinite(values) else None
