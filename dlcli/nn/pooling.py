"""Pooling: halves the height and width of feature maps.

Axes: batch, height, width, channel.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.nn.receptive_field import Window


@jax.custom_vjp
def max_pool(x: jax.Array) -> jax.Array:
    """Map [batch, height, width, channel] to the maximum of each 2×2 block.

    The last row or column of an odd size is dropped. Among equal maxima, the gradient goes to the first one in
    row-major order, as in PyTorch.
    """
    return _blocks(x).max(axis=(2, 4))


def average_pool(x: jax.Array) -> jax.Array:
    """Map [batch, height, width, channel] to the mean of each 2×2 block, without an odd last row or column."""
    return _blocks(x).mean(axis=(2, 4))


def stride_pool(x: jax.Array) -> jax.Array:
    """Map [batch, height, width, channel] to every second row and column, as a convolution of stride 2 does."""
    return x[:, ::2, ::2]


# Name -> pooling function and its window.
POOLS: dict[str, tuple[Callable[[jax.Array], jax.Array], Window]] = {
    "max": (max_pool, Window(2, stride=2)),
    "average": (average_pool, Window(2, stride=2)),
    "stride": (stride_pool, Window(1, stride=2)),
}


class Pool(nnx.Module):
    """Pooling by name: "max", "average" or "stride"."""

    def __init__(self, name: str):
        if name not in POOLS:
            raise ValueError(f"pooling must be one of {', '.join(POOLS)}, got {name!r}")
        self.pool, window = POOLS[name]
        self.windows = (window,)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Map [batch, height, width, channel] to half the height and width."""
        return self.pool(x)


def _blocks(x: jax.Array) -> jax.Array:
    """Return [batch, height / 2, 2, width / 2, 2, channel]."""
    batch, height, width, channel = x.shape
    rows, columns = height // 2, width // 2
    return x[:, : 2 * rows, : 2 * columns].reshape(batch, rows, 2, columns, 2, channel)


def _max_pool_forward(x: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    y = max_pool(x)
    return y, (x, y)


def _max_pool_backward(saved: tuple[jax.Array, jax.Array], gradient: jax.Array) -> tuple[jax.Array]:
    # On the CPU the gradient of `reduce_window` searches each window again, and that of a maximum
    # over blocks counts the maxima in arrays of the input's size; this reads the input once.
    x, y = saved
    is_max = _blocks(x) == y[:, :, None, :, None]
    first, second, third = is_max[:, :, 0, :, 0], is_max[:, :, 0, :, 1], is_max[:, :, 1, :, 0]
    argmax = jnp.where(first, 0, jnp.where(second, 1, jnp.where(third, 2, 3))).astype(jnp.int8)
    position = jnp.arange(4, dtype=jnp.int8).reshape(1, 1, 2, 1, 2, 1)
    blocks = jnp.where(argmax[:, :, None, :, None] == position, gradient[:, :, None, :, None], 0)
    batch, rows, _, columns, _, channel = blocks.shape
    even = blocks.reshape(batch, 2 * rows, 2 * columns, channel)
    return (jnp.pad(even, [(0, 0), (0, x.shape[1] % 2), (0, x.shape[2] % 2), (0, 0)]),)


max_pool.defvjp(_max_pool_forward, _max_pool_backward)
