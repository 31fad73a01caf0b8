"""Beam search over an autoregressive model.

Axes: batch, beam, time, vocabulary. The model's cache has rows [batch · beam, ...].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

# Maps the last tokens, int [batch · beam, 1], their position and the model's cache to the logits of
# the next tokens, [batch · beam, 1, vocabulary], and the new cache.
Step = Callable[[jax.Array, jax.Array, Any], tuple[jax.Array, Any]]


class SpecialTokens(NamedTuple):
    """Ids of the tokens that start a sequence, end it, pad it after its end, and are never generated."""

    start: int
    end: int
    padding: int
    suppressed: tuple[int, ...] = ()


class Hypotheses(NamedTuple):
    """The sequences found, best first.

    Attributes:
        tokens: int [batch, beam, time], without the start token, padded after the end token.
        log_probabilities: of the sequences, float32 [batch, beam], in nats.
        scores: log_probability / ((5 + length) / 6)^length_penalty, float32 [batch, beam]; descending.
    """

    tokens: jax.Array
    log_probabilities: jax.Array
    scores: jax.Array


class _Beams(NamedTuple):
    tokens: jax.Array  # [batch, beam, time], padded after the end
    log_probabilities: jax.Array  # [batch, beam]
    last: jax.Array  # [batch, beam]
    finished: jax.Array  # bool [batch, beam]
    cache: Any


def beam_search(
    step: Step, cache: Any, *, batch: int, beams: int, length_penalty: float, time: int, special: SpecialTokens
) -> Hypotheses:
    """Return the `beams` best sequences of each row.

    Finished sequences remain in the beam, and the search ends when all are. The final ranking is by the scores of
    `Hypotheses`. One beam is greedy decoding.

    Args:
        step: the model.
        cache: the model's cache before the first token, rows [batch · beam, ...].
        batch: number of rows.
        beams: beam width.
        length_penalty: at least 0; the larger, the longer the sequences that are ranked first. Vaswani et al. 2017 use
            0.6 (section 6.1).
        time: maximum number of tokens, including the end token.
        special: ids of the special tokens.

    Reference: Wu et al., "Google's Neural Machine Translation System", 2016, arXiv:1609.08144,
    section 7, without the coverage penalty and without pruning.
    """
    first = _Beams(
        tokens=jnp.full([batch, beams, time], special.padding),
        # All beams start equal; a probability of 0 for all except the first prevents duplicates.
        log_probabilities=jnp.where(jnp.arange(beams)[None, :] == 0, 0.0, -jnp.inf) + jnp.zeros([batch, 1]),
        last=jnp.full([batch, beams], special.start),
        finished=jnp.zeros([batch, beams], bool),
        cache=cache,
    )
    _, final = jax.lax.while_loop(
        lambda state: (state[0] < time) & ~state[1].finished.all(),
        lambda state: (state[0] + 1, _extend(step, state[1], state[0], special)),
        (jnp.array(0), first),
    )
    lengths = (final.tokens != special.padding).sum(axis=-1)
    scores = final.log_probabilities / ((5 + lengths) / 6) ** length_penalty
    order = jnp.argsort(-scores, axis=-1)
    tokens = jnp.take_along_axis(final.tokens, order[:, :, None], axis=1)
    return Hypotheses(tokens, *(jnp.take_along_axis(each, order, axis=1) for each in (final.log_probabilities, scores)))


def _extend(step: Step, beams: _Beams, position: jax.Array, special: SpecialTokens) -> _Beams:
    """Return the most probable beams that are one token longer."""
    batch, width = beams.last.shape
    logits, cache = step(beams.last.reshape(-1, 1), position, beams.cache)
    log_probabilities = jax.nn.log_softmax(logits[:, 0]).reshape(batch, width, -1)
    vocabulary = log_probabilities.shape[-1]
    # A finished sequence has one continuation, padding, with probability 1.
    finished = jnp.where(jnp.arange(vocabulary) == special.padding, 0.0, -jnp.inf)
    suppressed = jnp.array([special.padding, *special.suppressed])
    log_probabilities = log_probabilities.at[:, :, suppressed].set(-jnp.inf)
    log_probabilities = jnp.where(beams.finished[:, :, None], finished[None, None, :], log_probabilities)
    totals = (beams.log_probabilities[:, :, None] + log_probabilities).reshape(batch, -1)
    best, indices = jax.lax.top_k(totals, width)
    parents, last = indices // vocabulary, indices % vocabulary
    tokens = jnp.take_along_axis(beams.tokens, parents[:, :, None], axis=1)
    rows = (jnp.arange(batch)[:, None] * width + parents).reshape(-1)
    return _Beams(
        tokens=jax.lax.dynamic_update_slice_in_dim(tokens, last[:, :, None], position, axis=2),
        log_probabilities=best,
        last=last,
        finished=jnp.take_along_axis(beams.finished, parents, axis=1) | (last == special.end),
        cache=jax.tree.map(lambda each: each[rows], cache),
    )
