"""Paths of optimizers over a surface."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dlcli.optim import build
from dlcli.optim.expressions import Field
from dlcli.options.common import OptimizerName

Runner = tuple[OptimizerName, float]  # a rule and its learning rate

# The rate of the rules that follow the slope, times the steepest curvature. Up to 2 gradient descent goes down at
# every step; near it a ravine shows its zigzag. Momentum 0.9 makes ten times as much of a lasting slope.
_BY_SLOPE = {"sgd": 1.8, "momentum": 0.5, "nesterov": 0.5}
# The rate of the rules that divide by the slope's size, as a share of the diagonal of the domain. Adagrad's
# shrink; RMSProp's are multiplied by its momentum.
_BY_LENGTH = {"adagrad": 0.05, "rmsprop": 0.0005, "adam": 0.01, "adamw": 0.01, "lion": 0.003, "muon": 0.01}


def default_rate(name: OptimizerName, curvature: float, diagonal: float) -> float:
    """Return a rate that shows what a rule does on a surface, with two digits.

    Args:
        name: of the rule.
        curvature: the steepest one on the way (see `landscape.steepest_curvature`).
        diagonal: of the domain.
    """
    if name in _BY_SLOPE:
        rate = _BY_SLOPE[name] / curvature if curvature > 0 else diagonal / 100
    else:
        rate = _BY_LENGTH[name] * diagonal
    return float(f"{rate:.2g}")


def descend(
    value: Field, start: tuple[float, float], runners: Sequence[Runner], steps: int, momentum: float
) -> np.ndarray:
    """Let each rule go `steps` steps down the gradient, all of them in one compiled scan, in float64.

    A point is a vector, which Muon, having no matrix, leaves to Adam.

    Returns:
        [step + 1, runner, 2], the start first; what is not finite has diverged.
    """
    updates = [optax.chain(build.rule(name, momentum), optax.scale_by_learning_rate(rate)) for name, rate in runners]
    slope = jax.grad(lambda point: value(point[0], point[1]))

    def step(carry: list, _: None) -> tuple[list, jax.Array]:
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
