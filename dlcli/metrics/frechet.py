"""Fréchet distance between generated and real images, over the features of a classifier."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dlcli import formats
from dlcli.artifacts import Table
from dlcli.metrics.metric import count

_FEW = 500  # images; the bias of the distance is large if either set has fewer


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Frechet:
    """Fréchet distance between two sets of feature vectors, each modelled as a normal distribution.

    Sums over the examples of each set: of ones [set], of features [set, feature] and of their
    products [set, feature, feature]. The value is |m - n|² + tr(C + D - 2 (C D)^½) with the means m, n
    and the covariances C, D. It is 0 for equal distributions, and its bias depends on the number of
    examples: compare only values of equally many.

    Reference: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", 2017,
    arXiv:1706.08500, equation 6.
    """

    counts: jax.Array
    total: jax.Array
    product: jax.Array

    @classmethod
    def of(
        cls,
        features: tuple[jax.Array, jax.Array],
        where: tuple[jax.Array | None, jax.Array | None] = (None, None),
    ) -> Frechet:
        """Sum two sets of features, [example, feature] each; `where` (0 or 1) excludes padding."""
        weights = [jnp.ones(len(x)) if w is None else w for x, w in zip(features, where, strict=True)]
        rows = [x.astype(jnp.float32) * w[:, None] for x, w in zip(features, weights, strict=True)]
        return cls(
            jnp.stack([count(w) for w in weights]),
            jnp.stack([x.sum(axis=0) for x in rows]),
            jnp.stack([jnp.einsum("ef,eg->fg", x, x, precision="highest") for x in rows]),
        )

    def value(self) -> float:
        counts = np.asarray(self.counts, np.float64)
        if counts.min() < 2:
            return math.nan  # the covariance is undefined
        means = np.asarray(self.total, np.float64) / counts[:, None]
        squares = np.einsum("sf,sg->sfg", means, means) * counts[:, None, None]
        one, other = (np.asarray(self.product, np.float64) - squares) / (counts - 1)[:, None, None]
        # C D has the eigenvalues of the symmetric C^½ D C^½, whose eigenvalues are computed as real numbers.
        scales, axes = np.linalg.eigh(one)
        root = axes * np.sqrt(np.maximum(scales, 0)) @ axes.T
        mixed = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other @ root), 0)).sum()
        return float(max(np.square(means[0] - means[1]).sum() + np.trace(one + other) - 2 * mixed, 0.0))

    def describe(self) -> dict[str, Any]:
        return {"value": self.value(), "n": [int(each) for each in self.counts], "features": self.total.shape[-1]}


def format_distance(described: Mapping[str, Any]) -> str:
    """Format the value of `Frechet.describe()` with two decimals; a dash if it is NaN."""
    value = described["value"]
    return f"{value:,.2f}" if value == value else formats.MISSING  # NaN: fewer than two images


def describe_features(classes: int, digest: str) -> str:
    """Describe the feature classifier of a distance; with a single class, it is untrained.

    Args:
        classes: number of classes of the data set.
        digest: of the classifier.
    """
    network = "a classifier trained on this data set" if classes > 1 else "an untrained network (a single class)"
    return f"of {network}, {digest[:12]}"


def with_warning(numbers: Mapping[str, Any], distance: Mapping[str, Any]) -> tuple[dict[str, Any], Sequence[Table]]:
    """Add a `warning` to the numbers of a distance of few images, and return it as a table as well.

    Reference: Chong and Forsyth, "Effectively Unbiased FID and Inception Score and where to find them", 2020,
    arXiv:1911.07023.
    """
    samples, real = distance["n"]
    if min(samples, real) >= _FEW:
        return dict(numbers), ()
    warning = (
        f"few images ({formats.count(samples)} generated, {formats.count(real)} real): a Fréchet distance of fewer "
        f"than {_FEW} is biased upwards; compare it with the floor, and only with distances of equally many images"
    )
    return {**numbers, "warning": warning}, [Table(f"warning: {warning}", [], [])]
