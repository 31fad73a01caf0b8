"""Activation functions by name."""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax

ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "relu": jax.nn.relu,
    "leaky-relu": jax.nn.leaky_relu,
    "elu": jax.nn.elu,
    "gelu": jax.nn.gelu,  # by tanh, as in GPT-2
    "gelu-exact": functools.partial(jax.nn.gelu, approximate=False),
    "silu": jax.nn.silu,
    "tanh": jax.nn.tanh,
}


def activation(name: str) -> Callable[[jax.Array], jax.Array]:
    """Return the activation function with this name.

    Raises:
        ValueError: the name is unknown.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, got {name!r}")
    return ACTIVATIONS[name]
