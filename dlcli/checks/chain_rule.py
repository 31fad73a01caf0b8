"""A text's probability is the product of its tokens' conditional ones, and those of all texts of a length sum to 1.

All texts of a length over a small vocabulary are scored in one pass and token by token. A network that sees a token
before it predicts it would give them a total probability above 1.

Formula: p(x_1 … x_n) = Π_t p(x_t | x_1 … x_{t−1}) and Σ_x p(x) = 1.

Reference: Bengio et al., "A Neural Probabilistic Language Model", 2003, JMLR 3, section 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.checks import Result
from dlcli.nn import functional
from dlcli.nn.recurrent import CELLS
from dlcli.nn.transformer_config import preset
from dlcli.techniques.rnn.model import Network, RNNConfig
from dlcli.techniques.transformer.model import Decoder

_VOCABULARY, _LENGTH, _WIDTH = 4, 5, 16
_TOLERANCE = 1e-5  # float32: of a log-probability of about 7, and of the total probability

Read = Callable[[jax.Array], jax.Array]  # from tokens, int [text, time], to log-probabilities of the next tokens


def check() -> Result:
    """Compare both for each recurrent cell and for a decoder, with random weights."""
    texts = np.array(list(itertools.product(range(_VOCABULARY), repeat=_LENGTH)), np.int32)
    before = np.pad(texts[:, :-1], [(0, 0), (1, 0)])  # token 0 starts a text
    errors, excess = {}, {}
    for name, (whole, by_token) in {**{cell: _recurrent(cell) for cell in CELLS}, "decoder": _decoder()}.items():
        at_once, one_by_one = (_log_probabilities(read(jnp.asarray(before)), texts) for read in (whole, by_token))
        errors[name] = float(np.abs(at_once - one_by_one).max())
        excess[name] = abs(float(np.exp(at_once.astype(np.float64)).sum()) - 1)
    numbers = {"max_error": max(*errors.values(), *excess.values())}
    numbers |= {f"error_of_{name}": error for name, error in errors.items()}
    numbers |= {f"total_probability_error_of_{name}": each for name, each in excess.items()} | {"texts": len(texts)}
    return Result.of(__name__, numbers, tolerance=_TOLERANCE, holds=numbers["max_error"] <= _TOLERANCE)


def _log_probabilities(found: jax.Array, texts: np.ndarray) -> np.ndarray:
    """Return the log-probability of each text from those of all tokens at each position, [text, time, token]."""
    return np.take_along_axis(np.asarray(found), texts[..., None], axis=-1)[..., 0].sum(axis=1)


def _recurrent(cell: str) -> tuple[Read, Read]:
    config = RNNConfig(cell, layers=2, hidden=_WIDTH, embedding_dim=_WIDTH, outputs=_VOCABULARY)
    network = Network(config, _VOCABULARY, rngs=nnx.Rngs(0))
    # Zero by default, which would make all texts equally likely.
    network.output_kernel[...] = jax.random.normal(jax.random.key(1), network.output_kernel.shape)

    def step(network: Network, tokens: jax.Array, carry: jax.Array) -> tuple[jax.Array, jax.Array]:
        states, carry = network(tokens, carry)
        return jax.nn.log_softmax(network.logits(states.swapaxes(0, 1))), carry

    read = functional.jit(step, network)

    def by_token(tokens: jax.Array) -> jax.Array:
        carry, found = network.stack.initial_carry(len(tokens)), []
        for position in range(tokens.shape[1]):
            part, carry = read(tokens[:, position : position + 1], carry)
            found.append(part)
        return jnp.concatenate(found, axis=1)

    return lambda tokens: read(tokens, network.stack.initial_carry(len(tokens)))[0], by_token


def _decoder() -> tuple[Read, Read]:
    config = preset("modern", d_model=_WIDTH, heads=2, layers=2, context=_LENGTH)
    network = Decoder(config, _VOCABULARY, rngs=nnx.Rngs(0))
    # Larger than for training, so that the tokens are far from equally likely.
    network.embedding.tokens.embedding[...] = jax.random.normal(jax.random.key(1), (_VOCABULARY, _WIDTH)) / 2
    whole = functional.jit(lambda network, tokens: jax.nn.log_softmax(network(tokens)), network)

    def by_token(tokens: jax.Array) -> jax.Array:
        # One pass per token over the text so far: the shape is constant, the causal mask excludes the rest.
        positions = jnp.arange(tokens.shape[1])
        found = [
            whole(jnp.where(positions[None] <= position, tokens, 0))[:, position : position + 1]
            for position in range(tokens.shape[1])
        ]
        return jnp.concatenate(found, axis=1)

    return whole, by_token
