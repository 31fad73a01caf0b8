"""Kernel distance between generated and real images, over the features of a classifier."""

from __future__ import annotations

from typing import Any

import numpy as np

_SUBSETS, _SUBSET_SIZE = 100, 1_000  # Binkowski et al. 2018, section 4, and the authors' code


def kernel_distance(generated: np.ndarray, real: np.ndarray, seed: int = 0) -> dict[str, Any]:
    """Return the kernel distance of two sets of features, as JSON.

    It is the squared maximum mean discrepancy with the kernel (x·y / d + 1)³ of d features. The estimator is unbiased,
    so it may be negative; it is averaged over random subsets, of at most half of the smaller set.

    Reference: Binkowski et al., "Demystifying MMD GANs", 2018, arXiv:1801.01401, section 4 and equation 4. Their kernel
    inception distance (KID) is this distance over the features of an Inception network.

    Args:
        generated: features of generated images, float [sample, feature], of at least 4.
        real: features of real images, float [example, feature], of at least 4.
        seed: of the subsets.

    Returns:
        `value`, the mean over the subsets; `std`, their standard deviation; `subsets` and `subset_size`, their number
        and size; `n`, the sizes of both sets.
    """
    sets = [np.asarray(each, np.float64) for each in (generated, real)]
    size = min(_SUBSET_SIZE, *(len(each) // 2 for each in sets))
    random = np.random.default_rng(seed)
    values = []
    for _ in range(_SUBSETS):
        x, y = (each[random.choice(len(each), size, replace=False)] for each in sets)
        values.append(squared_mmd(x, y))
    return {
        "value": float(np.mean(values)),
        "std": float(np.std(values, ddof=1)),
        "subsets": _SUBSETS,
        "subset_size": size,
        "n": [len(each) for each in sets],
    }


def squared_mmd(x: np.ndarray, y: np.ndarray) -> float:
    """Return the unbiased estimate of the squared maximum mean discrepancy with the kernel (x·y / d + 1)³.

    Args:
        x: float [m, feature].
        y: float [n, feature].
    """

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        base = x @ y.T / x.shape[1] + 1
        return base * base * base

    def within(x: np.ndarray) -> float:
        similarities = kernel(x, x)
        return float((similarities.sum() - np.trace(similarities)) / (len(x) * (len(x) - 1)))

    return within(x) + within(y) - 2 * float(kernel(x, y).mean())
