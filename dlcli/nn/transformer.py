"""Transformers: one block for encoders, decoders, and decoders that look at an encoder.

Axes: batch, time, width. A block is an attention to its own sequence, an attention to another one
where there is one, and a feed-forward network; each adds to what it reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax.nn.initializers import Initializer

from dlcli.nn.activation import activation
from dlcli.nn.attention import Attention, Memory, kernels, rotary_angles, sinusoids
from dlcli.nn.initializers import normal
from dlcli.nn.presets import Style


class Source(NamedTuple):
    """What a decoder knows of the encoder's sequence: each layer's memory of it, and bool [batch, 1, 1, memory]."""

    memories: tuple[Memory, ...]
    mask: jax.Array


class Embedding(nnx.Module):
    """Turns tokens into vectors that know their place, and vectors into logits of tokens by the same table.

    Reference: Press and Wolf, "Using the Output Embedding", 2017, arXiv:1608.05859, for the shared table.
    """

    def __init__(self, style: Style, vocabulary: int, *, rngs: nnx.Rngs):
        # In the original, vectors are scaled up by √width where tokens come in, and the table is drawn
        # so that logits start with a variance of 1 (section 3.4 and the authors' code).
        self.width = style.width
        self.scale = style.width**0.5 if style.initial == "xavier" else 1.0
        deviation = style.width**-0.5 if style.initial == "xavier" else 0.02
        self.table = nnx.Embed(vocabulary, style.width, embedding_init=normal(deviation), rngs=rngs)
        self.places = nnx.data(None)
        if style.positions == "learned":
            self.places = nnx.Embed(style.context, style.width, embedding_init=normal(0.02), rngs=rngs)
        self.sinusoidal = style.positions == "sinusoidal"
        self.dropout = nnx.Dropout(style.dropout, rngs=rngs)
        self.dtype = jnp.dtype(style.dtype)

    def __call__(self, tokens: jax.Array, start: jax.Array | int = 0) -> jax.Array:
        """Map int [batch, time], whose first position is `start`, to [batch, time, width]."""
        x = self.table(tokens) * self.scale
        positions = start + jnp.arange(tokens.shape[1])
        if self.places is not None:
            x = x + self.places(positions)[None]
        if self.sinusoidal:
            x = x + sinusoids(positions, self.width)[None]
        return _dropped(self.dropout, x.astype(self.dtype))

    def logits(self, x: jax.Array) -> jax.Array:
        """Map [batch, time, width] to float32 [batch, time, token]."""
        table = self.table.embedding[...].astype(x.dtype)
        return jnp.einsum("btw,vw->btv", x, table, preferred_element_type=jnp.float32)


class FeedForward(nnx.Module):
    """Two layers at each position by itself; "swiglu" multiplies the first with a gate.

    Reference: Shazeer, "GLU Variants Improve Transformer", 2020, arXiv:2002.05202, equation 6, for the gate.
    """

    def __init__(self, style: Style, *, out: Initializer, rngs: nnx.Rngs):
        def linear(inputs: int, outputs: int, start: Initializer) -> nnx.Linear:
            dtype = jnp.dtype(style.dtype)
            return nnx.Linear(inputs, outputs, use_bias=style.bias, dtype=dtype, kernel_init=start, rngs=rngs)

        gated = style.activation == "swiglu"
        self.activation = activation("silu" if gated else style.activation)
        self.widen = linear(style.width, style.hidden, kernels(style))
        self.gate = nnx.data(linear(style.width, style.hidden, kernels(style)) if gated else None)
        self.narrow = linear(style.hidden, style.width, out)

    def __call__(self, x: jax.Array) -> jax.Array:
        if self.gate is None:
            return self.narrow(self.activation(self.widen(x)))
        return self.narrow(self.activation(self.gate(x)) * self.widen(x))


class Block(nnx.Module):
    """Attention to its own sequence, to another one where `cross`, and a feed-forward network."""

    def __init__(self, style: Style, *, cross: bool, rngs: nnx.Rngs):
        parts = 3 if cross else 2
        # Section 2.3 of GPT-2: as many parts add up, the less each adds at first.
        out = kernels(style) if style.initial == "xavier" else normal(0.02 / (parts * style.layers) ** 0.5)
        self.attention = Attention(style, out=out, rngs=rngs)
        self.cross = nnx.data(Attention(style, out=out, rngs=rngs) if cross else None)
        self.forward = FeedForward(style, out=out, rngs=rngs)
        self.norms = nnx.List([norm(style, rngs) for _ in range(parts)])
        self.dropout = nnx.Dropout(style.dropout, rngs=rngs)
        self.before = style.before

    def __call__(
        self,
        x: jax.Array,
        sight: Sight,
        past: Memory | None = None,
        source: tuple[Memory, jax.Array] | None = None,
    ) -> tuple[jax.Array, Memory]:
        """Map [batch, time, width] to the same shape; also return what the attention remembers.

        Args:
            x: the sequence, or the part of it from `sight.start` on.
            sight: what its positions see of each other.
            past: what is remembered of the whole context; what is before `sight.start` is filled in.
            source: what is remembered of the other sequence, and bool [batch, 1, 1, memory].
        """
        read = self._read(0, x)
        memory = self.attention.remember(read, sight.angles)
        if past is not None:
            memory = past.write(memory, sight.start)
        x = self._add(0, x, self.attention.recall(read, memory, sight.mask, sight.angles, sight.record))
        if self.cross is not None:
            x = self._add(1, x, self.cross.recall(self._read(1, x), *source, record=sight.record))
        return self._add(-1, x, self.forward(self._read(-1, x))), memory

    def _read(self, part: int, x: jax.Array) -> jax.Array:
        return self.norms[part](x).astype(x.dtype) if self.before else x

    def _add(self, part: int, x: jax.Array, change: jax.Array) -> jax.Array:
        x = x + _dropped(self.dropout, change)
        return x if self.before else self.norms[part](x).astype(x.dtype)


class Sight(NamedTuple):
    """What the positions of a sequence see of each other.

    Attributes:
        mask: bool, broadcastable to [batch, head, time, memory].
        angles: of rotary positions; None without.
        start: the place of the first position.
        record: gets the weights of each attention, in order, where it is given.
    """

    mask: jax.Array
    angles: jax.Array | None
    start: jax.Array | int
    record: list[jax.Array] | None


class Stack(nnx.Module):
    """Blocks one after the other."""

    def __init__(self, style: Style, *, cross: bool = False, rngs: nnx.Rngs):
        self.style = style
        self.blocks = nnx.List([Block(style, cross=cross, rngs=rngs) for _ in range(style.layers)])
        # Blocks that normalize what they read leave the last sum as it is.
        self.last = nnx.data(norm(style, rngs) if style.before else None)

    def __call__(
        self,
        x: jax.Array,
        mask: jax.Array,
        *,
        start: jax.Array | int = 0,
        past: Sequence[Memory] | None = None,
        source: Source | None = None,
        record: list[jax.Array] | None = None,
    ) -> tuple[jax.Array, tuple[Memory, ...]]:
        """Map [batch, time, width] to the same shape; also return what each layer remembers.

        Args:
            x: the sequence, or the part of it from `start` on.
            mask: bool, broadcastable to [batch, head, time, memory]: whom each position may ask.
            start: place of the first position.
            past: what each layer remembers of the whole context (`empty`, or what a call returned); without
                it, the sequence is all there is.
            source: what is known of another sequence, where the blocks look at one.
            record: gets the weights of each attention, layer by layer, the own sequence before the other.
        """
        angles = None
        if self.style.positions == "rotary":
            angles = rotary_angles(start + jnp.arange(x.shape[1]), self.style.head_width)
        sight, memories = Sight(mask, angles, start, record), []
        for layer, block in enumerate(self.blocks):
            other = None if source is None else (source.memories[layer], source.mask)
            x, memory = block(x, sight, None if past is None else past[layer], other)
            memories.append(memory)
        return x if self.last is None else self.last(x).astype(x.dtype), tuple(memories)

    def empty(self, batch: int) -> tuple[Memory, ...]:
        """Return what each layer remembers before a first position of a context, for so many sequences."""
        shape = (batch, self.style.context, self.style.heads, self.style.head_width)
        blank = jnp.zeros(shape, self.style.dtype)
        return tuple(Memory(blank, blank) for _ in self.blocks)

    def source(self, encoded: jax.Array, mask: jax.Array) -> Source:
        """Return what the blocks remember of another sequence.

        Args:
            encoded: [batch, memory, width].
            mask: bool [batch, 1, 1, memory].
        """
        return Source(tuple(block.cross.remember(encoded) for block in self.blocks), mask)


def norm(style: Style, rngs: nnx.Rngs) -> nnx.Module:
    """Return the normalization of a style, which computes in float32."""
    if style.norm == "rms":
        return nnx.RMSNorm(style.width, epsilon=1e-6, dtype=jnp.float32, rngs=rngs)
    return nnx.LayerNorm(style.width, epsilon=1e-5, use_bias=style.bias, dtype=jnp.float32, rngs=rngs)


def _dropped(dropout: nnx.Dropout, x: jax.Array) -> jax.Array:
    # Drawn flat: the same numbers drawn over three axes take XLA on the CPU more than twice as long.
    return dropout(x.reshape(len(x), -1)).reshape(x.shape)
