"""The network of `train rnn`: an embedding, recurrent layers, and a layer of logits.

Axes: time, batch, feature, vocab, class; layer and state as in `dlcli.nn.recurrent`.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.nn.initializers import uniform
from dlcli.nn.recurrent import Stack


@dataclasses.dataclass(frozen=True)
class Shape:
    """What shapes a network.

    Attributes:
        cell: by its name in `dlcli.nn.recurrent.CELLS`.
        layers: recurrent layers.
        hidden: features of each of them.
        embedding: features of a token.
        outputs: tokens or classes to choose from.
        tied: whether the logits are products with the embeddings.
        dropout: share of the outputs of each recurrent layer that are set to zero in training.
        input_dropout: likewise of the embeddings.
        dtype: of the products; states and logits are float32.
    """

    cell: str
    layers: int
    hidden: int
    embedding: int
    outputs: int
    tied: bool = False
    dropout: float = 0.0
    input_dropout: float = 0.0
    dtype: str = "float32"


class Network(nnx.Module):
    """Maps tokens to states, and states to logits.

    Attributes:
        embedding: float32 [vocab, feature].
        stack: the recurrent layers.
    """

    def __init__(self, shape: Shape, vocabulary: int, *, rngs: nnx.Rngs):
        self.dtype = jnp.dtype(shape.dtype)
        self.embedding = nnx.Param(uniform(0.1)(rngs.params(), (vocabulary, shape.embedding)))
        self.input_dropout = nnx.Dropout(shape.input_dropout, rngs=rngs)
        sizes = (shape.embedding, *[shape.hidden] * shape.layers)
        self.stack = Stack(shape.cell, sizes, dropout=shape.dropout, dtype=self.dtype, rngs=rngs)
        self.dropout = nnx.Dropout(shape.dropout, rngs=rngs)
        # Without the weights, the logits start at zero: an untrained network holds all tokens for equally likely.
        self.kernel = nnx.data(None if shape.tied else nnx.Param(jnp.zeros([shape.hidden, shape.outputs])))
        self.bias = nnx.Param(jnp.zeros([shape.outputs]))

    def __call__(self, tokens: jax.Array, carry: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Map int32 [batch, time] to the states of the last layer, float32 [time, batch, feature].

        Args:
            tokens: the sequence.
            carry: float32 [layer, state, batch, feature].

        Returns:
            The states and the last carry.
        """
        states, last = self.layers(tokens, carry)
        return states[-1], last

    def layers(self, tokens: jax.Array, carry: jax.Array) -> tuple[list[jax.Array], jax.Array]:
        """Do as `__call__`, but return the states of every layer."""
        x = self.embedding[...][tokens.T]  # [time, batch, feature]
        return self.stack.layered(_dropped(self.input_dropout, x), carry)

    def logits(self, states: jax.Array) -> jax.Array:
        """Map [..., feature] to logits, float32 [..., vocab or class]."""
        kernel = self.embedding[...].T if self.kernel is None else self.kernel[...]
        x = _dropped(self.dropout, states).astype(self.dtype)
        product = jnp.matmul(x, kernel.astype(self.dtype), preferred_element_type=jnp.float32)
        return product + self.bias[...].reshape(*[1] * (product.ndim - 1), -1)


def _dropped(dropout: nnx.Dropout, x: jax.Array) -> jax.Array:
    # Drawn flat: XLA on the CPU takes longer over several axes.
    return dropout(x.reshape(-1)).reshape(x.shape)
