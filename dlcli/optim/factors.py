"""A learning-rate factor for each parameter, kept in the state of the optimizer."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

FIELD = "factors"  # the last part of the path of the state in a checkpoint


class FactorsState(NamedTuple):
    """The factor of each parameter in the order of the tree, float32 [parameter]."""

    factors: jax.Array


def scale_by_factors() -> optax.GradientTransformation:
    """Return a transformation that multiplies the update of each parameter by its factor, at first 1."""

    def init(parameters: Any) -> FactorsState:
        return FactorsState(jnp.ones(len(jax.tree.leaves(parameters)), jnp.float32))

    def update(updates: Any, state: FactorsState, parameters: Any = None) -> tuple[Any, FactorsState]:
        leaves, tree = jax.tree.flatten(updates)
        scaled = [leaf * factor.astype(leaf.dtype) for leaf, factor in zip(leaves, state.factors, strict=True)]
        return jax.tree.unflatten(tree, scaled), state

    return optax.GradientTransformation(init, update)
