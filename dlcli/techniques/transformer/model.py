"""The networks of `train transformer`, one for each shape, of the same blocks.

Axes: batch, time, memory, width, token, class.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.nn.attention import Memory, causal, padding
from dlcli.nn.presets import Style
from dlcli.nn.transformer import Embedding, Source, Stack


class Decoder(nnx.Module):
    """Says of each token which one follows, from those before it."""

    def __init__(self, style: Style, vocabulary: int, *, rngs: nnx.Rngs):
        self.embedding = Embedding(style, vocabulary, rngs=rngs)
        self.stack = Stack(style, rngs=rngs)

    def __call__(self, tokens: jax.Array, record: list[jax.Array] | None = None) -> jax.Array:
        """Map int [batch, time] to logits of the next tokens, float32 [batch, time, token]."""
        x, _ = self.stack(self.embedding(tokens), causal(tokens.shape[1]), record=record)
        return self.embedding.logits(x)

    def empty(self, batch: int) -> tuple[Memory, ...]:
        """Return what the layers remember of nothing."""
        return self.stack.empty(batch)

    def step(
        self, tokens: jax.Array, start: jax.Array | int, past: Sequence[Memory]
    ) -> tuple[jax.Array, tuple[Memory, ...]]:
        """Return what `__call__` gives at the positions from `start` on, and what the layers remember then.

        Args:
            tokens: int [batch, time], those from `start` on.
            start: place of the first of them in the context.
            past: what the layers remember of those before.
        """
        mask = causal(tokens.shape[1], past[0].keys.shape[1], start)
        x, past = self.stack(self.embedding(tokens, start), mask, start=start, past=past)
        return self.embedding.logits(x), past


class Encoder(nnx.Module):
    """Names the class of a text by the mean of what its positions end as.

    The last layer starts at zero, so that an untrained network holds all classes for equally likely.
    """

    def __init__(self, style: Style, vocabulary: int, classes: int, *, rngs: nnx.Rngs):
        self.embedding = Embedding(style, vocabulary, rngs=rngs)
        self.stack = Stack(style, rngs=rngs)
        self.dropout = nnx.Dropout(style.dropout, rngs=rngs)
        zero = nnx.initializers.zeros_init()
        self.head = nnx.Linear(style.width, classes, dtype=jnp.float32, kernel_init=zero, rngs=rngs)

    def __call__(self, tokens: jax.Array, length: jax.Array, record: list[jax.Array] | None = None) -> jax.Array:
        """Map int [batch, time], whose first `length` [batch] count, to logits, float32 [batch, class]."""
        return self.head(self.dropout(self.represent(tokens, length, record)))

    def represent(self, tokens: jax.Array, length: jax.Array, record: list[jax.Array] | None = None) -> jax.Array:
        """Return what the classes are told apart by, float32 [batch, width]."""
        mask = padding(length, tokens.shape[1])
        x, _ = self.stack(self.embedding(tokens), mask, record=record)
        seen = mask[:, 0, 0, :, None].astype(jnp.float32)  # [batch, time, 1]
        return (x.astype(jnp.float32) * seen).sum(axis=1) / jnp.maximum(seen.sum(axis=1), 1.0)


class EncoderDecoder(nnx.Module):
    """Writes a target token by token, looking at a source; both share one table of tokens."""

    def __init__(self, style: Style, vocabulary: int, *, rngs: nnx.Rngs):
        self.embedding = Embedding(style, vocabulary, rngs=rngs)
        self.encoder = Stack(style, rngs=rngs)
        self.decoder = Stack(style, cross=True, rngs=rngs)

    def __call__(self, tokens: jax.Array, source: Source, record: list[jax.Array] | None = None) -> jax.Array:
        """Map the target so far, int [batch, time], to logits of its next tokens, float32 [batch, time, token]."""
        x, _ = self.decoder(self.embedding(tokens), causal(tokens.shape[1]), source=source, record=record)
        return self.embedding.logits(x)

    def encode(self, tokens: jax.Array, length: jax.Array, record: list[jax.Array] | None = None) -> Source:
        """Return what the decoder knows of a source, int [batch, memory], whose first `length` [batch] count."""
        mask = padding(length, tokens.shape[1])
        encoded, _ = self.encoder(self.embedding(tokens), mask, record=record)
        return self.decoder.source(encoded, mask)

    def empty(self, batch: int) -> tuple[Memory, ...]:
        """Return what the decoder's layers remember of nothing."""
        return self.decoder.empty(batch)

    def step(
        self, tokens: jax.Array, start: jax.Array | int, past: Sequence[Memory], source: Source
    ) -> tuple[jax.Array, tuple[Memory, ...]]:
        """Return what `__call__` gives at the positions from `start` on, and what the layers remember then."""
        mask = causal(tokens.shape[1], past[0].keys.shape[1], start)
        x, past = self.decoder(self.embedding(tokens, start), mask, start=start, past=past, source=source)
        return self.embedding.logits(x), past


Network = Decoder | Encoder | EncoderDecoder
