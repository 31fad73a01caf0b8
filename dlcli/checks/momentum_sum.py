"""The velocity of momentum equals the sum of all gradients so far, each weighted by β to the power of its age.

v_t = β v_{t-1} + g_t = Σ_s β^(t - s) g_s.

Reference: Polyak, "Some Methods of Speeding up the Convergence of Iteration Methods", 1964.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from dlcli.checks import Result
from dlcli.optim import build

_STEPS, _SIZE = 60, 16
_SHARES = (0.5, 0.9, 0.99)  # β
_TOLERANCE = 1e-5  # of the largest velocity; float32 keeps seven digits


def check() -> Result:
    """Compare the rule's velocities over random gradients with the sum, in float64."""
    gradients = np.random.default_rng(0).normal(size=[_STEPS, _SIZE]).astype(np.float32)
    errors = {}
    for share in _SHARES:
        ages = np.subtract.outer(np.arange(_STEPS), np.arange(_STEPS))
        expected = np.where(ages >= 0, share ** np.maximum(ages, 0), 0.0) @ gradients.astype(np.float64)
        errors[share] = float(np.abs(_velocities(share, gradients) - expected).max() / np.abs(expected).max())
    numbers = {"largest_relative_error": max(errors.values())}
    numbers |= {f"error_at_{share:g}": error for share, error in errors.items()} | {"steps": _STEPS}
    return Result.of(__name__, numbers, tolerance=_TOLERANCE, holds=max(errors.values()) <= _TOLERANCE)


def _velocities(share: float, gradients: np.ndarray) -> np.ndarray:
    """Return what the rule makes of gradients [step, size], of the same shape."""
    rule = build.rule("momentum", share)

    def step(state: object, gradient: jax.Array) -> tuple[object, jax.Array]:
        velocity, state = rule.update(gradient, state)
        return state, velocity

    _, found = jax.jit(lambda rows: jax.lax.scan(step, rule.init(rows[0]), rows))(jnp.asarray(gradients))
    return np.asarray(found, np.float64)
