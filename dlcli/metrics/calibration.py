"""Calibration of a classifier: whether its confidence matches its accuracy."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Calibration:
    """Expected calibration error: sums [bin] of confidence, hits and examples.

    The value is the mean difference between confidence and accuracy over bins of equal width, weighted by examples.

    Reference: Guo et al., "On Calibration of Modern Neural Networks", 2017, arXiv:1706.04599, eq. 3.
    """

    confidence: jax.Array
    hits: jax.Array
    weight: jax.Array

    @classmethod
    def of(cls, confidence: jax.Array, hits: jax.Array, where: jax.Array | None = None, bins: int = 15) -> Calibration:
        """Sort examples into bins by confidence, float [batch]; `hits` is bool [batch]."""
        weights = jnp.ones(confidence.shape, jnp.float32) if where is None else where
        index = jnp.clip((confidence * bins).astype(jnp.int32), 0, bins - 1)
        rows = jax.nn.one_hot(index, bins) * weights[:, None]  # [batch, bin]
        hits = hits.astype(jnp.float32) @ rows
        return cls(confidence @ rows, hits.astype(jnp.int32), rows.sum(axis=0).astype(jnp.int32))

    def value(self) -> float:
        gap = np.abs(np.asarray(self.confidence) - np.asarray(self.hits))
        return float(gap.sum() / max(float(np.asarray(self.weight).sum()), 1.0))

    def describe(self) -> dict[str, Any]:
        weight = np.maximum(np.asarray(self.weight), 1e-12)
        return {
            "value": self.value(),
            "confidence": (np.asarray(self.confidence) / weight).tolist(),
            "accuracy": (np.asarray(self.hits) / weight).tolist(),
            "count": np.asarray(self.weight).astype(int).tolist(),
        }
