"""Metrics of a regression: root mean squared error, mean absolute error and R², and their table."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dlcli import formats
from dlcli.artifacts import Table
from dlcli.metrics.metric import Mean, Metrics

_Z = 1.959964  # of a 95 % interval


def measure(predictions: jax.Array, targets: jax.Array, mask: jax.Array, *, scale: float) -> Metrics:
    """Compare predictions with targets.

    Args:
        predictions: float32 [batch], standardized as the targets.
        targets: float32 [batch], with mean 0 and standard deviation 1 over training.
        mask: float32 [batch], 1 for an example and 0 for padding.
        scale: standard deviation of the targets over training, which gives errors in their unit.
    """
    errors = jnp.asarray(predictions) - jnp.asarray(targets)
    return {
        "loss": Mean.of(jnp.square(errors), mask),
        "rmse": RootMeanSquaredError.of(errors, mask, scale),
        "mae": MeanAbsoluteError.of(errors, mask, scale),
        "r2": Determination.of(errors, targets, mask),
    }


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class RootMeanSquaredError:
    """Root of the mean squared error: sums of 1, e² and e⁴, float32 [3]; `scale` is the unit of e."""

    sums: jax.Array
    scale: float = dataclasses.field(metadata={"static": True})

    @classmethod
    def of(cls, errors: jax.Array, where: jax.Array, scale: float) -> RootMeanSquaredError:
        """Sum errors [batch]; `where` (0 or 1) excludes padding."""
        return cls(_sums(where, jnp.ones_like(errors), errors**2, errors**4), scale)

    def value(self) -> float:
        return float(self.describe()["value"])

    def describe(self) -> dict[str, Any]:
        return _described(self.sums, lambda mean: math.sqrt(mean) * self.scale)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class MeanAbsoluteError:
    """Mean absolute error: sums of 1, |e| and e², float32 [3]; `scale` is the unit of e."""

    sums: jax.Array
    scale: float = dataclasses.field(metadata={"static": True})

    @classmethod
    def of(cls, errors: jax.Array, where: jax.Array, scale: float) -> MeanAbsoluteError:
        """Sum errors [batch]; `where` (0 or 1) excludes padding."""
        return cls(_sums(where, jnp.ones_like(errors), jnp.abs(errors), errors**2), scale)

    def value(self) -> float:
        return float(self.describe()["value"])

    def describe(self) -> dict[str, Any]:
        return _described(self.sums, lambda mean: mean * self.scale)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Determination:
    """Coefficient of determination, R² = 1 - Σe² / Σ(y - mean of y)²: sums of products of e² and of powers of y.

    The interval is that of a ratio of means by the delta method; it treats the mean of y as known.
    """

    sums: jax.Array

    @classmethod
    def of(cls, errors: jax.Array, targets: jax.Array, where: jax.Array) -> Determination:
        """Sum errors and standardized targets, [batch] each; `where` (0 or 1) excludes padding."""
        y, e2 = jnp.asarray(targets), errors**2
        return cls(_sums(where, jnp.ones_like(y), e2, e2**2, y, y**2, y**3, y**4, e2 * y, e2 * y**2))

    def value(self) -> float | None:
        return self.describe()["value"]

    def describe(self) -> dict[str, Any]:
        """Return R² (None if all targets are equal), its 95 % interval and the number of examples."""
        count, *sums = np.asarray(self.sums, np.float64)
        e2, e4, y, y2, y3, y4, e2y, e2y2 = np.asarray(sums) / max(count, 1)
        variance = y2 - y**2
        if variance <= 1e-9:
            return {"value": None, "low": None, "high": None, "n": int(count)}
        ratio = e2 / variance
        # Moments of e² and of the squared deviation d² = (y - mean)²: E[d⁴] and E[e² d²].
        d4, e2d2 = y4 - 4 * y * y3 + 6 * y**2 * y2 - 3 * y**4, e2y2 - 2 * y * e2y + y**2 * e2
        spread = (e4 - e2**2) + ratio**2 * (d4 - variance**2) - 2 * ratio * (e2d2 - e2 * variance)
        margin = _Z * math.sqrt(max(0.0, spread) / count) / variance
        return {
            "value": float(1 - ratio),
            "low": float(1 - ratio - margin),
            "high": float(min(1.0, 1 - ratio + margin)),
            "n": int(count),
        }


def _sums(where: jax.Array, *values: jax.Array) -> jax.Array:
    return (jnp.stack(values) * jnp.asarray(where)[None]).sum(axis=1, dtype=jnp.float32)


def _described(sums: jax.Array, error: Callable[[float], float]) -> dict[str, Any]:
    """Return an error, its 95 % interval and the number of examples.

    Args:
        sums: of 1, x and x² with x ≥ 0, float32 [3].
        error: of the mean of x; increasing. The interval of the mean is that of the normal approximation.
    """
    count, total, squares = map(float, np.asarray(sums))
    n = max(count, 1)
    mean = total / n
    margin = _Z * math.sqrt(max(0.0, squares / n - mean**2) / n)
    low, high = error(max(0.0, mean - margin)), error(mean + margin)
    return {"value": error(mean), "low": low, "high": high, "n": int(count)}


def table(title: str, described: Mapping[str, Any], target: str, how: Mapping[str, Any]) -> Table:
    """Return the table of `measure`.

    Args:
        title: title of the table.
        described: `describe()` of each metric by name.
        target: name of the target, in whose unit the errors are.
        how: conditions of the measurement, such as `split`, for `--json`.
    """
    rows = [
        (shown, formats.loss(described[name]["value"]), _range(described[name]))
        for name, shown in (("r2", "R²"), ("rmse", "RMSE"), ("mae", "MAE"))
    ]
    rows.append(("loss", formats.loss(described["loss"]["value"]), "mean squared error of the standardized target"))
    return Table(title, ["measure", "value", ""], rows, {**how, **described, "target": target})


def _range(found: Mapping[str, Any]) -> str:
    low, high = formats.loss(found["low"]), formats.loss(found["high"])
    return f"95 % interval {low} – {high}, N = {formats.count(found['n'])}"
