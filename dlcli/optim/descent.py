"""Trajectories of optimizers on a surface."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
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
    value: Field,
    start: tuple[float, float],
    runners: Sequence[Runner],
    steps: int,
    momentum: float,
    *,
    noise: float = 0.0,
    seed: int = 0,
) -> np.ndarray:
    """Run each optimizer for `steps` steps from `start`, all in one compiled scan, in float64.

    A point is a vector, so Muon, which updates matrices, falls back to Adam.

    Args:
        value: the surface.
        start: x and y.
        runners: the optimizers with their learning rates.
        steps: number of steps.
        momentum: coefficient in [0, 1).
        noise: standard deviation of the Gaussian noise that is added to each component of the gradient, as a
            minibatch adds it; at a step, all optimizers get the same noise.
        seed: random seed of the noise.

    Returns:
        [step + 1, runner, 2], the start first; positions that are not finite have diverged.
    """
    names, rates = tuple(name for name, _ in runners), [rate for _, rate in runners]
    noises = noise * np.random.default_rng(seed).standard_normal([steps, 2])
    with jax.enable_x64(True):
        path = _descent(value, names, momentum)(*(jnp.asarray(each, jnp.float64) for each in (start, rates, noises)))
        return np.concatenate([np.broadcast_to(np.asarray(start), (1, len(runners), 2)), np.asarray(path)])


@functools.lru_cache(maxsize=256)
def _descent(value: Field, names: tuple[OptimizerName, ...], momentum: float) -> Callable[..., jax.Array]:
    """Return the compiled function from the start [2], the learning rates [runner] and the noise [step, 2] to the path.

    Another start, other rates and other noise compile nothing.
    """
    slope = _slope(value)

    def descended(start: jax.Array, rates: jax.Array, noises: jax.Array) -> jax.Array:
        updates = [_update(name, rate, momentum) for name, rate in zip(names, rates, strict=True)]

        def step(carry: list[Any], added: jax.Array) -> tuple[list[Any], jax.Array]:
            after = []
            for (point, state), update in zip(carry, updates, strict=True):
                change, state = update.update(slope(point) + added, state, point)
                after.append((optax.apply_updates(point, change), state))
            return after, jnp.stack([point for point, _ in after])

        return jax.lax.scan(step, [(start, update.init(start)) for update in updates], noises)[1]

    return jax.jit(descended)


def ends(value: Field, starts: np.ndarray, runner: Runner, steps: int, momentum: float) -> np.ndarray:
    """Return the point that an optimizer reaches from each start, [start, 2], in float64; NaN where it diverged.

    Args:
        value: the surface.
        starts: float [start, 2].
        runner: the optimizer with its learning rate.
        steps: number of steps from each start.
        momentum: coefficient in [0, 1).
    """
    update, slope = _update(*runner, momentum), _slope(value)

    def descended(start: jax.Array) -> jax.Array:
        def step(_: int, carry: Any) -> Any:
            point, state = carry
            change, state = update.update(slope(point), state, point)
            return optax.apply_updates(point, change), state

        point, _ = jax.lax.fori_loop(0, steps, step, (start, update.init(start)))
        return jnp.where(jnp.isfinite(point).all(), point, jnp.nan)

    with jax.enable_x64(True):
        return np.asarray(jax.jit(jax.vmap(descended))(jnp.asarray(starts, jnp.float64)))


def _update(name: OptimizerName, rate: float | jax.Array, momentum: float) -> optax.GradientTransformation:
    return optax.chain(build.rule(name, momentum), optax.scale_by_learning_rate(rate))


def _slope(value: Field) -> Callable[[jax.Array], jax.Array]:
    return jax.grad(lambda point: value(point[0], point[1]))
