"""Confidence intervals."""

from __future__ import annotations

import math


def wilson(hits: float, trials: float, z: float = 1.959964) -> tuple[float, float]:
    """Return the Wilson score interval of the rate hits / trials; z = 1.959964 gives 95 %.

    Reference: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
    """
    if not trials:
        return 0.0, 1.0
    rate = hits / trials
    center = rate + z**2 / (2 * trials)
    margin = z * math.sqrt(rate * (1 - rate) / trials + z**2 / (4 * trials**2))
    scale = 1 + z**2 / trials
    return max(0.0, (center - margin) / scale), min(1.0, (center + margin) / scale)
