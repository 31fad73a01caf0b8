"""A text's probability is the product of its tokens' conditional ones, and those of all texts of a length add up to 1.

Of a few tokens all texts of a length are listed. Each is read at once, and token by token; a network that saw a token
before it predicts it would give the texts more than 1 in all.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.checks import Result
from dlcli.nn.recurrent import CELLS
from dlcli.nn.transformer_config import preset
from dlcli.techniques.rnn.model import Network, RNNConfig
from dlcli.techniques.transformer.model import Decoder

_VOCABULARY, _LENGTH, _WIDTH = 4, 5, 16
_TOLERANCE = 1e-5  # of a sum of logarithms of about 7, and of the sum over all texts: float32

Read = Callable[[jax.Array], jax.Array]  # from tokens, int [text, time], to log-probabilities of the next ones


def check() -> Result:
    """Compare the sums and the whole for each kind of recurrent cell and for a decoder with random weights."""
    texts = np.array(list(itertools.product(range(_VOCABULARY), repeat=_LENGTH)), np.int32)
    before = np.pad(texts[:, :-1], [(0, 0), (1, 0)])  # a text begins after the token 0
    errors, excess = {}, {}
    for name, (whole, by_token) in {**{cell: _recurrent(cell) for cell in CELLS}, "decoder": _decoder()}.items():
        at_once, one_by_one = (_log_probabilities(read(jnp.asarray(before)), texts) for read in (whole, by_token))
        errors[name] = float(np.abs(at_once - one_by_one).max())
        excess[name] = abs(float(np.exp(at_once.astype(np.float64)).sum()) - 1)
    numbers = {"largest_error": max(*errors.values(), *excess.values())}
    numbers |= {f"error_of_{name}": error for name, error in errors.items()}
    numbers |= {f"all_texts_less_1_of_{name}": each for name, each in excess.items()} | {"texts": len(texts)}
    return Result.of(__name__, numbers, tolerance=_TOLERANCE, holds=numbers["largest_error"] <= _TOLERANCE)


def _log_probabilities(found: jax.Array, texts: np.ndarray) -> np.ndarray:
    """Return the log-probability of each text, from those of all tokens at each place, [text, time, token]."""
    return np.take_along_axis(np.asarray(found), texts[..., None], axis=-1)[..., 0].sum(axis=1)


def _recurrent(cell: str) -> tuple[Read, Read]:
    config = RNNConfig(cell, layers=2, hidden=_WIDTH, embedding_dim=_WIDTH, outputs=_VOCABULARY)
    network = Network(config, _VOCABULARY, rngs=nnx.Rngs(0))
    # An untrained one begins with zeros here, and holds all texts for equally likely.
    network.output_kernel[...] = jax.random.normal(jax.random.key(1), network.output_kernel.shape)
    graph, state = nnx.split(network)

    @jax.jit
    def read(state: nnx.State, tokens: jax.Array, carry: jax.Array) -> tuple[jax.Array, jax.Array]:
        network = nnx.merge(graph, state)
        states, carry = network(tokens, carry)
        return jax.nn.log_softmax(network.logits(states.swapaxes(0, 1))), carry

    def by_token(tokens: jax.Array) -> jax.Array:
        carry, found = network.stack.initial_carry(len(tokens)), []
        for place in range(tokens.shape[1]):
            part, carry = read(state, tokens[:, place : place + 1], carry)
            found.append(part)
        return jnp.concatenate(found, axis=1)

    return lambda tokens: read(state, tokens, network.stack.initial_carry(len(tokens)))[0], by_token


def _decoder() -> tuple[Read, Read]:
    config = preset("modern", d_model=_WIDTH, heads=2, layers=2, context=_LENGTH)
    network = Decoder(config, _VOCABULARY, rngs=nnx.Rngs(0))
    # Drawn wider than for training, so that the tokens are far from equally likely.
    network.embedding.tokens.embedding[...] = jax.random.normal(jax.random.key(1), (_VOCABULARY, _WIDTH)) / 2
    graph, state = nnx.split(network)
    whole = jax.jit(lambda state, tokens: jax.nn.log_softmax(nnx.merge(graph, state)(tokens)))

    def by_token(tokens: jax.Array) -> jax.Array:
        # Each conditional from the text so far, read anew: the same shape, with the rest left out by the causal mask.
        places = jnp.arange(tokens.shape[1])
        found = [
            whole(state, jnp.where(places[None] <= place, tokens, 0))[:, place : place + 1]
            for place in range(tokens.shape[1])
        ]
        return jnp.concatenate(found, axis=1)

    return lambda tokens: whole(state, tokens), by_token
