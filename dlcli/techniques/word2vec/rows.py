"""Rows of running text whose centers share their negative samples.

Scores against the negatives are one matrix product per row.

Reference: Ji et al., "Parallelizing Word2Vec in Shared and Distributed Memory", 2016, arXiv:1604.04661, section III.
Unlike there, a row has more negatives than the five of a pair, with proportionally smaller weights: the expectation is
the same, and the variance is smaller.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

import jax
import jax.numpy as jnp

ROW = 32  # centers that share negatives
NEGATIVES = 16  # negatives of a row, or the number per pair if that is larger

T = TypeVar("T", bound="Text")


class Text(Protocol):
    """Running text as one of the models reads it."""

    @classmethod
    def split(cls: type[T], word: jax.Array, sentence: jax.Array, context_size: jax.Array, window: int) -> T:
        """Split running text into rows; the last one is padded with words that have no context.

        Args:
            word: word ids, int32 [word], as in `dlcli.data.text.word_batches`.
            sentence: number of each word's sentence, int32 [word].
            context_size: words on either side that form the context of a word, int32 [word].
            window: maximum context size.
        """

    @property
    def rows(self) -> int:
        """Number of rows."""

    @property
    def inputs(self) -> jax.Array:
        """The words whose input vectors the loss uses, int32."""

    @property
    def targets(self) -> jax.Array:
        """The words that may be predicted, int32."""

    def outputs(self, negatives: jax.Array) -> jax.Array:
        """Return the words whose output vectors the loss of negative sampling uses, int32.

        Args:
            negatives: int32 [row, negative].
        """

    def loss(self, inputs: jax.Array, outputs: jax.Array, weight: float) -> jax.Array:
        """Return the sum over all predictions of -log σ(s) for the predicted word and -log σ(-s) for the negatives.

        Args:
            inputs: vectors of `inputs`, with the axis feature last.
            outputs: vectors of `outputs`, with the axis feature last.
            weight: of a negative: the number of negatives per pair divided by that of a row.

        Returns:
            float32 [], in nats.
        """

    def path_loss(self, inputs: jax.Array, nodes: jax.Array, codes: jax.Array) -> jax.Array:
        """Return the sum of the loss of hierarchical softmax over all predictions.

        Args:
            inputs: vectors of `inputs`, with the axis feature last.
            nodes: vectors of the nodes on the paths to `targets`, with the axes depth and feature last.
            codes: of these paths, with the axis depth last.

        Returns:
            float32 [], in nats.
        """

    def predictions(self) -> jax.Array:
        """Return the number of predictions in the loss, int32 []."""


def padding(count: int) -> int:
    """Return the number of words that are missing in the last row."""
    return -count % ROW


def negative_loss(scores: jax.Array, predictions: jax.Array) -> jax.Array:
    """Return the sum of -log σ(-s) over the negatives and the predictions of each center.

    Args:
        scores: float32 [row, negative, center].
        predictions: number of predictions of each center, float32 [row, center].
    """
    return (jax.nn.softplus(scores).sum(axis=1) * predictions).sum()


def scores(vectors: jax.Array, centers: jax.Array) -> jax.Array:
    """Return the products of the vectors of a row with those of its centers, float32 [row, vector, center].

    Args:
        vectors: [row, vector, feature].
        centers: [row, center, feature].
    """
    # Centers last: XLA transposes one factor of such a product, and this makes it the smaller one.
    return jnp.einsum("rvf,rcf->rvc", vectors, centers, preferred_element_type=jnp.float32)
