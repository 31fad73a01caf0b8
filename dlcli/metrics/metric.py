"""Metrics that add up exactly over batches of different sizes, padding and devices.

Each metric is a pytree whose leaves are sums, so two of a kind merge by adding their leaves.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np


class Metric(Protocol):
    """A quantity in progress; its leaves are sums over the examples seen."""

    def value(self) -> float | None:
        """Return the quantity as one number, or None where it is none."""

    def describe(self) -> dict[str, Any]:
        """Return all there is to say, as JSON can hold it."""


Metrics = Mapping[str, Metric]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Mean:
    """A weighted mean: sums of values and of weights, both of shape []."""

    total: jax.Array
    weight: jax.Array

    @classmethod
    def of(cls, values: jax.Array, where: jax.Array | None = None) -> Mean:
        """Start a mean from `values` of any shape; `where` (0 or 1) leaves padding out."""
        values = jnp.asarray(values, jnp.float32)
        weights = jnp.ones_like(values) if where is None else jnp.broadcast_to(where, values.shape)
        return cls((values * weights).sum(), weights.sum(dtype=jnp.float32))

    @classmethod
    def each(cls, values: Mapping[str, jax.Array]) -> dict[str, Mean]:
        """Start a mean from each of several values, by their names."""
        return {name: cls.of(value) for name, value in values.items()}

    def value(self) -> float:
        return float(self.total) / max(float(self.weight), 1e-12)

    def describe(self) -> dict[str, Any]:
        return {"value": self.value(), "n": float(self.weight)}


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Rate:
    """How many of a number of trials succeeded; both of shape []."""

    hits: jax.Array
    trials: jax.Array

    @classmethod
    def of(cls, hits: jax.Array, where: jax.Array | None = None) -> Rate:
        """Start a rate from booleans of any shape; `where` (0 or 1) leaves padding out."""
        hits = jnp.asarray(hits)
        weights = jnp.ones_like(hits) if where is None else jnp.broadcast_to(where, hits.shape)
        return cls(_count(hits * weights), _count(weights))

    def value(self) -> float:
        return float(self.hits) / max(float(self.trials), 1.0)

    def describe(self) -> dict[str, Any]:
        low, high = wilson(float(self.hits), float(self.trials))
        return {"value": self.value(), "low": low, "high": high, "n": int(self.trials)}


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Confusion:
    """How often each class was taken for each other: counts [truth, prediction]."""

    counts: jax.Array

    @classmethod
    def of(cls, truth: jax.Array, prediction: jax.Array, classes: int, where: jax.Array | None = None) -> Confusion:
        """Count pairs of int [batch] labels; `where` (0 or 1) leaves padding out."""
        weights = jnp.ones(truth.shape, jnp.float32) if where is None else where
        # A product of one-hot rows: unlike a scatter it adds up over a sharded batch without gathering it.
        rows = jax.nn.one_hot(truth, classes) * weights[:, None]
        return cls(jnp.einsum("bt,bp->tp", rows, jax.nn.one_hot(prediction, classes)).astype(jnp.int32))

    def value(self) -> None:
        return None

    def describe(self) -> dict[str, Any]:
        counts = np.asarray(self.counts).astype(int)
        right, total = np.diag(counts), counts.sum(axis=1)
        recall = [int(r) / int(t) if t else None for r, t in zip(right, total, strict=True)]
        return {"counts": counts.tolist(), "recall": recall, "examples": total.tolist()}


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Calibration:
    """Whether confidence matches accuracy: sums [bin] of confidence, hits and examples.

    The value is the expected calibration error with equal-width bins.

    Reference: Guo et al., "On Calibration of Modern Neural Networks", 2017, arXiv:1706.04599, eq. 3.
    """

    confidence: jax.Array
    hits: jax.Array
    weight: jax.Array

    @classmethod
    def of(cls, confidence: jax.Array, hits: jax.Array, where: jax.Array | None = None, bins: int = 15) -> Calibration:
        """Sort examples, confidence and hits of shape [batch], into bins of equal width."""
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
            "examples": np.asarray(self.weight).astype(int).tolist(),
        }


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Frechet:
    """How far two sets of feature vectors lie apart, each taken for a normal distribution.

    Sums over the examples of either set: of ones [set], of features [set, feature] and of their
    products [set, feature, feature]. The value is |m - n|² + tr(C + D - 2 (C D)^½) of the means m, n
    and the covariances C, D. It is 0 for equal ones, and grows with noise: compare values of as
    many examples only.

    Reference: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", 2017,
    arXiv:1706.08500, equation 6.
    """

    count: jax.Array
    total: jax.Array
    product: jax.Array

    @classmethod
    def of(
        cls,
        features: tuple[jax.Array, jax.Array],
        where: tuple[jax.Array | None, jax.Array | None] = (None, None),
    ) -> Frechet:
        """Start with two sets of features, [example, feature] each; `where` (0 or 1) leaves padding out."""
        weights = [jnp.ones(len(x)) if w is None else w for x, w in zip(features, where, strict=True)]
        rows = [x.astype(jnp.float32) * w[:, None] for x, w in zip(features, weights, strict=True)]
        return cls(
            jnp.stack([_count(w) for w in weights]),
            jnp.stack([x.sum(axis=0) for x in rows]),
            jnp.stack([jnp.einsum("ef,eg->fg", x, x, precision="highest") for x in rows]),
        )

    def value(self) -> float:
        counts = np.asarray(self.count, np.float64)
        if counts.min() < 2:
            return math.nan  # no covariance
        means = np.asarray(self.total, np.float64) / counts[:, None]
        squares = np.einsum("sf,sg->sfg", means, means) * counts[:, None, None]
        one, other = (np.asarray(self.product, np.float64) - squares) / (counts - 1)[:, None, None]
        # The eigenvalues of C D are those of the symmetric C^½ D C^½, which are found without complex noise.
        scales, axes = np.linalg.eigh(one)
        root = axes * np.sqrt(np.maximum(scales, 0)) @ axes.T
        mixed = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other @ root), 0)).sum()
        return float(max(np.square(means[0] - means[1]).sum() + np.trace(one + other) - 2 * mixed, 0.0))

    def describe(self) -> dict[str, Any]:
        return {"value": self.value(), "n": [int(each) for each in self.count], "features": self.total.shape[-1]}


def _count(ones: jax.Array) -> jax.Array:
    # float32 would stop counting at 2**24, which the tokens of a large text exceed.
    return ones.sum(dtype=jnp.int32)


def wilson(hits: float, trials: float, z: float = 1.959964) -> tuple[float, float]:
    """Return the Wilson score interval of a rate; z = 1.959964 covers 95 %.

    Reference: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
    """
    if not trials:
        return 0.0, 1.0
    rate = hits / trials
    centre = rate + z**2 / (2 * trials)
    spread = z * math.sqrt(rate * (1 - rate) / trials + z**2 / (4 * trials**2))
    scale = 1 + z**2 / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def perplexity(loss: float) -> float:
    """Return exp(loss) of a loss in nats, infinite where no float holds it."""
    try:
        return math.exp(loss)
    except OverflowError:
        return math.inf


def add(left: Metrics, right: Metrics) -> Metrics:
    """Merge two dictionaries of metrics of the same kinds."""
    return jax.tree.map(jnp.add, left, right)


def values(metrics: Metrics) -> dict[str, float]:
    """Return each metric that is one number."""
    numbers = {name: metric.value() for name, metric in metrics.items()}
    return {name: number for name, number in numbers.items() if number is not None}
