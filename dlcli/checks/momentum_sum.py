"""The velocity of momentum equals the sum of all gradients so far, each weighted by β to the power of its age.

Formula: v_t = β v_{t−1} + g_t = Σ_s β^(t − s) g_s.

Reference: Polyak, "Some Methods of Speeding up the Convergence of Iteration Methods", 1964.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from dlcli.checks import Result
from dlcli.optim import build

_STEPS, _SIZE = 60, 16
_COEFFICIENTS = (0.5, 0.9, 0.99)  # β
_TOLERANCE = 1e-5  # relative to the largest velocity; float32 has seven digits


def check() -> Result:
    """Compare the velocities for random gradients with the weighted sum in float64."""
    gradients = np.random.default_rng(0).normal(size=[_STEPS, _SIZE]).astype(np.float32)
    errors = {}
    for beta in _COEFFICIENTS:
        ages = np.subtract.outer(np.arange(_STEPS), np.arange(_STEPS))
        expected = np.where(ages >= 0, beta ** np.maximum(ages, 0), 0.0) @ gradients.astype(np.float64)
        errors[beta] = float(np.abs(_velocities(beta, gradients) - expected).max() / np.abs(expected).max())
    numbers = {"max_relative_error": max(errors.values())}
    numbers |= {f"error_at_{beta:g}": error for beta, error in errors.items()} | {"steps": _STEPS}
    return Result.of(__name__, numbers, tolerance=_TOLERANCE, holds=max(errors.values()) <= _TOLERANCE)


def _velocities(beta: float, gradients: np.ndarray) -> np.ndarray:
    """Return the velocities for gradients [step, size], of the same shape."""
    rule = build.rule("momentum", beta)

    def step(state: object, gradient: jax.Array) -> tuple[object, jax.Array]:
        velocity, state = rule.update(gradient, state)
        return state, velocity

    _, found = jax.jit(lambda rows: jax.lax.scan(step, rule.init(rows[0]), rows))(jnp.asarray(gradients))
    return np.asarray(found, np.float64)
