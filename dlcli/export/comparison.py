"""Compares an exported function with the model's own."""

from __future__ import annotations

import numpy as np

# Largest difference, relative to the largest output, by the type of the activations.
_TOLERANCE = {"float32": 1e-4, "bfloat16": 5e-2}


def largest_difference(found: np.ndarray, expected: np.ndarray, dtype: str) -> float:
    """Return the largest absolute difference between two outputs; of pixels, it may be one step of rounding.

    Args:
        found: output of the exported function.
        expected: output of the model.
        dtype: of the activations.
    """
    difference = float(np.abs(found.astype(np.float64) - expected).max())
    largest = 1.0 if expected.dtype == np.uint8 else _TOLERANCE[dtype] * max(1.0, float(np.abs(expected).max()))
    assert difference <= largest, f"the exported function differs by {difference}"
    return difference
