"""Principal components, for pictures of vectors."""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Projection:
    """The leading principal components of some vectors.

    Attributes:
        mean: float [feature].
        components: orthonormal, float [component, feature].
        positions: of the vectors, float [vector, component].
        explained: fraction of the variance that each component explains, float [component].
    """

    mean: np.ndarray
    components: np.ndarray
    positions: np.ndarray
    explained: np.ndarray

    def inverse(self, positions: np.ndarray) -> np.ndarray:
        """Return the vectors at positions [point, component] through the mean, float [point, feature]."""
        return self.mean + positions @ self.components


def principal_components(vectors: np.ndarray, count: int = 2) -> Projection:
    """Return the projection of vectors [vector, feature]; of fewer features, the last components are zeros.

    The sign of a component is chosen such that its largest weight is positive.
    """
    values = np.asarray(vectors, np.float64)
    mean = values.mean(axis=0)
    centered = values - mean
    _, singular, rows = np.linalg.svd(centered, full_matrices=False)
    rows, singular = rows[:count], singular[:count]
    missing = count - len(rows)
    rows = np.pad(rows, [(0, missing), (0, 0)])
    signs = np.sign(rows[np.arange(count), np.abs(rows).argmax(axis=1)])
    components = rows * np.where(signs == 0, 1.0, signs)[:, None]
    total = max(float(np.square(centered).sum()), 1e-300)
    explained = np.pad(np.square(singular), (0, missing)) / total
    return Projection(mean, components, centered @ components.T, explained)
