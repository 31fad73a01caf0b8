"""Area under the ROC curve, as sums that merge."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_SIDE = 128  # a bin has a coarse and a fine index below this: 16,384 bins
_RANGE = 10.0  # asinh of the greatest log-odds that is not clipped, 11,013


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class RocAuc:
    """Probability that a positive example has a higher score than a negative one; a tie counts half.

    Scores are counted in a histogram, int [label, coarse, fine], whose bins are evenly spaced in asinh(log-odds):
    0.0012 wide at log-odds of 0, 0.012 at 10. Only pairs within one bin can be ordered wrongly, so the error is at
    most half the fraction of those pairs, which `describe` returns.

    Reference: Fawcett, "An introduction to ROC analysis", 2006, doi:10.1016/j.patrec.2005.10.010.
    """

    counts: jax.Array

    @classmethod
    def of(cls, log_odds: jax.Array, positive: jax.Array, where: jax.Array | None = None) -> RocAuc:
        """Count scores [batch], log(p / (1 - p)), and labels [batch], 0 or 1; `where` (0 or 1) excludes padding."""
        weights = jnp.ones(log_odds.shape, jnp.float32) if where is None else where
        position = (jnp.arcsinh(jnp.nan_to_num(log_odds)) / _RANGE + 1) / 2
        bins = jnp.clip((position * _SIDE**2).astype(jnp.int32), 0, _SIDE**2 - 1)
        # A product of one-hot rows sums over a sharded batch; two factors keep it small.
        labels = jax.nn.one_hot(positive, 2) * weights[:, None]
        coarse, fine = jax.nn.one_hot(bins // _SIDE, _SIDE), jax.nn.one_hot(bins % _SIDE, _SIDE)
        return cls(jnp.einsum("el,ec,ef->lcf", labels, coarse, fine).astype(jnp.int32))

    def value(self) -> float | None:
        return self.describe()["value"]

    def describe(self) -> dict[str, Any]:
        """Return the area (None without examples of both classes), its error bound, and the examples per class."""
        negative, positive = np.asarray(self.counts, np.float64).reshape(2, -1)
        pairs = negative.sum() * positive.sum()
        examples = [int(negative.sum()), int(positive.sum())]
        if not pairs:
            return {"value": None, "error": None, "n": examples}
        below = np.cumsum(negative) - negative
        ties = float(positive @ negative)
        return {"value": (float(positive @ below) + ties / 2) / pairs, "error": ties / 2 / pairs, "n": examples}
