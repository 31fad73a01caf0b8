"""Muon's direction of a weight matrix has the singular vectors of the momentum, and singular values near 1.

Newton-Schulz iterations apply an odd polynomial to the singular values, without a decomposition. The nearest orthogonal
matrix, in the Frobenius norm, would have singular values of exactly 1.

Formula: M = U Σ Vᵀ gives the direction U p(Σ) Vᵀ with p(σ) ≈ 1.

Reference: Jordan et al., "Muon", 2024, kellerjordan.github.io/posts/muon; Liu et al., "Muon is Scalable for LLM
Training", 2025, arXiv:2502.16982, equation 4 for the scale.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from dlcli.checks import Result
from dlcli.optim import build

_ROWS, _COLUMNS = 24, 40
_SMALLEST = 0.05  # singular value of the gradient, relative to the largest
_TOLERANCE = 0.35  # of the singular values: five iterations bring them into 0.68 … 1.13 (Jordan et al. 2024)
_MAX_MIXING = 2e-2  # of different singular vectors; the iterations may round to bfloat16


def check() -> Result:
    """Compute the direction of one gradient, and express it in the gradient's singular vectors."""
    random = np.random.default_rng(0)
    left = np.linalg.qr(random.normal(size=[_ROWS, _ROWS]))[0]
    right = np.linalg.qr(random.normal(size=[_COLUMNS, _ROWS]))[0]
    gradient = (left * np.geomspace(1.0, _SMALLEST, _ROWS)) @ right.T
    weights = {"kernel": jnp.asarray(gradient, jnp.float32)}
    rule = build.rule("muon", 0.0)
    direction, _ = rule.update(weights, rule.init(weights), weights)
    scale = 0.2 * max(_ROWS, _COLUMNS) ** 0.5
    rotated = left.T @ (np.asarray(direction["kernel"], np.float64) / scale) @ right  # diagonal, if the vectors agree
    values = np.diag(rotated)
    error = float(np.abs(values - 1).max())
    mixing = float(np.abs(rotated - np.diag(values)).max())
    numbers = {
        "max_deviation_of_singular_values_from_1": error,
        "min_singular_value": float(values.min()),
        "max_singular_value": float(values.max()),
        "max_mixing_of_singular_vectors": mixing,
        "condition_of_the_gradient": 1 / _SMALLEST,
    }
    return Result.of(__name__, numbers, tolerance=_TOLERANCE, holds=error <= _TOLERANCE and mixing <= _MAX_MIXING)
