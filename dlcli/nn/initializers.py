"""Weight initializers that draw a flat vector and reshape it.

The values are those of the initializers of jax. XLA takes several seconds to compile a draw over three or four axes
for the CPU, once per shape; a flat draw compiles in a fraction of a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

Initializer = Callable[..., jax.Array]  # takes a key, a shape and a dtype, as those of jax.nn.initializers

_TRUNCATED_STD = 0.87962566103423978  # standard deviation of a standard normal distribution truncated to [-2, 2]


def he_normal() -> Initializer:
    """Return a truncated normal initializer of variance 2 / fan-in, which preserves the scale through ReLU layers.

    Reference: He et al., "Delving Deep into Rectifiers", 2015, arXiv:1502.01852, equation 10.
    """

    def draw(key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype = jnp.float32, **more: object) -> jax.Array:
        fan_in = math.prod(shape[:-1])
        return truncated_normal(math.sqrt(2.0 / fan_in) / _TRUNCATED_STD)(key, shape, dtype, **more)

    return draw


def truncated_normal(std: float) -> Initializer:
    """Return an initializer that draws from a normal distribution truncated at two standard deviations.

    Args:
        std: standard deviation before the truncation.
    """

    def draw(key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype = jnp.float32, **_: object) -> jax.Array:
        flat = jax.random.truncated_normal(key, -2.0, 2.0, (math.prod(shape),), dtype)
        return (flat * jnp.asarray(std, dtype)).reshape(shape)

    return draw


def normal(std: float) -> Initializer:
    """Return an initializer that draws from a normal distribution."""

    def draw(key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype = jnp.float32, **_: object) -> jax.Array:
        flat = jax.random.normal(key, (math.prod(shape),), dtype)
        return (flat * jnp.asarray(std, dtype)).reshape(shape)

    return draw


def xavier_uniform() -> Initializer:
    """Return a uniform initializer of variance 2 / (fan-in + fan-out).

    Reference: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", 2010, equation 16.
    """

    def draw(key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype = jnp.float32, **more: object) -> jax.Array:
        bound = math.sqrt(6.0 / (math.prod(shape[:-1]) + shape[-1]))
        return uniform(bound)(key, shape, dtype, **more)

    return draw


def uniform(bound: float) -> Initializer:
    """Return an initializer that draws uniformly from [-bound, bound]."""

    def draw(key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype = jnp.float32, **_: object) -> jax.Array:
        return jax.random.uniform(key, (math.prod(shape),), dtype, -bound, bound).reshape(shape)

    return draw
