"""Trajectories of optimizers on a surface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dlcli.optim import build
from dlcli.optim.expressions import Field
from dlcli.options.optimizers import OPTIMIZERS, OptimizerName

Runner = tuple[OptimizerName, float]  # an optimizer and its learning rate


def default_rate(name: OptimizerName, curvature: float, diagonal: float) -> float:
    """Return a learning rate, rounded to two digits, at which an optimizer's character is visible on a surface.

    Args:
        name: a row of `OPTIMIZERS`.
        curvature: the steepest one along the way (see `landscape.steepest_curvature`).
        diagonal: length of the domain's diagonal.
    """
    row = OPTIMIZERS[name]
    if row.surface_unit == "diagonal":
        rate = row.surface_rate * diagonal
    else:
        rate = row.surface_rate / curvature if curvature > 0 else diagonal / 100
    return float(f"{rate:.2g}")


def descend(
    value: Field, start: tuple[float, float], runners: Sequence[Runner], steps: int, momentum: float
) -> np.ndarray:
    """Run each optimizer for `steps` steps from `start`, all in one compiled scan, in float64.

    A point is a vector, so Muon, which updates matrices, falls back to Adam.

    Returns:
        [step + 1, runner, 2], the start first; positions that are not finite have diverged.
    """
    updates = [optax.chain(build.rule(name, momentum), optax.scale_by_learning_rate(rate)) for name, rate in runners]
    slope = jax.grad(lambda point: value(point[0], point[1]))

    def step(carry: list[Any], _: None) -> tuple[list[Any], jax.Array]:
        after = []
        for (point, state), update in zip(carry, updates, strict=True):
            change, state = update.update(slope(point), state, point)
            after.append((optax.apply_updates(point, change), state))
        return after, jnp.stack([point for point, _ in after])

    with jax.enable_x64(True):
        begin = jnp.asarray(start, jnp.float64)
        carry = [(begin, update.init(begin)) for update in updates]
        _, path = jax.jit(lambda carry: jax.lax.scan(step, carry, length=steps))(carry)
        return np.concatenate([np.broadcast_to(np.asarray(start), (1, len(runners), 2)), np.asarray(path)])
