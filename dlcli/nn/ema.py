"""Exponential moving average (EMA) of a network's parameters."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx


class EMA(nnx.EMA):
    """Exponential moving average of a module's variables whose decay warms up.

    Update t, counted from 0, uses the decay min(decay, (1 + t) / (10 + t)), so that the initial weights are soon
    forgotten: the average covers about the last tenth of the updates at first, and the last 1 / (1 - decay) later.

    Reference: the rule is that of TensorFlow's `ExponentialMovingAverage` with `num_updates`.
    """

    def __init__(self, module: nnx.Module, decay: float):
        super().__init__(module, decay)
        self.updates = nnx.Variable(jnp.zeros([], jnp.int32))

    def update(self, updates: nnx.Module) -> None:
        """Update the average with the current values of the module."""
        count = self.updates[...]
        decay = jnp.minimum(self.decay, (1 + count) / (10 + count))

        def step(average: nnx.Variable, current: jax.Array) -> None:
            # Not `average[...] =`: for each such write of a traced value, jax walks through all that was traced before.
            average.set_value(average[...] + (1 - decay) * (current - average[...]))

        states = self.params, nnx.state(updates)
        jax.tree.map(step, *states, is_leaf=lambda node: isinstance(node, nnx.Variable))
        self.updates.set_value(count + 1)
