"""For gradient descent a penalty of λ/2·Σw² equals weight decay at the rate λ; for Adam it does not.

Adam normalizes the gradient of the penalty, so that large weights shrink no faster than small ones.

Formula: w − η (g + λ w) = (1 − η λ) w − η g.

Reference: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, arXiv:1711.05101, propositions 1 and 2.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from dlcli.checks import Result
from dlcli.optim import build, penalties
from dlcli.options.common import TrainOptions
from dlcli.options.optimizers import OptimizerName

_STEPS, _RATE, _LEARNING_RATE = 100, 0.1, 0.05
_TOLERANCE = 1e-6  # relative to the largest weight
_MIN_DIFFERENCE = 1e-2  # of two trajectories that are not equal


def check() -> Result:
    """Train a linear classifier with SGD and with Adam, each with the penalty and with the decay."""
    sgd, adam = _difference("sgd"), _difference("adam")
    numbers = {"sgd_max_difference": sgd, "adam_max_difference": adam, "rate": _RATE, "steps": _STEPS}
    return Result.of(__name__, numbers, tolerance=_TOLERANCE, holds=sgd <= _TOLERANCE and adam >= _MIN_DIFFERENCE)


def _difference(name: OptimizerName) -> float:
    """Return the largest difference of two trajectories, relative to the largest weight."""
    penalized, decayed = _trajectory(name, l2=_RATE, decay=0.0), _trajectory(name, l2=0.0, decay=_RATE)
    return float(np.abs(penalized - decayed).max() / np.abs(decayed).max())


def _trajectory(name: OptimizerName, *, l2: float, decay: float) -> np.ndarray:
    """Return the weights after each step, [step, feature, class]."""
    random = np.random.default_rng(0)
    x = jnp.asarray(random.normal(size=[64, 6]).astype(np.float32))
    y = jnp.asarray(random.integers(0, 3, 64))
    options = TrainOptions(
        dataset="digits", optimizer=name, learning_rate=_LEARNING_RATE, schedule="constant", weight_decay=decay
    )
    update = build.optimizer(options)
    graph, start = nnx.split(nnx.Linear(6, 3, rngs=nnx.Rngs(0)))

    def loss(state: nnx.State) -> jax.Array:
        logits = nnx.merge(graph, state)(x)
        data = optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()
        return data + penalties.penalty(state, 0.0, l2)

    def step(carry: tuple[Any, Any], _: None) -> tuple[tuple[Any, Any], jax.Array]:
        state, memory = carry
        change, memory = update.update(jax.grad(loss)(state), memory, state)
        state = optax.apply_updates(state, change)
        return (state, memory), state["kernel"][...]

    _, weights = jax.jit(lambda carry: jax.lax.scan(step, carry, length=_STEPS))((start, update.init(start)))
    return np.asarray(weights, np.float64)
