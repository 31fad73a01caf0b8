"""The average of the weights is the sum of all past weights, each weighted by the decays of the later updates.

The decay warms up, so that the initial weights are soon forgotten. The coefficients sum to 1.

Formula: a_t = d_t a_{t−1} + (1 − d_t) w_t = Σ_s (1 − d_s) Π_{r > s} d_r w_s + Π_r d_r w_0, d_t = min(d, t / (9 + t)).

Reference: Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992; the warm-up is that of
TensorFlow's `ExponentialMovingAverage`.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.checks import Result
from dlcli.nn.ema import EMA

_STEPS, _SIZE = 80, 5
_DECAYS = (0.5, 0.9, 0.999)
_TOLERANCE = 1e-5  # relative to the largest weight; float32


class _Weights(nnx.Module):
    """A module with one parameter."""

    def __init__(self, values: np.ndarray):
        self.values = nnx.Param(jnp.asarray(values))


def check() -> Result:
    """Average the weights of a random walk, and compare with the weighted sum in float64."""
    walk = np.random.default_rng(0).normal(size=[_STEPS + 1, _SIZE]).astype(np.float32).cumsum(axis=0)
    errors, initial = {}, {}
    for decay in _DECAYS:
        coefficients = _coefficients(decay)
        expected = coefficients @ walk.astype(np.float64)
        errors[decay] = float(np.abs(_averaged(walk, decay) - expected).max() / np.abs(walk).max())
        initial[decay] = float(coefficients[0])
    numbers = {"max_relative_error": max(errors.values())}
    numbers |= {f"error_at_{decay:g}": error for decay, error in errors.items()}
    numbers |= {f"coefficient_of_the_initial_weights_at_{decay:g}": each for decay, each in initial.items()}
    return Result.of(
        __name__, numbers | {"updates": _STEPS}, tolerance=_TOLERANCE, holds=max(errors.values()) <= _TOLERANCE
    )


def _averaged(walk: np.ndarray, decay: float) -> np.ndarray:
    """Return the average after all updates, float [size]."""
    module = _Weights(walk[0])
    average = EMA(module, decay)

    def update(average: EMA, module: _Weights, values: jax.Array) -> None:
        module.values[...] = values
        average.update(module)

    compiled = nnx.jit(update)
    for values in walk[1:]:
        compiled(average, module, jnp.asarray(values))
    return np.asarray(average.apply_to(module).values[...], np.float64)


def _coefficients(decay: float) -> np.ndarray:
    """Return the weight of each value in the average, float64 [step + 1], the initial one first."""
    decays = np.minimum(decay, np.arange(1, _STEPS + 1) / (9 + np.arange(1, _STEPS + 1)))
    later = np.append(np.cumprod(decays[::-1])[::-1], 1.0)  # the product of the decays from each update on
    return np.concatenate([later[:1], (1 - decays) * later[1:]])
