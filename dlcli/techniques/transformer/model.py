"""The networks of `train transformer`, one for each shape, made of the same blocks.

Axes: batch, time, feature, vocabulary, class; key as in `dlcli.nn.attention`.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.nn.attention import KVCache, causal_mask, padding_mask
from dlcli.nn.beam_search import SpecialTokens
from dlcli.nn.transformer import CrossAttentionCache, Embedding, TransformerStack
from dlcli.nn.transformer_config import TransformerConfig


class Decoder(nnx.Module):
    """Predicts each token from those before it."""

    def __init__(self, config: TransformerConfig, vocabulary: int, *, rngs: nnx.Rngs):
        self.embedding = Embedding(config, vocabulary, rngs=rngs)
        self.stack = TransformerStack(config, rngs=rngs)

    def __call__(self, tokens: jax.Array, record: list[jax.Array] | None = None) -> jax.Array:
        """Map int [batch, time] to logits of the next tokens, float32 [batch, time, vocabulary]."""
        x, _ = self.stack(self.embedding(tokens), causal_mask(tokens.shape[1]), record=record)
        return self.embedding.logits(x)

    def init_cache(self, batch: int) -> tuple[KVCache, ...]:
        """Return the layers' caches before the first token."""
        return self.stack.init_cache(batch)

    def step(
        self, tokens: jax.Array, start: jax.Array | int, cache: Sequence[KVCache]
    ) -> tuple[jax.Array, tuple[KVCache, ...]]:
        """Return the logits of `__call__` at the positions from `start` on, and the updated caches.

        Args:
            tokens: int [batch, time], those from `start` on.
            start: position of the first of them.
            cache: of the earlier positions.
        """
        mask = causal_mask(tokens.shape[1], cache[0].keys.shape[1], start)
        x, cache = self.stack(self.embedding(tokens, start), mask, start=start, cache=cache)
        return self.embedding.logits(x), cache


class Encoder(nnx.Module):
    """Classifies a text by the mean of its encoded positions.

    The classification head is initialized to zero, so an untrained network predicts all classes with equal
    probability.
    """

    def __init__(self, config: TransformerConfig, vocabulary: int, classes: int, *, rngs: nnx.Rngs):
        self.embedding = Embedding(config, vocabulary, rngs=rngs)
        self.stack = TransformerStack(config, rngs=rngs)
        self.dropout = nnx.Dropout(config.dropout, rngs=rngs)
        zeros = nnx.initializers.zeros_init()
        self.head = nnx.Linear(config.d_model, classes, dtype=jnp.float32, kernel_init=zeros, rngs=rngs)

    def __call__(self, tokens: jax.Array, length: jax.Array, record: list[jax.Array] | None = None) -> jax.Array:
        """Map texts to logits, float32 [batch, class].

        Args:
            tokens: int [batch, time], padded.
            length: tokens of each text without padding, int [batch].
            record: list to append each layer's attention weights to; None: not recorded.
        """
        return self.head(self.dropout(self.represent(tokens, length, record)))

    def represent(self, tokens: jax.Array, length: jax.Array, record: list[jax.Array] | None = None) -> jax.Array:
        """Return the mean of the encoded positions, float32 [batch, feature]; arguments as in `__call__`."""
        mask = padding_mask(length, tokens.shape[1])
        x, _ = self.stack(self.embedding(tokens), mask, record=record)
        present = mask[:, 0, 0, :, None].astype(jnp.float32)  # [batch, time, 1]
        return (x.astype(jnp.float32) * present).sum(axis=1) / jnp.maximum(present.sum(axis=1), 1.0)


class MaskedEncoder(nnx.Module):
    """Predicts tokens from the text on both sides; embedding and blocks are those of `Encoder`."""

    def __init__(self, config: TransformerConfig, vocabulary: int, *, rngs: nnx.Rngs):
        self.embedding = Embedding(config, vocabulary, rngs=rngs)
        self.stack = TransformerStack(config, rngs=rngs)

    def __call__(
        self, tokens: jax.Array, length: jax.Array, position: jax.Array, record: list[jax.Array] | None = None
    ) -> jax.Array:
        """Map texts to logits of the tokens at some positions, float32 [batch, masked, vocabulary].

        Args:
            tokens: int [batch, time], padded.
            length: tokens of each text without padding, int [batch].
            position: int [batch, masked].
            record: list to append each layer's attention weights to; None: not recorded.
        """
        x, _ = self.stack(self.embedding(tokens), padding_mask(length, tokens.shape[1]), record=record)
        return self.embedding.logits(jnp.take_along_axis(x, position[:, :, None], axis=1))


class EncoderDecoder(nnx.Module):
    """Generates a target token by token with cross-attention to a source; both share the token embedding.

    Attributes:
        special: the special tokens of targets.
    """

    def __init__(self, config: TransformerConfig, vocabulary: int, *, special: SpecialTokens, rngs: nnx.Rngs):
        self.special = nnx.static(special)
        self.embedding = Embedding(config, vocabulary, rngs=rngs)
        self.encoder = TransformerStack(config, rngs=rngs)
        self.decoder = TransformerStack(config, cross=True, rngs=rngs)

    def __call__(
        self, tokens: jax.Array, encoded: CrossAttentionCache, record: list[jax.Array] | None = None
    ) -> jax.Array:
        """Map target tokens, int [batch, time], to logits of the next ones, float32 [batch, time, vocabulary]."""
        x, _ = self.decoder(self.embedding(tokens), causal_mask(tokens.shape[1]), encoded=encoded, record=record)
        return self.embedding.logits(x)

    def encode(
        self, tokens: jax.Array, length: jax.Array, record: list[jax.Array] | None = None
    ) -> CrossAttentionCache:
        """Return the encoder's output as the decoder attends to it.

        Args:
            tokens: of the sources, int [batch, key], padded.
            length: tokens of each source without padding, int [batch].
            record: list to append each encoder layer's attention weights to; None: not recorded.
        """
        mask = padding_mask(length, tokens.shape[1])
        x, _ = self.encoder(self.embedding(tokens), mask, record=record)
        return self.decoder.project_encoded(x, mask)

    def init_cache(self, batch: int) -> tuple[KVCache, ...]:
        """Return the decoder layers' caches before the first token."""
        return self.decoder.init_cache(batch)

    def step(
        self, tokens: jax.Array, start: jax.Array | int, cache: Sequence[KVCache], encoded: CrossAttentionCache
    ) -> tuple[jax.Array, tuple[KVCache, ...]]:
        """Return the logits of `__call__` at the positions from `start` on, and the updated caches."""
        mask = causal_mask(tokens.shape[1], cache[0].keys.shape[1], start)
        x, cache = self.decoder(self.embedding(tokens, start), mask, start=start, cache=cache, encoded=encoded)
        return self.embedding.logits(x), cache


Network = Decoder | Encoder | MaskedEncoder | EncoderDecoder
