"""Says how probable texts are: token by token, and at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.artifacts import Likelihood
from dlcli.data.text.tokenizers import END
from dlcli.errors import DatasetError
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.rnn.language import Language
from dlcli.techniques.rnn.learner import Learner
from dlcli.techniques.rnn.options import Score

_SHORTEST = 64  # tokens; longer texts are padded to a power of two, so that few lengths are compiled
_LONGEST = 4_096  # tokens read at once; fewer where their logits would take more than
_LOGITS = 2**24  # numbers

# From tokens, int [time + 1], and the carry to the log-probability of each but the first, [time], and the carry.
Reader = Callable[[np.ndarray, jax.Array], tuple[jax.Array, jax.Array]]


def score(options: Score, run: TrainedRun) -> Iterator[Likelihood]:
    """Yield the likelihood of each text; the first token follows the one that ends the text before.

    The parts and the whole are computed by different programs: one token at a time with the state
    carried between them, and in one pass over all. By the chain rule the parts add up to the whole.
    A text of many thousand tokens is read in stretches with the state carried from one to the next,
    so that memory does not grow with it.
    """
    language = Language(run)
    by_token, at_once = _by_token(language.learner), _at_once(language.learner)
    for text in options.text:
        try:
            tokens = language.read(text)
        except DatasetError as error:
            yield Likelihood(text, problem=str(error))
            continue
        if len(tokens) < 2:
            yield Likelihood(text, problem=f"a text must have a token at least, found none in {text!r}")
            continue
        parts, whole = (_log_probabilities(read, language.learner, tokens) for read in (by_token, at_once))
        pieces, after = language.tokenizer.pieces(tokens[1:]), language.tokenizer.pieces([END])[0]
        yield Likelihood(text, pieces, parts, float(whole.sum()), after)


def _log_probabilities(read: Reader, learner: Learner, tokens: np.ndarray) -> np.ndarray:
    """Return the log-probability of each token but the first, float64 [token]."""
    most = max(_SHORTEST, min(_LONGEST, 1 << (_LOGITS // learner.facts.vocabulary).bit_length() - 1))
    carry, found = learner.network.stack.initial(1), []
    for start in range(0, len(tokens) - 1, most):
        stretch = tokens[start : start + most + 1]
        count = len(stretch) - 1
        room = max(_SHORTEST, 1 << (count - 1).bit_length())  # only the last stretch is padded
        part, carry = read(np.pad(stretch, (0, room - count)), carry)
        found.append(np.asarray(part, np.float64)[:count])
    return np.concatenate(found)


def _by_token(learner: Learner) -> Reader:
    """Read one token at a time."""
    graph, state = nnx.split(learner)

    @jax.jit
    def read(state: nnx.State, tokens: jax.Array, carry: jax.Array) -> tuple[jax.Array, jax.Array]:
        def one(carry: jax.Array, pair: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            token, following = pair
            logits, carry = nnx.merge(graph, state).step(token[None], carry)
            return carry, jax.nn.log_softmax(logits)[0, following]

        carry, found = jax.lax.scan(one, carry, (tokens[:-1], tokens[1:]))
        return found, carry

    return lambda *arguments: read(state, *arguments)


def _at_once(learner: Learner) -> Reader:
    """Read all tokens in one pass."""
    graph, state = nnx.split(learner)

    @jax.jit
    def read(state: nnx.State, tokens: jax.Array, carry: jax.Array) -> tuple[jax.Array, jax.Array]:
        network = nnx.merge(graph, state).network
        states, carry = network(tokens[None, :-1], carry)
        found = jax.nn.log_softmax(network.logits(states[:, 0]))  # [time, vocab]
        return jnp.take_along_axis(found, tokens[1:, None], axis=-1)[:, 0], carry

    return lambda *arguments: read(state, *arguments)
