"""Initial weights, drawn as one row of numbers that is then given its shape.

The numbers are those of the initializers of jax. Drawn over three or four axes, the same numbers take
XLA several seconds to compile for the CPU, each shape anew; in a row, a fraction of one.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax.nn.initializers import Initializer

_TRUNCATED = 0.87962566103423978  # standard deviation of a standard normal cut at two on either side


def he_normal() -> Initializer:
    """Draw with variance 2 / fan-in, which keeps the scale through layers of ReLU.

    Reference: He et al., "Delving Deep into Rectifiers", 2015, arXiv:1502.01852, equation 10.
    """
    return _scaled(2.0)


def lecun_normal() -> Initializer:
    """Draw with variance 1 / fan-in, which keeps the scale through linear layers.

    Reference: LeCun et al., "Efficient BackProp", 1998, section 4.6.
    """
    return _scaled(1.0)


def truncated_normal(deviation: float) -> Initializer:
    """Draw from a normal distribution cut at two deviations; `deviation` is that before the cut."""

    def draw(key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype = jnp.float32, **_: object) -> jax.Array:
        row = jax.random.truncated_normal(key, -2.0, 2.0, (math.prod(shape),), dtype)
        return (row * jnp.asarray(deviation, dtype)).reshape(shape)

    return draw


def normal(deviation: float) -> Initializer:
    """Draw from a normal distribution."""

    def draw(key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype = jnp.float32, **_: object) -> jax.Array:
        row = jax.random.normal(key, (math.prod(shape),), dtype)
        return (row * jnp.asarray(deviation, dtype)).reshape(shape)

    return draw


def xavier_uniform() -> Initializer:
    """Draw evenly with variance 2 / (fan-in + fan-out), which keeps the scale in both directions.

    Reference: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", 2010, equation 16.
    """

    def draw(key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype = jnp.float32, **more: object) -> jax.Array:
        bound = math.sqrt(6.0 / (math.prod(shape[:-1]) + shape[-1]))
        return uniform(bound)(key, shape, dtype, **more)

    return draw


def uniform(bound: float) -> Initializer:
    """Draw evenly between `-bound` and `bound`."""

    def draw(key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype = jnp.float32, **_: object) -> jax.Array:
        return jax.random.uniform(key, (math.prod(shape),), dtype, -bound, bound).reshape(shape)

    return draw


def _scaled(gain: float) -> Initializer:
    def draw(key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype = jnp.float32, **more: object) -> jax.Array:
        inputs = math.prod(shape[:-1])  # of one unit: all axes but the last
        return truncated_normal(math.sqrt(gain / inputs) / _TRUNCATED)(key, shape, dtype, **more)

    return draw
