"""For a fixed generator, the discriminator of the lowest loss is p / (p + q), of real over real and generated density.

Real and generated points of the plane are counted in cells, each with a logit of its own, and Newton's method minimizes
the discriminator's loss. Its minimum is 2 log 2 - 2 JSD(p, q), with the Jensen-Shannon divergence in nats.

Formula: argmin_D −E_p[log D(x)] − E_q[log(1 − D(x))] = p(x) / (p(x) + q(x)).

Reference: Goodfellow et al., "Generative Adversarial Nets", 2014, arXiv:1406.2661, proposition 1 and theorem 1.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from dlcli.checks import Result
from dlcli.techniques.gan import losses

_POINTS, _CELLS, _LIMIT = 4_000, 8, 2.0  # cells along each axis, from -_LIMIT to _LIMIT
_ITERATIONS = 30
_TOLERANCE = 1e-6  # float64


def check() -> Result:
    """Minimize the loss over the logits of all cells, and compare the probabilities with the counts."""
    random = np.random.default_rng(0)
    real = _cells(random.normal([-0.5, 0.0], 0.7, [_POINTS, 2]))
    generated = _cells(random.normal([0.4, 0.2], 0.9, [_POINTS, 2]))
    p, q = (np.bincount(each, minlength=_CELLS**2) / len(each) for each in (real, generated))
    with jax.enable_x64(True):
        logits, loss = _minimize(jnp.asarray(real), jnp.asarray(generated))
    found, optimum = 1 / (1 + np.exp(-logits)), p / (p + q)
    error = float(np.abs(found - optimum).max())
    excess = abs(loss - (2 * float(np.log(2)) - 2 * _jensen_shannon(p, q)))
    numbers = {
        "max_difference_to_optimum": error,
        "loss": loss,
        "difference_to_2_log_2_minus_2_jsd": excess,
        "min_probability": float(found.min()),
        "max_probability": float(found.max()),
        "cells": _CELLS**2,
        "points": _POINTS,
    }
    return Result.of(__name__, numbers, tolerance=_TOLERANCE, holds=max(error, excess) <= _TOLERANCE)


def _cells(points: np.ndarray) -> np.ndarray:
    """Return the cell of each point [point, 2], int [point], and one more point in each cell, so that none is empty."""
    places = np.clip((points + _LIMIT) / (2 * _LIMIT) * _CELLS, 0, _CELLS - 1).astype(int)
    return np.concatenate([places @ [_CELLS, 1], np.arange(_CELLS**2)])


def _minimize(real: jax.Array, generated: jax.Array) -> tuple[np.ndarray, float]:
    """Return the logits [cell] of the lowest loss, and the loss."""

    def loss(logits: jax.Array) -> jax.Array:
        return losses.discriminator_loss("non-saturating", logits[real], logits[generated])

    def newton(_: int, logits: jax.Array) -> jax.Array:
        # The Hessian is diagonal: each term of the loss has the logit of one cell.
        gradient, curvature = jax.jvp(jax.grad(loss), (logits,), (jnp.ones_like(logits),))
        return logits - jnp.clip(gradient / curvature, -1.0, 1.0)

    logits = jax.jit(lambda start: jax.lax.fori_loop(0, _ITERATIONS, newton, start))(jnp.zeros(_CELLS**2))
    return np.asarray(logits), float(loss(logits))


def _jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    middle = (p + q) / 2
    return float((p * np.log(p / middle) + q * np.log(q / middle)).sum() / 2)
