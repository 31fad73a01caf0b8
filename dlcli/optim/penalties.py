"""Penalties on weights, and which parameters are weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx


def is_weight(path: tuple[Any, ...], parameter: jax.Array) -> bool:
    """Return whether penalties and weight decay apply to a parameter.

    A weight has at least two axes: kernels of dense and convolutional layers, and embeddings, which
    are the kernel of a layer on one-hot vectors. Biases and scales, including those of norms, have
    one axis; those with more (the biases of `nnx.MultiHeadAttention`, or layers stacked for a scan)
    are recognized by their name.
    """
    return parameter.ndim >= 2 and parameter_name(path) not in ("bias", "scale")


def parameter_name(path: tuple[Any, ...]) -> str:
    """Return the last key of a leaf's path, such as "kernel"; "" if the tree has no keys."""
    return next((str(entry.key) for entry in reversed(path) if isinstance(entry, jax.tree_util.DictKey)), "")


def weight_mask(parameters: Any) -> Any:
    """Return a tree like `parameters` with True for weights and False for the rest."""
    return jax.tree_util.tree_map_with_path(is_weight, parameters)


def l1_norm(parameters: Any) -> jax.Array:
    """Sum |w| over all weights: float32 []."""
    return _total(jnp.abs, parameters)


def squared_l2_norm(parameters: Any) -> jax.Array:
    """Sum w² over all weights: float32 []."""
    return _total(jnp.square, parameters)


def penalty(parameters: Any, l1: float, l2: float) -> jax.Array:
    """Return l1 · Σ|w| + l2 / 2 · Σw² over all weights: float32 [].

    The gradient of the second term is l2 · w. For plain SGD, and for no other rule, this equals
    decoupled weight decay at the rate l2.

    Args:
        parameters: an `nnx.Module`, or the state of one; only `nnx.Param` leaves count.
        l1: coefficient of the L1 term.
        l2: coefficient of the L2 term.
    """
    return l1 * l1_norm(parameters) + l2 / 2 * squared_l2_norm(parameters)


def _total(size: Callable[[jax.Array], jax.Array], parameters: Any) -> jax.Array:
    leaves = jax.tree_util.tree_leaves_with_path(nnx.state(parameters, nnx.Param))
    weights = [leaf.astype(jnp.float32) for path, leaf in leaves if is_weight(path, leaf)]
    return sum((size(weight).sum() for weight in weights), start=jnp.zeros([], jnp.float32))
