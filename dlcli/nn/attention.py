"""Attention: a position asks with a query, and gets the values of those positions whose keys match it.

Axes: batch, time (positions that ask), memory (positions that answer), head, feature.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax.nn.initializers import Initializer

from dlcli.nn.initializers import normal, xavier_uniform
from dlcli.nn.presets import Style

_BASE = 10_000.0  # wavelengths grow from 2π to this many times 2π: section 3.5 of Vaswani et al. 2017


class Memory(NamedTuple):
    """What an attention keeps of the positions that answer, float [batch, memory, head, feature] each."""

    keys: jax.Array
    values: jax.Array

    def write(self, fresh: Memory, start: jax.Array | int) -> Memory:
        """Return the memory with `fresh` in the places from `start` on."""
        return Memory(
            *(jax.lax.dynamic_update_slice_in_dim(old, new, start, 1) for old, new in zip(self, fresh, strict=True))
        )


class Attention(nnx.Module):
    """Multi-head attention in two steps: what answers is remembered once, and recalled as often as is asked.

    Reference: Vaswani et al., "Attention Is All You Need", 2017, arXiv:1706.03762, section 3.2.
    """

    def __init__(self, style: Style, *, out: Initializer, rngs: nnx.Rngs):
        """Build an untrained attention.

        Args:
            style: of the block it is part of.
            out: initial weights of the last projection.
            rngs: for the initial weights.
        """

        def linear(start: Initializer) -> nnx.Linear:
            shape, dtype = (style.width, style.width), jnp.dtype(style.dtype)
            return nnx.Linear(*shape, use_bias=style.bias, dtype=dtype, kernel_init=start, rngs=rngs)

        self.heads = style.heads
        self.query, self.key, self.value = (linear(kernels(style)) for _ in range(3))
        self.out = linear(out)
        self.query_norm = nnx.data(_unit(style, rngs))
        self.key_norm = nnx.data(_unit(style, rngs))

    def remember(self, x: jax.Array, angles: jax.Array | None = None) -> Memory:
        """Return the keys and values of [batch, memory, width]; angles as `rotate` wants them."""
        return Memory(rotate(_normalized(self.key_norm, self._split(self.key(x))), angles), self._split(self.value(x)))

    def recall(
        self,
        x: jax.Array,
        memory: Memory,
        mask: jax.Array,
        angles: jax.Array | None = None,
        record: list[jax.Array] | None = None,
    ) -> jax.Array:
        """Return what each position of [batch, time, width] finds in a memory, of the same shape.

        Args:
            x: the positions that ask.
            memory: those that answer.
            mask: bool, broadcastable to [batch, head, time, memory]: whom each may ask.
            angles: by which the queries turn, as `rotate` wants them.
            record: gets the weights, float32 [batch, head, time, memory], where it is given.
        """
        query = rotate(_normalized(self.query_norm, self._split(self.query(x))), angles)
        if record is not None:
            record.append(weights(query, memory.keys, mask))
        found = jax.nn.dot_product_attention(query, memory.keys, memory.values, mask=mask)
        return self.out(found.reshape(x.shape))

    def _split(self, x: jax.Array) -> jax.Array:
        return x.reshape(*x.shape[:-1], self.heads, -1)  # [batch, time, head, feature]


def weights(query: jax.Array, keys: jax.Array, mask: jax.Array) -> jax.Array:
    """Return how each position shares its attention out, float32 [batch, head, time, memory]; rows sum to 1.

    It is what `jax.nn.dot_product_attention` weighs the values with, and does not hand out.

    Args:
        query: [batch, time, head, feature].
        keys: [batch, memory, head, feature].
        mask: bool, broadcastable to [batch, head, time, memory].
    """
    scores = jnp.einsum("bthf,bmhf->bhtm", query, keys, preferred_element_type=jnp.float32)
    scores = jnp.where(mask, scores / query.shape[-1] ** 0.5, 0.7 * jnp.finfo(jnp.float32).min)
    return jax.nn.softmax(scores, axis=-1)


def causal(time: int, memory: int | None = None, start: jax.Array | int = 0) -> jax.Array:
    """Let each position see itself and those before it: bool [1, 1, time, memory].

    Args:
        time: positions that ask.
        memory: positions that answer; by default those that ask.
        start: place of the first position that asks among those that answer.
    """
    asking, answering = start + jnp.arange(time), jnp.arange(memory or time)
    return (answering[None, :] <= asking[:, None])[None, None]


def padding(lengths: jax.Array, memory: int) -> jax.Array:
    """Hide what fills up each sequence behind its length, int [batch]: bool [batch, 1, 1, memory]."""
    return (jnp.arange(memory)[None, :] < lengths[:, None])[:, None, None, :]


def sinusoids(positions: jax.Array, width: int) -> jax.Array:
    """Return the sines and cosines that stand for positions, int [time]: float32 [time, width].

    Reference: section 3.5 of Vaswani et al. 2017; here all sines come before all cosines, as in its authors' code.
    """
    angles = positions.astype(jnp.float32)[:, None] * _frequencies(width)[None, :]
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=-1)


def rotary_angles(positions: jax.Array, width: int) -> jax.Array:
    """Return the angles by which `rotate` turns the features of a head at positions, int [time]: [time, width / 2]."""
    return positions.astype(jnp.float32)[:, None] * _frequencies(width)[None, :]


def rotate(x: jax.Array, angles: jax.Array | None) -> jax.Array:
    """Turn pairs of features of [batch, time, head, feature] by float [time, feature / 2]; None leaves them.

    The product of a query and a key then depends on their distance alone. Feature i is paired with
    feature i + feature / 2.

    Reference: Su et al., "RoFormer", 2021, arXiv:2104.09864, equation 34.
    """
    if angles is None:
        return x
    cosine, sine = jnp.cos(angles)[None, :, None, :], jnp.sin(angles)[None, :, None, :]
    first, second = jnp.split(x.astype(jnp.float32), 2, axis=-1)
    turned = jnp.concatenate([first * cosine - second * sine, second * cosine + first * sine], axis=-1)
    return turned.astype(x.dtype)


def kernels(style: Style) -> Initializer:
    """Return the initial weights of a projection."""
    return xavier_uniform() if style.initial == "xavier" else normal(0.02)


def _frequencies(width: int) -> jax.Array:
    return _BASE ** (-jnp.arange(width // 2) / (width // 2))


def _unit(style: Style, rngs: nnx.Rngs) -> nnx.RMSNorm | None:
    return nnx.RMSNorm(style.head_width, epsilon=1e-6, dtype=jnp.float32, rngs=rngs) if style.unit_queries else None


def _normalized(norm: nnx.RMSNorm | None, x: jax.Array) -> jax.Array:
    return x if norm is None else norm(x).astype(x.dtype)
