"""Perplexity of a language model."""

from __future__ import annotations

import math


def perplexity(loss: float) -> float:
    """Return exp(loss) of a loss in nats per token; inf if that exceeds the range of a float."""
    try:
        return math.exp(loss)
    except OverflowError:
        return math.inf
