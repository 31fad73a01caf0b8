"""Transformer blocks for encoders, decoders, and decoders with cross-attention.

Axes: batch, time, feature; query, key, head as in `dlcli.nn.attention`. A block has two or three sublayers with
residual connections: self-attention, cross-attention (optional), feed-forward.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax.nn.initializers import Initializer

from dlcli.nn import remat
from dlcli.nn.activation import activation
from dlcli.nn.attention import Attention, KVCache, projection_initializer, rotary_angles, sinusoidal_positions
from dlcli.nn.initializers import normal
from dlcli.nn.transformer_config import TransformerConfig


class CrossAttentionCache(NamedTuple):
    """An encoder's output as a decoder attends to it.

    Attributes:
        layers: keys and values of each decoder layer.
        mask: bool [batch, 1, 1, key], True where there is no padding.
    """

    layers: tuple[KVCache, ...]
    mask: jax.Array


class AttentionContext(NamedTuple):
    """How the positions of a sequence attend to each other.

    Attributes:
        mask: bool, broadcastable to [batch, head, query, key].
        angles: of rotary positions, float32 [query, feature / 2]; None: other positional encodings.
        start: position of the first query.
        record: list to append each layer's attention weights to; None: not recorded.
    """

    mask: jax.Array
    angles: jax.Array | None
    start: jax.Array | int
    record: list[jax.Array] | None


class Embedding(nnx.Module):
    """Token and position embeddings; the token embedding is also the output projection unless it has its own.

    Reference: Press and Wolf, "Using the Output Embedding", 2017, arXiv:1608.05859, for the tied weights.
    """

    def __init__(self, config: TransformerConfig, vocabulary: int, *, rngs: nnx.Rngs):
        # The original scales embeddings by √d_model at the input, and initializes them so that
        # logits start with a variance of 1 (section 3.4 and the authors' code).
        self.d_model = config.d_model
        self.scale = config.d_model**0.5 if config.initializer == "xavier" else 1.0
        std = config.d_model**-0.5 if config.initializer == "xavier" else 0.02
        self.tokens = nnx.Embed(vocabulary, config.d_model, embedding_init=normal(std), rngs=rngs)
        self.positions = nnx.data(None)
        if config.positions == "learned":
            self.positions = nnx.Embed(config.context, config.d_model, embedding_init=normal(0.02), rngs=rngs)
        self.sinusoidal = config.positions == "sinusoidal"
        self.norm = nnx.data(norm(config, rngs) if config.embedding_norm else None)
        self.output = nnx.data(None)
        if not config.tied:
            self.output = nnx.Embed(vocabulary, config.d_model, embedding_init=normal(std), rngs=rngs)
        self.bias = nnx.data(nnx.Param(jnp.zeros([vocabulary])) if config.output_bias else None)
        self.dropout = nnx.Dropout(config.dropout, rngs=rngs)
        self.dtype = jnp.dtype(config.dtype)

    def __call__(self, tokens: jax.Array, start: jax.Array | int = 0) -> jax.Array:
        """Map int [batch, time] to [batch, time, d_model]; `start` is the position of the first token."""
        x = self.tokens(tokens) * self.scale
        positions = start + jnp.arange(tokens.shape[1])
        if self.positions is not None:
            x = x + self.positions(positions)[None]
        if self.sinusoidal:
            x = x + sinusoidal_positions(positions, self.d_model)[None]
        if self.norm is not None:
            x = self.norm(x)
        return _apply_dropout(self.dropout, x.astype(self.dtype))

    def logits(self, x: jax.Array) -> jax.Array:
        """Map [batch, time, d_model] to float32 [batch, time, vocabulary]."""
        table = (self.tokens if self.output is None else self.output).embedding[...].astype(x.dtype)
        logits = jnp.einsum("btf,vf->btv", x, table, preferred_element_type=jnp.float32)
        return logits if self.bias is None else logits + self.bias[...].reshape(1, 1, -1)


class FeedForward(nnx.Module):
    """A position-wise feed-forward layer; "swiglu" multiplies the hidden units by a gate.

    Reference: Shazeer, "GLU Variants Improve Transformer", 2020, arXiv:2002.05202, equation 6, for the gate.
    """

    def __init__(self, config: TransformerConfig, *, out: Initializer, rngs: nnx.Rngs):
        def linear(inputs: int, outputs: int, initializer: Initializer) -> nnx.Linear:
            dtype = jnp.dtype(config.dtype)
            return nnx.Linear(inputs, outputs, use_bias=config.bias, dtype=dtype, kernel_init=initializer, rngs=rngs)

        gated, initializer = config.activation == "swiglu", projection_initializer(config)
        self.activation = activation("silu" if gated else config.activation)
        self.up = linear(config.d_model, config.d_ff, initializer)
        self.gate = nnx.data(linear(config.d_model, config.d_ff, initializer) if gated else None)
        self.down = linear(config.d_ff, config.d_model, out)

    def __call__(self, x: jax.Array) -> jax.Array:
        if self.gate is None:
            return self.down(self.activation(self.up(x)))
        return self.down(self.activation(self.gate(x)) * self.up(x))


class TransformerBlock(nnx.Module):
    """Self-attention, cross-attention if `cross`, and a feed-forward layer."""

    def __init__(self, config: TransformerConfig, *, cross: bool, rngs: nnx.Rngs):
        sublayers = 3 if cross else 2
        # Section 2.3 of GPT-2: the more sublayers add to the residual stream, the smaller their initial outputs.
        xavier = config.initializer == "xavier"
        out = projection_initializer(config) if xavier else normal(0.02 / (sublayers * config.layers) ** 0.5)
        self.self_attention = Attention(config, out=out, rngs=rngs)
        self.cross_attention = nnx.data(Attention(config, out=out, rngs=rngs) if cross else None)
        self.feed_forward = FeedForward(config, out=out, rngs=rngs)
        self.norms = nnx.List([norm(config, rngs) for _ in range(sublayers)])
        self.dropout = nnx.Dropout(config.dropout, rngs=rngs)
        self.pre_norm = config.pre_norm

    def __call__(
        self,
        x: jax.Array,
        context: AttentionContext,
        cache: KVCache | None = None,
        encoded: tuple[KVCache, jax.Array] | None = None,
    ) -> tuple[jax.Array, KVCache]:
        """Map [batch, time, d_model] to the same shape; also return the keys and values of the self-attention.

        Args:
            x: the sequence, or its part from `context.start` on.
            context: how its positions attend to each other.
            cache: keys and values of the whole context, filled up to `context.start`; None: `x` is all there is.
            encoded: keys and values of the encoder's output, and their mask, bool [batch, 1, 1, key].
        """
        normalized = self._before(0, x)
        fresh = self.self_attention.project_key_value(normalized, context.angles)
        cache = fresh if cache is None else cache.update(fresh, context.start)
        attended = self.self_attention.attend(normalized, cache, context.mask, context.angles, context.record)
        x = self._add(0, x, attended)
        if self.cross_attention is not None:
            assert encoded is not None
            x = self._add(1, x, self.cross_attention.attend(self._before(1, x), *encoded, record=context.record))
        return self._add(-1, x, self.feed_forward(self._before(-1, x))), cache

    def _before(self, sublayer: int, x: jax.Array) -> jax.Array:
        return self.norms[sublayer](x).astype(x.dtype) if self.pre_norm else x

    def _add(self, sublayer: int, x: jax.Array, output: jax.Array) -> jax.Array:
        x = x + _apply_dropout(self.dropout, output)
        return x if self.pre_norm else self.norms[sublayer](x).astype(x.dtype)


class TransformerStack(nnx.Module):
    """Transformer blocks in sequence.

    Attributes:
        config: sizes and variants of the blocks.
        blocks: the blocks, first to last.
        final_norm: normalization of the last residual sum; None for post-norm blocks.
    """

    def __init__(self, config: TransformerConfig, *, cross: bool = False, rngs: nnx.Rngs):
        self.config = config
        self.blocks = nnx.List([TransformerBlock(config, cross=cross, rngs=rngs) for _ in range(config.layers)])
        self.final_norm = nnx.data(norm(config, rngs) if config.pre_norm else None)

    def __call__(
        self,
        x: jax.Array,
        mask: jax.Array,
        *,
        start: jax.Array | int = 0,
        cache: Sequence[KVCache] | None = None,
        encoded: CrossAttentionCache | None = None,
        record: list[jax.Array] | None = None,
    ) -> tuple[jax.Array, tuple[KVCache, ...]]:
        """Map [batch, time, d_model] to the same shape; also return each layer's keys and values.

        Args:
            x: the sequence, or its part from `start` on.
            mask: bool, broadcastable to [batch, head, query, key]; True where a query may attend to a key.
            start: position of the first element of `x`.
            cache: each layer's keys and values of the whole context (from `init_cache` or an earlier call); None:
                `x` is all there is.
            encoded: the encoder's output, for blocks with cross-attention.
            record: list to append each attention's weights to, layer by layer, self-attention before cross-attention.
        """
        angles, caches = self._angles(start + jnp.arange(x.shape[1])), []
        context = AttentionContext(mask, angles, start, record)
        for layer, block in enumerate(self.blocks):
            cross = None if encoded is None else (encoded.layers[layer], encoded.mask)
            old = None if cache is None else cache[layer]
            keeps_all = cache is not None or record is not None  # no training step
            x, layer_cache = remat.apply(block, x, context, old, cross, remat=self.config.remat and not keeps_all)
            caches.append(layer_cache)
        return x if self.final_norm is None else self.final_norm(x).astype(x.dtype), tuple(caches)

    def _angles(self, positions: jax.Array) -> jax.Array | None:
        if self.config.positions != "rotary":
            return None
        return rotary_angles(positions, self.config.head_dim, self.config.rope_base, self.config.rope_scaling)

    def block_outputs(self, x: jax.Array, mask: jax.Array) -> list[jax.Array]:
        """Return the output of each block, [batch, time, d_model] each, before the final normalization.

        Args:
            x: the embedded sequence, [batch, time, d_model].
            mask: bool, broadcastable to [batch, head, query, key].
        """
        angles, outputs = self._angles(jnp.arange(x.shape[1])), []
        for block in self.blocks:
            x, _ = block(x, AttentionContext(mask, angles, 0, None))
            outputs.append(x)
        return outputs

    def init_cache(self, batch: int) -> tuple[KVCache, ...]:
        """Return each layer's cache of a whole context, filled with zeros, for `batch` sequences."""
        shape = (batch, self.config.context, self.config.kv_heads, self.config.head_dim)
        zeros = jnp.zeros(shape, self.config.dtype)
        return tuple(KVCache(zeros, zeros) for _ in self.blocks)

    def project_encoded(self, encoded: jax.Array, mask: jax.Array) -> CrossAttentionCache:
        """Return the cross-attention's keys and values of an encoder's output.

        Args:
            encoded: [batch, key, d_model].
            mask: bool [batch, 1, 1, key].
        """
        layers = tuple(block.cross_attention.project_key_value(encoded) for block in self.blocks)
        return CrossAttentionCache(layers, mask)


def norm(config: TransformerConfig, rngs: nnx.Rngs) -> nnx.Module:
    """Return the normalization layer of a configuration, which computes in float32."""
    if config.norm == "rms":
        return nnx.RMSNorm(config.d_model, epsilon=config.epsilon, dtype=jnp.float32, rngs=rngs)
    return nnx.LayerNorm(config.d_model, epsilon=config.epsilon, use_bias=config.bias, dtype=jnp.float32, rngs=rngs)


def _apply_dropout(dropout: nnx.Dropout, x: jax.Array) -> jax.Array:
    # Drawn flat: over three axes, XLA's CPU compiler draws the same numbers at less than half the speed.
    return dropout(x.reshape(x.shape[0], -1)).reshape(x.shape)
