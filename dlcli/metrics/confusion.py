"""Confusion matrix of a classifier."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Confusion:
    """Confusion matrix: counts [true class, predicted class]."""

    counts: jax.Array

    @classmethod
    def of(cls, labels: jax.Array, predictions: jax.Array, classes: int, where: jax.Array | None = None) -> Confusion:
        """Count pairs of labels, int [batch] each; `where` (0 or 1) excludes padding."""
        weights = jnp.ones(labels.shape, jnp.float32) if where is None else where
        # A product of one-hot rows: unlike a scatter, it sums over a sharded batch without gathering it.
        rows = jax.nn.one_hot(labels, classes) * weights[:, None]
        return cls(jnp.einsum("bt,bp->tp", rows, jax.nn.one_hot(predictions, classes)).astype(jnp.int32))

    def value(self) -> None:
        return None

    def describe(self) -> dict[str, Any]:
        counts = np.asarray(self.counts).astype(int)
        hits, support = np.diag(counts), counts.sum(axis=1)
        recall = [int(hit) / int(count) if count else None for hit, count in zip(hits, support, strict=True)]
        return {"counts": counts.tolist(), "recall": recall, "support": support.tolist()}
