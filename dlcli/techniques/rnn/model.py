"""The network of `train rnn`: token embeddings, recurrent layers and an output layer.

Axes: time, batch, feature, vocabulary, class; layer and state as in `dlcli.nn.recurrent`.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.nn.initializers import uniform
from dlcli.nn.recurrent import RecurrentStack


@dataclasses.dataclass(frozen=True)
class RNNConfig:
    """Sizes and variants of the network.

    Attributes:
        cell: a name in `dlcli.nn.recurrent.CELLS`.
        layers: recurrent layers.
        hidden: features of each recurrent layer.
        embedding_dim: features of a token's embedding.
        outputs: tokens of the vocabulary, or classes.
        tie_embeddings: whether the output weights are the token embeddings.
        dropout: probability that an output of a recurrent layer is set to zero in training.
        input_dropout: probability that a feature of an embedding is set to zero in training.
        dtype: of the products; states and logits are float32.
    """

    cell: str
    layers: int
    hidden: int
    embedding_dim: int
    outputs: int
    tie_embeddings: bool = False
    dropout: float = 0.0
    input_dropout: float = 0.0
    dtype: str = "float32"


class Network(nnx.Module):
    """Maps tokens to hidden states, and hidden states to logits.

    Attributes:
        embedding: float32 [vocabulary, feature].
        stack: the recurrent layers.
        output_kernel: float32 [feature, vocabulary or class]; None if the embeddings are tied.
        output_bias: float32 [vocabulary or class].
    """

    def __init__(self, config: RNNConfig, vocabulary: int, *, rngs: nnx.Rngs):
        self.dtype = jnp.dtype(config.dtype)
        self.embedding = nnx.Param(uniform(0.1)(rngs.params(), (vocabulary, config.embedding_dim)))
        self.input_dropout = nnx.Dropout(config.input_dropout, rngs=rngs)
        sizes = (config.embedding_dim, *[config.hidden] * config.layers)
        self.stack = RecurrentStack(config.cell, sizes, dropout=config.dropout, dtype=self.dtype, rngs=rngs)
        self.dropout = nnx.Dropout(config.dropout, rngs=rngs)
        # Zero logits: an untrained network predicts all tokens with equal probability.
        kernel = None if config.tie_embeddings else nnx.Param(jnp.zeros([config.hidden, config.outputs]))
        self.output_kernel = nnx.data(kernel)
        self.output_bias = nnx.Param(jnp.zeros([config.outputs]))

    def __call__(self, tokens: jax.Array, carry: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Map int [batch, time] to the hidden states of the last layer, float32 [time, batch, feature].

        Args:
            tokens: the sequences.
            carry: float32 [layer, state, batch, feature].

        Returns:
            The hidden states and the last carry.
        """
        states, last = self.layer_states(tokens, carry)
        return states[-1], last

    def layer_states(self, tokens: jax.Array, carry: jax.Array) -> tuple[list[jax.Array], jax.Array]:
        """Return the hidden states of every layer, float32 [time, batch, feature] each, and the last carry."""
        x = self.embedding[...][tokens.T]  # [time, batch, feature]
        return self.stack.layer_outputs(_apply_dropout(self.input_dropout, x), carry)

    def logits(self, states: jax.Array) -> jax.Array:
        """Map hidden states, [..., feature], to logits, float32 [..., vocabulary or class]."""
        kernel = self.embedding[...].T if self.output_kernel is None else self.output_kernel[...]
        x = _apply_dropout(self.dropout, states).astype(self.dtype)
        product = jnp.matmul(x, kernel.astype(self.dtype), preferred_element_type=jnp.float32)
        return product + self.output_bias[...].reshape(*[1] * (product.ndim - 1), -1)

    def init_cache(self, batch: int) -> jax.Array:
        """Return the carry before the first token, float32 [layer, state, batch, feature]."""
        return self.stack.initial_carry(batch)

    def step(self, tokens: jax.Array, start: jax.Array | int, cache: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return the logits of the tokens that follow each, float32 [batch, time, vocabulary], and the last carry.

        Args:
            tokens: int [batch, time].
            start: position of the first token, which changes nothing in a recurrent network.
            cache: the carry before the first token.
        """
        states, last = self(tokens, cache)
        return self.logits(states.swapaxes(0, 1)), last


def _apply_dropout(dropout: nnx.Dropout, x: jax.Array) -> jax.Array:
    # Drawn flat, because XLA's CPU compiler is slower over several axes.
    return dropout(x.reshape(-1)).reshape(x.shape)
