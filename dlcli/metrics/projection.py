"""Principal components, for pictures of vectors in the plane."""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Projection:
    """The two leading principal components of some vectors.

    Attributes:
        mean: float [feature].
        components: orthonormal, float [2, feature].
        positions: of the vectors, float [vector, 2].
        explained: fraction of the variance that each component explains, float [2].
    """

    mean: np.ndarray
    components: np.ndarray
    positions: np.ndarray
    explained: np.ndarray

    def inverse(self, positions: np.ndarray) -> np.ndarray:
        """Return the vectors at positions [point, 2] of the plane through the mean, float [point, feature]."""
        return self.mean + positions @ self.components


def principal_components(vectors: np.ndarray) -> Projection:
    """Return the projection of vectors [vector, feature]; a single feature gets a second component of zeros.

    The sign of a component is chosen such that its largest weight is positive.
    """
    values = np.asarray(vectors, np.float64)
    mean = values.mean(axis=0)
    centered = values - mean
    _, singular, rows = np.linalg.svd(centered, full_matrices=False)
    rows, singular = rows[:2], singular[:2]
    missing = 2 - len(rows)
    rows = np.pad(rows, [(0, missing), (0, 0)])
    signs = np.sign(rows[np.arange(2), np.abs(rows).argmax(axis=1)])
    components = rows * np.where(signs == 0, 1.0, signs)[:, None]
    total = max(float(np.square(centered).sum()), 1e-300)
    explained = np.pad(np.square(singular), (0, missing)) / total
    return Projection(mean, components, centered @ components.T, explained)
