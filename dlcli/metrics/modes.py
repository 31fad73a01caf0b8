"""Which modes of a known density samples hit: sums that merge, as those of `dlcli.metrics.metric`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_WITHIN = 3.0  # deviations from a mode, within which a point is of high quality: Srivastava et al. 2017, section 4.1


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Modes:
    """How points are shared out among the modes of a density: high-quality points of each [mode], and all [].

    The value is the total variation distance between the shares found and the true ones; what is of
    no mode is a share of its own.

    Reference: Srivastava et al., "VEEGAN", 2017, arXiv:1705.07761, section 4.1, for what is of high quality.
    """

    hits: jax.Array
    points: jax.Array

    @classmethod
    def of(
        cls, points: jax.Array, modes: Sequence[Sequence[float]], deviation: float, where: jax.Array | None = None
    ) -> Modes:
        """Count points [batch, 2] near their nearest mode [mode, 2]; `where` (0 or 1) leaves padding out."""
        weights = jnp.ones(len(points)) if where is None else where
        distances = jnp.linalg.norm(points[:, None] - jnp.asarray(modes)[None], axis=-1)  # [batch, mode]
        near = (distances.min(axis=1) <= _WITHIN * deviation) * weights
        rows = jax.nn.one_hot(distances.argmin(axis=1), len(modes)) * near[:, None]
        return cls(rows.sum(axis=0).astype(jnp.int32), weights.sum().astype(jnp.int32))

    def value(self) -> float:
        shares = np.asarray(self.hits, np.float64) / max(float(self.points), 1.0)
        inside = -np.expm1(-(_WITHIN**2) / 2)  # of a round Gaussian in the plane
        return float(np.abs(shares - inside / len(shares)).sum() + abs(inside - shares.sum())) / 2

    def describe(self) -> dict[str, Any]:
        return {"value": self.value(), "n": int(self.points), "hits": np.asarray(self.hits).tolist()}


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Found:
    """How many modes have a high-quality point; the points of each are [mode]."""

    hits: jax.Array

    def value(self) -> float:
        return float((np.asarray(self.hits) > 0).sum())

    def describe(self) -> dict[str, Any]:
        return {"value": int(self.value()), "of": len(self.hits)}
