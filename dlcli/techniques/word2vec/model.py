"""The loss of skip-gram and of CBOW with negative sampling, on rows of the two tables.

Running text is cut into rows of `ROW` centers. A row shares its negatives, so that all its scores are one product of
matrices: with the memory, of the row's own words and `window` more on either side, and with the negatives.

Axes: row, center, memory (words that may be in a center's context), negative, feature.

References: Mikolov et al., "Distributed Representations of Words and Phrases", 2013, arXiv:1310.4546, equation 4;
Ji et al., "Parallelizing Word2Vec in Shared and Distributed Memory", 2016, arXiv:1604.04661, section III, for shared
negatives. Unlike there, the negatives of a row are more than the five of a pair, and weigh less in turn: their
expectation is the same and their variance smaller.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import jax
import jax.numpy as jnp

ROW = 32  # centers that share negatives
NEGATIVES = 16  # drawn for a row, or as many as a pair is to have where those are more

Model = Literal["skip-gram", "cbow"]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Rows:
    """Running text in rows.

    Attributes:
        centers: int32 [row, center], word numbers.
        memory: int32 [row, memory], likewise.
        pairs: bool [row, memory, center], whether a word of the memory is in a center's context.
    """

    centers: jax.Array
    memory: jax.Array
    pairs: jax.Array


def in_rows(word: jax.Array, sentence: jax.Array, context_size: jax.Array, window: int) -> Rows:
    """Cut running text, int32 [word] each as `dlcli.data.text.word_batches` has it, into rows.

    The last row is filled up with words that have no context and are in none.
    """
    count = -(-len(word) // ROW)
    missing = count * ROW - len(word)
    centers = jnp.pad(word, (0, missing)).reshape(count, ROW)
    context_size = jnp.pad(context_size, (0, missing)).reshape(count, ROW)
    around = jnp.arange(count)[:, None] * ROW + jnp.arange(ROW + 2 * window)[None, :]
    memory = jnp.pad(word, (window, window + missing))[around]
    theirs = jnp.pad(sentence, (window, window + missing), constant_values=-1)[around]
    own = theirs[:, window : window + ROW]
    distance = jnp.abs(jnp.arange(ROW + 2 * window)[:, None] - window - jnp.arange(ROW)[None, :])[None]
    pairs = (own[:, None, :] == theirs[:, :, None]) & (distance > 0) & (distance <= context_size[:, None, :])
    return Rows(centers, memory, pairs)


def read_and_target(model: Model, rows: Rows, negatives: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the words whose input vectors the loss reads, and those whose output vectors it reads.

    Args:
        model: skip-gram predicts from the centers, CBOW from the memory.
        rows: of running text.
        negatives: int32 [row, negative].

    Returns:
        int32 [row, center or memory], and int32 [row, memory or center, then negative].
    """
    read, predicted = (rows.centers, rows.memory) if model == "skip-gram" else (rows.memory, rows.centers)
    return read, jnp.concatenate([predicted, negatives], axis=1)


def loss(model: Model, read: jax.Array, target: jax.Array, pairs: jax.Array, weight: float) -> jax.Array:
    """Return the sum over all predictions of -log σ(s) for the word that is there and -log σ(-s) for negatives.

    Args:
        model: which of the two.
        read: input vectors [row, center or memory, feature], of the words of `read_and_target`.
        target: output vectors [row, memory or center, then negative; feature], likewise.
        pairs: bool [row, memory, center].
        weight: of a negative, so that those of a row weigh as many as a pair is to have.

    Returns:
        float32 [], in nats.
    """
    count = pairs.shape[1] if model == "skip-gram" else pairs.shape[2]
    times = pairs.sum(axis=1, dtype=jnp.float32)  # [row, center]
    if model == "cbow":
        # Not the sum that word2vec.c adds to each word of a context: this is the gradient of the mean. See
        # İrsoy et al., "Corrected CBOW Performs as well as Skip-gram", 2021, arXiv:2012.15332.
        share = pairs / jnp.maximum(times, 1)[:, None, :]
        read = jnp.einsum("rmc,rmf->rcf", share.astype(read.dtype), read)
        pairs, times = times > 0, jnp.minimum(times, 1)
    predicted, drawn = jnp.split(target, [count], axis=1)
    # Centers last: XLA turns one factor of such a product around, and so it is the smaller one.
    axes = "rcf,rcf->rc" if model == "cbow" else "rmf,rcf->rmc"
    there = jnp.einsum(axes, predicted, read, preferred_element_type=jnp.float32)
    noise = jnp.einsum("rnf,rcf->rnc", drawn, read, preferred_element_type=jnp.float32)
    return (jax.nn.softplus(-there) * pairs).sum() + weight * (jax.nn.softplus(noise).sum(axis=1) * times).sum()


def predictions(model: Model, pairs: jax.Array) -> jax.Array:
    """Count what the loss is a sum over, int32 []: pairs of skip-gram, centers with a context of CBOW."""
    return (pairs if model == "skip-gram" else pairs.any(axis=1)).sum(dtype=jnp.int32)
