"""The loss of skip-gram and of CBOW with negative sampling.

Running text is split into rows of `ROW` center words. A row shares its negative samples, so that all its scores are
one matrix product: with its candidates, which are the row's own words and `window` more on either side, and with the
negatives.

Axes: row, center, candidate (words that may be in a center's context), negative, feature.

References: Mikolov et al., "Distributed Representations of Words and Phrases", 2013, arXiv:1310.4546, equation 4;
Ji et al., "Parallelizing Word2Vec in Shared and Distributed Memory", 2016, arXiv:1604.04661, section III, for shared
negatives. Unlike there, a row has more negatives than the five of a pair, with proportionally smaller weights: the
expectation is the same, and the variance is smaller.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import jax
import jax.numpy as jnp

ROW = 32  # centers that share negatives
NEGATIVES = 16  # negatives of a row, or the number per pair if that is larger

Model = Literal["skip-gram", "cbow"]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Rows:
    """Running text split into rows.

    Attributes:
        centers: word ids, int32 [row, center].
        candidates: word ids, int32 [row, candidate].
        pairs: whether a candidate is in a center's context, bool [row, candidate, center].
    """

    centers: jax.Array
    candidates: jax.Array
    pairs: jax.Array


def split_rows(word: jax.Array, sentence: jax.Array, context_size: jax.Array, window: int) -> Rows:
    """Split running text into rows; the last row is padded with words that form no pairs.

    Args:
        word: word ids, int32 [word], as in `dlcli.data.text.word_batches`.
        sentence: number of each word's sentence, int32 [word].
        context_size: words on either side that form the context of a word, int32 [word].
        window: maximum context size.
    """
    count = -(-len(word) // ROW)
    missing = count * ROW - len(word)
    centers = jnp.pad(word, (0, missing)).reshape(count, ROW)
    context_size = jnp.pad(context_size, (0, missing)).reshape(count, ROW)
    positions = jnp.arange(count)[:, None] * ROW + jnp.arange(ROW + 2 * window)[None, :]
    candidates = jnp.pad(word, (window, window + missing))[positions]
    candidate_sentence = jnp.pad(sentence, (window, window + missing), constant_values=-1)[positions]
    center_sentence = candidate_sentence[:, window : window + ROW]
    distance = jnp.abs(jnp.arange(ROW + 2 * window)[:, None] - window - jnp.arange(ROW)[None, :])[None]
    same_sentence = center_sentence[:, None, :] == candidate_sentence[:, :, None]
    pairs = same_sentence & (distance > 0) & (distance <= context_size[:, None, :])
    return Rows(centers, candidates, pairs)


def input_and_output_words(model: Model, rows: Rows, negatives: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the words whose input vectors the loss uses, and those whose output vectors it uses.

    Args:
        model: skip-gram predicts from the centers, CBOW from the candidates.
        rows: of running text.
        negatives: int32 [row, negative].

    Returns:
        int32 [row, center or candidate], and int32 [row, candidate or center, then negative].
    """
    skip_gram = model == "skip-gram"
    inputs, predicted = (rows.centers, rows.candidates) if skip_gram else (rows.candidates, rows.centers)
    return inputs, jnp.concatenate([predicted, negatives], axis=1)


def loss(model: Model, inputs: jax.Array, outputs: jax.Array, pairs: jax.Array, weight: float) -> jax.Array:
    """Return the sum over all predictions of -log σ(s) for the predicted word and -log σ(-s) for the negatives.

    Args:
        model: skip-gram or CBOW.
        inputs: input vectors [row, center or candidate, feature] of `input_and_output_words`.
        outputs: output vectors [row, candidate or center, then negative; feature] of `input_and_output_words`.
        pairs: bool [row, candidate, center].
        weight: of a negative: the number of negatives per pair divided by that of a row.

    Returns:
        float32 [], in nats.
    """
    count = pairs.shape[1] if model == "skip-gram" else pairs.shape[2]
    predictions = pairs.sum(axis=1, dtype=jnp.float32)  # [row, center]
    if model == "cbow":
        # The gradient of the mean, not the sum that word2vec.c adds to each context word. See
        # İrsoy et al., "Corrected CBOW Performs as well as Skip-gram", 2021, arXiv:2012.15332.
        weights = pairs / jnp.maximum(predictions, 1)[:, None, :]
        inputs = jnp.einsum("rmc,rmf->rcf", weights.astype(inputs.dtype), inputs)
        pairs, predictions = predictions > 0, jnp.minimum(predictions, 1)
    predicted, negative = jnp.split(outputs, [count], axis=1)
    # Centers last: XLA transposes one factor of such a product, and this makes it the smaller one.
    axes = "rcf,rcf->rc" if model == "cbow" else "rmf,rcf->rmc"
    positive_scores = jnp.einsum(axes, predicted, inputs, preferred_element_type=jnp.float32)
    negative_scores = jnp.einsum("rnf,rcf->rnc", negative, inputs, preferred_element_type=jnp.float32)
    positive_loss = (jax.nn.softplus(-positive_scores) * pairs).sum()
    return positive_loss + weight * (jax.nn.softplus(negative_scores).sum(axis=1) * predictions).sum()


def prediction_count(model: Model, pairs: jax.Array) -> jax.Array:
    """Return the number of predictions in the loss, int32 []: pairs for skip-gram, centers with a context for CBOW."""
    return (pairs if model == "skip-gram" else pairs.any(axis=1)).sum(dtype=jnp.int32)
