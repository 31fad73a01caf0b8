"""Mode coverage of samples of a known density, as sums that merge."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_RADIUS = 3.0  # standard deviations; a point this close to a mode is of high quality


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Modes:
    """Points per mode of a density: counts of high-quality points [mode], and of all points [].

    The value is the total variation distance between the measured and the true distribution over
    modes; points of no mode form one more category.

    Reference: Srivastava et al., "VEEGAN", 2017, arXiv:1705.07761, section 4.1, for the definition of high quality.
    """

    hits: jax.Array
    points: jax.Array

    @classmethod
    def of(
        cls, points: jax.Array, modes: Sequence[Sequence[float]], std: float, where: jax.Array | None = None
    ) -> Modes:
        """Count points [batch, 2] near their nearest mode [mode, 2]; `where` (0 or 1) excludes padding."""
        weights = jnp.ones(len(points)) if where is None else where
        distances = jnp.linalg.norm(points[:, None] - jnp.asarray(modes)[None], axis=-1)  # [batch, mode]
        near = (distances.min(axis=1) <= _RADIUS * std) * weights
        rows = jax.nn.one_hot(distances.argmin(axis=1), len(modes)) * near[:, None]
        return cls(rows.sum(axis=0).astype(jnp.int32), weights.sum().astype(jnp.int32))

    def value(self) -> float:
        rates = np.asarray(self.hits, np.float64) / max(float(self.points), 1.0)
        inside = -np.expm1(-(_RADIUS**2) / 2)  # probability mass of an isotropic Gaussian in the plane
        return float(np.abs(rates - inside / len(rates)).sum() + abs(inside - rates.sum())) / 2

    def describe(self) -> dict[str, Any]:
        return {"value": self.value(), "n": int(self.points), "hits": np.asarray(self.hits).tolist()}


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class ModesFound:
    """Number of modes with at least one high-quality point; counts of those points [mode]."""

    hits: jax.Array

    def value(self) -> float:
        return float((np.asarray(self.hits) > 0).sum())

    def describe(self) -> dict[str, Any]:
        return {"value": int(self.value()), "of": len(self.hits)}
