"""Numbers behind a picture, as JSON can hold them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def listed(values: Any) -> Any:
    """Turn an array into nested lists: floats with six digits, and None for what is not finite."""
    array = np.asarray(values)
    return array.tolist() if array.dtype.kind in "biu" else _rounded(array.astype(np.float64).tolist())


def _rounded(values: Any) -> Any:
    if isinstance(values, list):
        return [_rounded(each) for each in values]
    return float(f"{values:.6g}") if math.isfinite(values) else None
