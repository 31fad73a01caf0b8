"""Metrics that sum exactly over batches of different sizes, padding and devices.

Each metric is a pytree whose leaves are sums, so two metrics of a kind merge by adding their leaves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Protocol

import jax
import jax.numpy as jnp

from dlcli.metrics.intervals import wilson


class Metric(Protocol):
    """Sums over examples, from which a quantity is computed."""

    def value(self) -> float | None:
        """Return the quantity, or None if it is not a single number."""

    def describe(self) -> dict[str, Any]:
        """Return the quantity with all details, as values for JSON."""


Metrics = Mapping[str, Metric]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Mean:
    """Weighted mean: sums of values and of weights, both of shape []; of nothing it is 0."""

    total: jax.Array
    weight: jax.Array

    @classmethod
    def of(cls, values: jax.Array, where: jax.Array | None = None) -> Mean:
        """Sum `values` of any shape; `where` (0 or 1) excludes padding."""
        values = jnp.asarray(values, jnp.float32)
        weights = jnp.ones_like(values) if where is None else jnp.broadcast_to(where, values.shape)
        return cls((values * weights).sum(), weights.sum(dtype=jnp.float32))

    @classmethod
    def each(cls, values: Mapping[str, jax.Array]) -> dict[str, Mean]:
        """Return the mean of each of several values by name."""
        return {name: cls.of(value) for name, value in values.items()}

    def value(self) -> float | None:
        return float(self.total) / max(float(self.weight), 1e-12)

    def describe(self) -> dict[str, Any]:
        return {"value": self.value(), "n": float(self.weight)}


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class OccasionalMean(Mean):
    """Weighted mean of what only some steps measure; of nothing it has no value, and is not reported."""

    def value(self) -> float | None:
        return super().value() if float(self.weight) else None


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Rate:
    """Rate of successful trials: counts of hits and of trials, both of shape []."""

    hits: jax.Array
    trials: jax.Array

    @classmethod
    def of(cls, hits: jax.Array, where: jax.Array | None = None) -> Rate:
        """Count booleans of any shape; `where` (0 or 1) excludes padding."""
        hits = jnp.asarray(hits)
        weights = jnp.ones_like(hits) if where is None else jnp.broadcast_to(where, hits.shape)
        return cls(count(hits * weights), count(weights))

    def value(self) -> float:
        return float(self.hits) / max(float(self.trials), 1.0)

    def describe(self) -> dict[str, Any]:
        low, high = wilson(float(self.hits), float(self.trials))
        return {"value": self.value(), "low": low, "high": high, "n": int(self.trials)}


def count(ones: jax.Array) -> jax.Array:
    """Sum zeros and ones as int32."""
    # float32 is exact up to 2**24 only, and large texts have more tokens.
    return ones.sum(dtype=jnp.int32)


def add(left: Metrics, right: Metrics) -> Metrics:
    """Merge two dictionaries of metrics of the same kinds."""
    return jax.tree.map(jnp.add, left, right)


def values(metrics: Metrics) -> dict[str, float]:
    """Return the value of each metric that is a single number."""
    numbers = {name: metric.value() for name, metric in metrics.items()}
    return {name: number for name, number in numbers.items() if number is not None}
