"""Precision and recall of generated images, over the features of a classifier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from dlcli.metrics.intervals import wilson

_NEIGHBOUR = 3  # Kynkäänniemi et al. 2019, section 3
_ROWS = 500  # rows of a distance matrix that are computed at once


def precision_recall(generated: np.ndarray, real: np.ndarray) -> dict[str, dict[str, Any]]:
    """Return the precision and the recall of generated images, each with its 95 % interval, as JSON.

    The manifold of a set is the union of balls around its features that reach to the third nearest other one.
    Precision is the fraction of generated features on the manifold of the real ones: how realistic samples are. Recall
    is the fraction of real features on the manifold of the generated ones: how much of the data samples cover.

    Reference: Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", 2019,
    arXiv:1904.06991, equations 1 and 2.

    Args:
        generated: features of generated images, float [sample, feature], of at least 4.
        real: features of real images, float [example, feature], of at least 4.
    """
    generated, real = (np.asarray(each, np.float32) for each in (generated, real))
    return {
        "precision": _rate(on_manifold(generated, real)),
        "recall": _rate(on_manifold(real, generated)),
    }


def on_manifold(queries: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Return whether each query lies on the manifold of a set of features, bool [query].

    Args:
        queries: float [query, feature].
        features: float [example, feature].
    """
    # The nearest of an example's features is itself.
    radii = np.concatenate(
        [np.partition(rows, _NEIGHBOUR, axis=1)[:, _NEIGHBOUR] for rows in _squared_distances(features, features)]
    )
    inside = [(rows <= radii).any(axis=1) for rows in _squared_distances(queries, features)]
    return np.concatenate(inside)


def _squared_distances(x: np.ndarray, y: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the squared distances of rows of x to all of y, [row, example], block by block."""
    squares = np.square(y).sum(axis=1)
    for start in range(0, len(x), _ROWS):
        block = x[start : start + _ROWS]
        yield np.maximum(np.square(block).sum(axis=1)[:, None] + squares - 2 * block @ y.T, 0.0)


def _rate(hits: np.ndarray) -> dict[str, Any]:
    low, high = wilson(float(hits.sum()), float(len(hits)))
    return {"value": float(hits.mean()), "low": low, "high": high, "n": len(hits)}
