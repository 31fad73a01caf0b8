"""Beam search: the likeliest sequences, begun again at each step from the likeliest beginnings.

Axes: batch, beam, time, token. What a model remembers has rows [batch · beam, ...].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

# From the last tokens, int [batch · beam, 1], their place and what is remembered, to the logits of
# the next ones, [batch · beam, 1, token], and what is remembered then.
Step = Callable[[jax.Array, jax.Array, Any], tuple[jax.Array, Any]]

ALPHA = 0.6  # of the length penalty: section 6.1 of Vaswani et al. 2017


class Special(NamedTuple):
    """Tokens with a meaning: what begins a sequence, ends it, fills up behind its end, and is never chosen."""

    start: int
    end: int
    padding: int
    never: tuple[int, ...] = ()


class Found(NamedTuple):
    """Sequences, the best first.

    Attributes:
        tokens: int [batch, beam, time], from behind the start on.
        scores: their log-probabilities, float32 [batch, beam].
        ranked: what they are ranked by: log-probability / ((5 + length) / 6)^0.6, likewise.
    """

    tokens: jax.Array
    scores: jax.Array
    ranked: jax.Array


class _Beams(NamedTuple):
    tokens: jax.Array  # [batch, beam, time], padded behind the end
    scores: jax.Array  # [batch, beam], sums of log-probabilities
    last: jax.Array  # [batch, beam]
    done: jax.Array  # bool [batch, beam]
    memory: Any


def search(step: Step, memory: Any, *, batch: int, beams: int, time: int, special: Special) -> Found:
    """Return the sequences that are likeliest, as far as they stay among the `beams` likeliest at each step.

    Sequences that have ended keep their place among the beams. In the end they are ranked by
    log-probability / ((5 + length) / 6)^0.6. One beam is greedy decoding.

    Args:
        step: the model.
        memory: what it remembers of nothing, rows [batch · beam, ...].
        batch: sequences that are looked for.
        beams: kept of each.
        time: tokens at most, the end included.
        special: the tokens with a meaning.

    Reference: Wu et al., "Google's Neural Machine Translation System", 2016, arXiv:1609.08144,
    section 7, without its coverage penalty; beams stop being extended only at their ends.
    """
    first = _Beams(
        tokens=jnp.full([batch, beams, time], special.padding),
        # All beams begin alike; but for the first they do not count, or the same ones would be found again.
        scores=jnp.where(jnp.arange(beams)[None, :] == 0, 0.0, -jnp.inf) + jnp.zeros([batch, 1]),
        last=jnp.full([batch, beams], special.start),
        done=jnp.zeros([batch, beams], bool),
        memory=memory,
    )
    found, _ = jax.lax.scan(lambda each, place: (_extended(step, each, place, special), None), first, jnp.arange(time))
    lengths = (found.tokens != special.padding).sum(axis=-1)
    ranked = found.scores / ((5 + lengths) / 6) ** ALPHA
    order = jnp.argsort(-ranked, axis=-1)
    tokens = jnp.take_along_axis(found.tokens, order[:, :, None], axis=1)
    return Found(tokens, *(jnp.take_along_axis(each, order, axis=1) for each in (found.scores, ranked)))


def _extended(step: Step, beams: _Beams, place: jax.Array, special: Special) -> _Beams:
    """Return the likeliest beams that are one token longer."""
    batch, width = beams.last.shape
    logits, memory = step(beams.last.reshape(-1, 1), place, beams.memory)
    nats = jax.nn.log_softmax(logits[:, 0]).reshape(batch, width, -1)
    count = nats.shape[-1]
    # Behind its end, a sequence goes on in one way that costs nothing.
    after = jnp.where(jnp.arange(count) == special.padding, 0.0, -jnp.inf)
    nats = nats.at[:, :, jnp.array([special.padding, *special.never])].set(-jnp.inf)
    nats = jnp.where(beams.done[:, :, None], after[None, None, :], nats)
    total = (beams.scores[:, :, None] + nats).reshape(batch, -1)
    scores, chosen = jax.lax.top_k(total, width)
    parent, token = chosen // count, chosen % count
    tokens = jnp.take_along_axis(beams.tokens, parent[:, :, None], axis=1)
    rows = (jnp.arange(batch)[:, None] * width + parent).reshape(-1)
    return _Beams(
        tokens=jax.lax.dynamic_update_slice_in_dim(tokens, token[:, :, None], place, axis=2),
        scores=scores,
        last=token,
        done=jnp.take_along_axis(beams.done, parent, axis=1) | (token == special.end),
        memory=jax.tree.map(lambda each: each[rows], memory),
    )
