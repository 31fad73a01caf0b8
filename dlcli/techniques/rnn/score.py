"""Says how probable texts are: token by token, and at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.artifacts import Likelihood
from dlcli.data.tokenizers import END
from dlcli.errors import DatasetError
from dlcli.techniques.rnn.language import Language
from dlcli.techniques.rnn.learner import Learner
from dlcli.techniques.rnn.options import Score

_SHORTEST = 64  # tokens; longer texts are padded to a power of two, so that few lengths are compiled


def score(options: Score) -> Iterator[Likelihood]:
    """Yield the likelihood of each text; the first token follows the one that ends the text before.

    The parts and the whole are computed by different programs: one token at a time with the state
    carried between them, and in one pass over all. By the chain rule the parts add up to the whole.
    """
    language = Language(options.run, options.use)
    one, whole = _of_a_token(language.learner), _of_a_text(language.learner)
    for text in options.text:
        try:
            tokens = language.read(text)
        except DatasetError as error:
            yield Likelihood(text, problem=str(error))
            continue
        if len(tokens) < 2:
            yield Likelihood(text, problem=f"a text must have a token at least, found none in {text!r}")
            continue
        carry, parts = language.learner.network.stack.initial(1), []
        for token, following in itertools.pairwise(tokens):
            part, carry = one(token, following, carry)
            parts.append(float(part))
        pieces, after = language.tokenizer.pieces(tokens[1:]), language.tokenizer.pieces([END])[0]
        yield Likelihood(text, pieces, parts, float(whole(tokens)), after)


def _of_a_token(learner: Learner) -> Callable[[np.int32, np.int32, jax.Array], tuple[jax.Array, jax.Array]]:
    """Return a function from a token, the next and a carry to the next one's log-probability and the carry."""
    graph, state = nnx.split(learner)

    @jax.jit
    def one(state: nnx.State, token: jax.Array, following: jax.Array, carry: jax.Array) -> tuple[jax.Array, jax.Array]:
        logits, carry = nnx.merge(graph, state).step(token[None], carry)
        return jax.nn.log_softmax(logits)[0, following], carry

    return lambda *arguments: one(state, *arguments)


def _of_a_text(learner: Learner) -> Callable[[np.ndarray], jax.Array]:
    """Return a function from tokens to the log-probability of all but the first, given the first."""
    graph, state = nnx.split(learner)

    @jax.jit
    def whole(state: nnx.State, tokens: jax.Array, count: int) -> jax.Array:
        found = nnx.merge(graph, state).next_log_probabilities(tokens[None, :-1])[0]
        chosen = jnp.take_along_axis(found, tokens[1:, None], axis=-1)[:, 0]
        return jnp.where(jnp.arange(len(chosen)) < count, chosen, 0.0).sum()

    def padded(tokens: np.ndarray) -> jax.Array:
        count = len(tokens) - 1
        room = max(_SHORTEST, 1 << (count - 1).bit_length())
        return whole(state, np.pad(tokens, (0, room - count)), count)

    return padded
