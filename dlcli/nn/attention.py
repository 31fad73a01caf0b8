"""Multi-head attention with a key-value cache, its masks, and positional encodings.

Axes: batch, query (positions that attend), key (positions that are attended to), head, feature. A sequence of
either kind is [batch, time, feature].
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax.nn.initializers import Initializer

from dlcli.nn.initializers import normal, xavier_uniform
from dlcli.nn.transformer_config import TransformerConfig

_BASE = 10_000.0  # wavelengths range from 2π to 2π times this: section 3.5 of Vaswani et al. 2017


class KVCache(NamedTuple):
    """The keys and values of one attention layer, float [batch, key, head, feature] each."""

    keys: jax.Array
    values: jax.Array

    def update(self, new: KVCache, start: jax.Array | int) -> KVCache:
        """Return the cache with `new` written at the positions from `start` on."""
        return KVCache(
            *(
                jax.lax.dynamic_update_slice_in_dim(cached, fresh, start, 1)
                for cached, fresh in zip(self, new, strict=True)
            )
        )


class Attention(nnx.Module):
    """Multi-head attention in two steps: project keys and values once, attend to them from any query.

    Reference: Vaswani et al., "Attention Is All You Need", 2017, arXiv:1706.03762, section 3.2.
    """

    def __init__(self, config: TransformerConfig, *, out: Initializer, rngs: nnx.Rngs):
        """Build the projections.

        Args:
            config: of the block that the attention belongs to.
            out: initializer of the output projection.
            rngs: random streams of the initial weights.
        """

        def linear(inputs: int, outputs: int, initializer: Initializer, bias: bool) -> nnx.Linear:
            dtype = jnp.dtype(config.dtype)
            return nnx.Linear(inputs, outputs, use_bias=bias, dtype=dtype, kernel_init=initializer, rngs=rngs)

        self.heads, self.kv_heads = config.heads, config.kv_heads
        sizes = [heads * config.head_dim for heads in (config.heads, config.kv_heads, config.kv_heads)]
        self.query, self.key, self.value = (
            linear(config.d_model, size, projection_initializer(config), config.bias or config.qkv_bias)
            for size in sizes
        )
        self.out = linear(sizes[0], config.d_model, out, config.bias)
        self.query_norm = nnx.data(_head_norm(config, rngs))
        self.key_norm = nnx.data(_head_norm(config, rngs))

    def project_key_value(self, x: jax.Array, angles: jax.Array | None = None) -> KVCache:
        """Return the keys and values of [batch, key, d_model].

        Args:
            x: the sequence.
            angles: of rotary positions, as `apply_rotary` takes them; None: no rotation.
        """
        keys = apply_rotary(_normalize(self.key_norm, self._split_heads(self.key(x), self.kv_heads)), angles)
        return KVCache(keys, self._split_heads(self.value(x), self.kv_heads))

    def attend(
        self,
        x: jax.Array,
        cache: KVCache,
        mask: jax.Array,
        angles: jax.Array | None = None,
        record: list[jax.Array] | None = None,
    ) -> jax.Array:
        """Return the attention output of [batch, query, d_model], of the same shape.

        Args:
            x: the sequence of queries.
            cache: the keys and values to attend to.
            mask: bool, broadcastable to [batch, head, query, key]; True where a query may attend to a key.
            angles: of the queries' rotary positions, as `apply_rotary` takes them; None: no rotation.
            record: list to append the attention weights to, float32 [batch, head, query, key]; None: not recorded.
        """
        query = apply_rotary(_normalize(self.query_norm, self._split_heads(self.query(x), self.heads)), angles)
        if record is not None:
            record.append(attention_weights(query, cache.keys, mask))
        output = jax.nn.dot_product_attention(query, cache.keys, cache.values, mask=mask)
        return self.out(output.reshape(*x.shape[:-1], -1))

    def _split_heads(self, x: jax.Array, heads: int) -> jax.Array:
        return x.reshape(*x.shape[:-1], heads, -1)  # [batch, time, head, feature]


def attention_weights(query: jax.Array, keys: jax.Array, mask: jax.Array) -> jax.Array:
    """Return softmax(QKᵀ/√d), float32 [batch, head, query, key].

    `jax.nn.dot_product_attention` uses these weights but does not return them.

    Args:
        query: [batch, query, head, feature].
        keys: [batch, key, head, feature]; with fewer heads than the queries, each serves as many in a row.
        mask: bool, broadcastable to [batch, head, query, key].
    """
    keys = jnp.repeat(keys, query.shape[2] // keys.shape[2], axis=2)
    scores = jnp.einsum("bqhf,bkhf->bhqk", query, keys, preferred_element_type=jnp.float32)
    scores = jnp.where(mask, scores / query.shape[-1] ** 0.5, 0.7 * jnp.finfo(jnp.float32).min)
    return jax.nn.softmax(scores, axis=-1)


def causal_mask(queries: int, keys: int | None = None, start: jax.Array | int = 0) -> jax.Array:
    """Return the mask that lets each position attend to itself and earlier ones, bool [1, 1, query, key].

    Args:
        queries: number of query positions.
        keys: number of key positions; None: as many as queries.
        start: position of the first query among the keys.
    """
    query, key = start + jnp.arange(queries), jnp.arange(keys or queries)
    return (key[None, :] <= query[:, None])[None, None]


def sliding_window_mask(queries: int, window: int) -> jax.Array:
    """Return the causal mask limited to the last `window` positions, the query included, bool [1, 1, query, key].

    Reference: Beltagy, Peters and Cohan, "Longformer", 2020, arXiv:2004.05150, section 3.1, for one direction.
    """
    positions = jnp.arange(queries)
    return causal_mask(queries) & (positions[None, :] > positions[:, None] - window)[None, None]


def prefix_mask(queries: int, prefix: int) -> jax.Array:
    """Return the causal mask in which the first `prefix` positions attend to each other, bool [1, 1, query, key].

    Reference: Raffel et al., "Exploring the Limits of Transfer Learning", 2020, arXiv:1910.10683, section 3.2.1.
    """
    return causal_mask(queries) | (jnp.arange(queries) < prefix)[None, None, None, :]


def padding_mask(lengths: jax.Array, keys: int) -> jax.Array:
    """Return the mask that hides the padding after each sequence's length, bool [batch, 1, 1, key].

    Args:
        lengths: of the sequences, int [batch].
        keys: number of key positions.
    """
    return (jnp.arange(keys)[None, :] < lengths[:, None])[:, None, None, :]


def sinusoidal_positions(positions: jax.Array, width: int) -> jax.Array:
    """Return the sinusoidal encodings of positions, int [time]: float32 [time, width].

    Reference: section 3.5 of Vaswani et al. 2017; all sines precede all cosines, as in its authors' code.
    """
    angles = positions.astype(jnp.float32)[:, None] * _frequencies(width)[None, :]
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=-1)


def rotary_angles(
    positions: jax.Array, width: int, base: float = _BASE, scaling: tuple[float, float, float, float] | None = None
) -> jax.Array:
    """Return the rotation angles of `width` features at positions, int [time]: float32 [time, width / 2].

    `scaling` is that of `scaled_frequencies`; None: none.
    """
    frequencies = _frequencies(width, base)
    if scaling is not None:
        frequencies = scaled_frequencies(frequencies, *scaling)
    return positions.astype(jnp.float32)[:, None] * frequencies[None, :]


def scaled_frequencies(frequencies: jax.Array, factor: float, low: float, high: float, context: float) -> jax.Array:
    """Return the frequencies of rotary positions for a longer context, of the same shape.

    Wavelengths above context / low are multiplied by the factor, and those below context / high are kept. Between the
    two, the frequency is interpolated linearly in the number of wavelengths per context.

    Args:
        frequencies: in radians per token.
        factor: by which the longest wavelengths grow.
        low: wavelengths per context below which a frequency is divided by the factor.
        high: wavelengths per context above which a frequency is kept.
        context: of the model before it was extended, in tokens.

    Reference: Grattafiori et al., "The Llama 3 Herd of Models", 2024, arXiv:2407.21783, and the code of Llama 3.1.
    """
    waves = context * frequencies / (2 * jnp.pi)
    kept = jnp.clip((waves - low) / (high - low), 0.0, 1.0)
    return frequencies * (kept + (1 - kept) / factor)


def apply_rotary(x: jax.Array, angles: jax.Array | None) -> jax.Array:
    """Rotate pairs of features, so that the product of a query and a key depends only on their distance.

    Feature i is paired with feature i + feature / 2.

    Args:
        x: [batch, time, head, feature].
        angles: float [time, feature / 2]; None: `x` is returned as it is.

    Reference: Su et al., "RoFormer", 2021, arXiv:2104.09864, equation 34.
    """
    if angles is None:
        return x
    cosine, sine = jnp.cos(angles)[None, :, None, :], jnp.sin(angles)[None, :, None, :]
    first, second = jnp.split(x.astype(jnp.float32), 2, axis=-1)
    rotated = jnp.concatenate([first * cosine - second * sine, second * cosine + first * sine], axis=-1)
    return rotated.astype(x.dtype)


def projection_initializer(config: TransformerConfig) -> Initializer:
    """Return the initializer of projections, except output projections."""
    return xavier_uniform() if config.initializer == "xavier" else normal(0.02)


def _frequencies(width: int, base: float = _BASE) -> jax.Array:
    return base ** (-jnp.arange(width // 2) / (width // 2))


def _head_norm(config: TransformerConfig, rngs: nnx.Rngs) -> nnx.RMSNorm | None:
    return (
        nnx.RMSNorm(config.head_dim, epsilon=config.epsilon, dtype=jnp.float32, rngs=rngs) if config.qk_norm else None
    )


def _normalize(norm: nnx.RMSNorm | None, x: jax.Array) -> jax.Array:
    return x if norm is None else norm(x).astype(x.dtype)
