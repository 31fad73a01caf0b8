"""Moving averages of a network's parameters."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx


class Average(nnx.EMA):
    """An exponential average of a module's variables that forgets the untrained ones soon.

    Update t, counted from 0, keeps the share min(decay, (1 + t) / (10 + t)) of the average, so that
    it stands for the last tenth of the updates at first, and for the last 1 / (1 - decay) later on.

    Reference: the rule is that of TensorFlow's `ExponentialMovingAverage` with `num_updates`.
    """

    def __init__(self, module: nnx.Module, decay: float):
        super().__init__(module, decay)
        self.updates = nnx.Variable(jnp.zeros([], jnp.int32))

    def update(self, updates: nnx.Module) -> None:
        """Take the present values of the module in."""
        count = self.updates[...]
        kept = jnp.minimum(self.decay, (1 + count) / (10 + count))

        def move(average: nnx.Variable, present: jax.Array) -> None:
            # Not `average[...] =`: for each such write of a traced value, jax walks through all that was traced before.
            average.set_value(average[...] + (1 - kept) * (present - average[...]))

        states = self.params, nnx.state(updates)
        jax.tree.map(move, *states, is_leaf=lambda node: isinstance(node, nnx.Variable))
        self.updates.set_value(count + 1)
