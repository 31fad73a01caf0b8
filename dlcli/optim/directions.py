"""Directions in the space of a network's weights, and the coordinates of other weights along them.

Weights are arrays by name; a direction has an array of the same shape for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Weights = Mapping[str, np.ndarray]


def filter_normalized(weights: Weights, seed: int, number: int) -> dict[str, np.ndarray]:
    """Return a random direction whose filters have the norms of the filters of the weights.

    Without it, the sharpness of a loss along a direction would depend on the scale of the weights, which normalization
    layers make arbitrary. Biases and the parameters of norms stay unchanged.

    Args:
        weights: of the network. The filter of an output unit is all of a kernel but its last axis, and that of a token
            is its row of an embedding.
        seed: random seed.
        number: index of the direction; directions of different numbers are independent.

    Reference: Li et al., "Visualizing the Loss Landscape of Neural Nets", 2018, arXiv:1712.09913, section 4.
    """
    random = np.random.default_rng([seed, number])
    found = {}
    for name, values in weights.items():
        drawn = random.standard_normal(values.shape)
        if values.ndim < 2:
            found[name] = np.zeros_like(values)
            continue
        axes = tuple(range(1, values.ndim)) if name.endswith("embedding") else tuple(range(values.ndim - 1))
        lengths = np.sqrt(np.square(drawn).sum(axis=axes, keepdims=True))
        norms = np.sqrt(np.square(values.astype(np.float64)).sum(axis=axes, keepdims=True))
        found[name] = (drawn / np.maximum(lengths, 1e-12) * norms).astype(values.dtype)
    return found


def principal(
    center: Weights, others: Sequence[Weights], count: int
) -> tuple[list[dict[str, np.ndarray]], list[float]]:
    """Return the leading principal components of the differences of several weights to the center, of norm 1.

    Args:
        center: the weights at the origin.
        others: other weights, such as those of earlier checkpoints; at least `count`.
        count: number of components.

    Returns:
        The components, and the fraction of the squared differences that each explains.

    Reference: Li et al. 2018, section 7.
    """
    differences = np.stack([flat(each) - flat(center) for each in others])
    # The eigenvectors of the small Gram matrix give those of the large covariance matrix.
    values, vectors = np.linalg.eigh(differences @ differences.T)
    order = np.argsort(-values)[:count]
    components = [vectors[:, index] @ differences / max(np.sqrt(max(values[index], 0.0)), 1e-12) for index in order]
    return [unflat(each, center) for each in components], [float(max(values[i], 0) / values.sum()) for i in order]


def coordinates(center: Weights, other: Weights, directions: Sequence[Weights]) -> tuple[np.ndarray, float]:
    """Return the coordinates of the point of a plane, or line, that is nearest to other weights.

    Returns:
        The coordinates [direction], and the norm of what the plane does not contain, relative to the difference.
    """
    difference = flat(other) - flat(center)
    basis = np.stack([flat(each) for each in directions], axis=1)
    found = np.linalg.lstsq(basis, difference, rcond=None)[0]
    norm = np.linalg.norm(difference)
    return found, float(np.linalg.norm(difference - basis @ found) / norm) if norm else 0.0


def flat(weights: Weights) -> np.ndarray:
    """Return all values in one array, float64 [parameter]."""
    return np.concatenate([np.asarray(each, np.float64).ravel() for each in weights.values()])


def unflat(values: np.ndarray, like: Weights) -> dict[str, np.ndarray]:
    """Return weights of the shapes of `like` from the result of `flat`."""
    ends = np.cumsum([each.size for each in like.values()])
    parts = np.split(values, ends[:-1])
    pairs = zip(like.items(), parts, strict=True)
    return {name: part.reshape(each.shape).astype(each.dtype) for (name, each), part in pairs}
