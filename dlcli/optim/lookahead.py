"""Lookahead: an optimizer whose weights return halfway to earlier ones every few updates."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

_RATE = 0.5  # Zhang et al. 2019, section 5: robust over tasks


class LookaheadState(NamedTuple):
    """The state of `lookahead`.

    Attributes:
        inner: state of the optimizer.
        slow: the slow weights, a tree like the parameters.
        updates: number of updates, int32 [].
    """

    inner: Any
    slow: Any
    updates: jax.Array


def lookahead(inner: optax.GradientTransformation, every: int) -> optax.GradientTransformation:
    """Return an optimizer that averages its weights with slow weights, in place.

    After each `every` updates, the slow weights move halfway to the weights, and the weights become the slow weights.
    Unlike `optax.lookahead`, the parameters are those of the network alone.

    Reference: Zhang et al., "Lookahead Optimizer: k steps forward, 1 step back", 2019, arXiv:1907.08610, algorithm 1.

    Args:
        inner: the optimizer, with its learning rate.
        every: updates between two averages, at least 1.
    """

    def init(parameters: Any) -> LookaheadState:
        # Copied, since a step that reuses the memory of its inputs must not get an array twice.
        slow = jax.tree.map(lambda leaf: jnp.array(leaf, copy=True), parameters)
        return LookaheadState(inner.init(parameters), slow, jnp.zeros([], jnp.int32))

    def update(gradients: Any, state: LookaheadState, parameters: Any = None) -> tuple[Any, LookaheadState]:
        updates, inner_state = inner.update(gradients, state.inner, parameters)
        count = state.updates + 1
        due = count % every == 0
        fast = jax.tree.map(jnp.add, parameters, updates)
        slow = jax.tree.map(lambda slow, fast: jnp.where(due, slow + _RATE * (fast - slow), slow), state.slow, fast)
        updates = jax.tree.map(
            lambda update, slow, weight: jnp.where(due, slow - weight, update), updates, slow, parameters
        )
        return updates, LookaheadState(inner_state, slow, count)

    return optax.GradientTransformation(init, update)
