"""Adam's bias-corrected first moment of a constant gradient equals that gradient at every step.

The uncorrected moment is (1 - 0.9^t) times the gradient, a tenth at the first step. The update is the corrected first
moment divided by the root of the corrected second one, which for a constant gradient is its sign.

Formula: m_t / (1 − β₁^t) = g for m_t = β₁ m_{t−1} + (1 − β₁) g, m_0 = 0.

Reference: Kingma and Ba, "Adam", 2015, arXiv:1412.6980, algorithm 1 and section 3.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dlcli.checks import Result
from dlcli.optim import build

_STEPS = 50
_DECAY = 0.9  # β₁, Adam's default
# Relative. The error of the update is ε / |g|, 1e-5 for the smallest gradient here, plus rounding: float32 keeps five
# digits of 1 - β₂.
_TOLERANCE = 5e-5


def check() -> Result:
    """Apply Adam to a constant gradient, and compare its moments and updates."""
    rule = build.rule("adam", 0.0)
    gradient = jnp.array([3.0, -0.5, 1e-3, 200.0])

    def step(state: Any, _: None) -> tuple[Any, tuple[jax.Array, jax.Array]]:
        update, state = rule.update(gradient, state)
        return state, (update, state.mu)

    _, (updates, moments) = jax.jit(lambda state: jax.lax.scan(step, state, length=_STEPS))(rule.init(gradient))
    remaining = _DECAY ** np.arange(1, _STEPS + 1)[:, None]
    corrected = np.asarray(moments, np.float64) / (1 - remaining) / np.asarray(gradient)
    bias = float(np.abs(corrected - 1).max())
    error = float(np.abs(np.asarray(updates) - np.sign(gradient)).max())
    numbers = {
        "moment_relative_error": bias,
        "update_error": error,
        "uncorrected_ratio_at_step_1": float(np.mean(np.asarray(moments)[0] / np.asarray(gradient))),
        "steps": _STEPS,
    }
    return Result.of(__name__, numbers, tolerance=_TOLERANCE, holds=max(bias, error) <= _TOLERANCE)
