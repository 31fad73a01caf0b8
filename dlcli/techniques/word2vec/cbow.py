"""CBOW: predicts the center from the mean of its context.

The mean is a sum of shifted and masked copies of the text, one for each offset within the window: on a CPU one loop
over the text, which takes half the time of small matrix products per row.

Axes: word, offset (from a center to a word of its context), row, center, negative, feature.

References: Mikolov et al., "Efficient Estimation of Word Representations in Vector Space", 2013, arXiv:1301.3781,
section 3.1. The gradient is that of the mean, not the sum that word2vec.c adds to each context word: İrsoy et al.,
"Corrected CBOW Performs as well as Skip-gram", 2021, arXiv:2012.15332.
"""

from __future__ import annotations

import dataclasses
import functools

import jax
import jax.numpy as jnp

from dlcli.techniques.word2vec import rows
from dlcli.techniques.word2vec.hierarchical_softmax import path_loss


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Cbow:
    """Running text for CBOW; see `rows.Text`. Its length is a multiple of that of a row.

    Attributes:
        words: word ids, int32 [window + word + window]; the words of the windows at both ends have no sentence.
        context: whether the word at an offset is in a center's context, bool [offset, word].
    """

    words: jax.Array
    context: jax.Array

    @classmethod
    def split(cls, word: jax.Array, sentence: jax.Array, context_size: jax.Array, window: int) -> Cbow:
        missing = rows.padding(len(word))
        count = len(word) + missing
        around = (window, window + missing)
        sentence = jnp.pad(sentence, around, constant_values=-1)
        context_size = jnp.pad(context_size, (0, missing))
        context = [
            (sentence[window + offset :][:count] == sentence[window:][:count]) & (abs(offset) <= context_size)
            for offset in _offsets(window)
        ]
        return cls(jnp.pad(word, around), jnp.stack(context))

    @property
    def window(self) -> int:
        return len(self.context) // 2

    @property
    def centers(self) -> jax.Array:
        """Word ids, int32 [word]."""
        return self.words[self.window : -self.window]

    @property
    def rows(self) -> int:
        return len(self.centers) // rows.ROW

    @property
    def inputs(self) -> jax.Array:
        """Word ids, int32 [window + word + window]."""
        return self.words

    @property
    def targets(self) -> jax.Array:
        """Word ids, int32 [word]."""
        return self.centers

    def outputs(self, negatives: jax.Array) -> jax.Array:
        """Return int32 [word, then row × negative]."""
        return jnp.concatenate([self.centers, negatives.reshape(-1)])

    def loss(self, inputs: jax.Array, outputs: jax.Array, weight: float) -> jax.Array:
        mean, predictions = self._mean(inputs)
        centers, negatives = (
            part.reshape(self.rows, -1, part.shape[-1]) for part in jnp.split(outputs, [len(self.centers)])
        )
        by_row = mean.reshape(centers.shape)
        predictions = predictions.reshape(centers.shape[:2])
        scores = (centers * by_row).astype(jnp.float32).sum(axis=-1)
        positive = (jax.nn.softplus(-scores) * predictions).sum()
        return positive + weight * rows.negative_loss(rows.scores(negatives, by_row), predictions)

    def path_loss(self, inputs: jax.Array, nodes: jax.Array, codes: jax.Array) -> jax.Array:
        mean, predictions = self._mean(inputs)
        scores = jnp.einsum("wdf,wf->wd", nodes, mean, preferred_element_type=jnp.float32)
        return (path_loss(scores, codes, axis=1) * predictions).sum()

    def _mean(self, inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return the mean of each context, [word, feature], and 1 for a center that has one, float32 [word]."""
        sizes = self.context.sum(axis=0, dtype=jnp.float32)
        mean = context_sum(inputs, self.context) / jnp.maximum(sizes, 1).astype(inputs.dtype)[:, None]
        return mean, jnp.minimum(sizes, 1)

    def predictions(self) -> jax.Array:
        """Return the number of centers with a context, int32 []."""
        return self.context.any(axis=0).sum(dtype=jnp.int32)


@jax.custom_vjp
def context_sum(vectors: jax.Array, context: jax.Array) -> jax.Array:
    """Return the sum of the vectors of each center's context, [word, feature].

    Args:
        vectors: [window + word + window, feature].
        context: bool [offset, word].
    """
    count, window = context.shape[1], len(context) // 2
    shifted = (
        jnp.where(inside[:, None], vectors[window + offset :][:count], 0)
        for inside, offset in zip(context, _offsets(window), strict=True)
    )
    return functools.reduce(jnp.add, shifted)


def _forward(vectors: jax.Array, context: jax.Array) -> tuple[jax.Array, jax.Array]:
    return context_sum(vectors, context), context


def _backward(context: jax.Array, change: jax.Array) -> tuple[jax.Array, None]:
    """Return the gradient by the vectors: the same sum with the offsets reversed, from each word to its centers.

    XLA's own derivative of the shifts is ten padded arrays, written one after the other.
    """
    window = len(context) // 2
    count = context.shape[1] + 2 * window
    change = jnp.pad(change, ((2 * window, 2 * window), (0, 0)))
    context = jnp.pad(context, ((0, 0), (2 * window, 2 * window)))
    shifted = (
        jnp.where(inside[window - offset :][:count][:, None], change[window - offset :][:count], 0)
        for inside, offset in zip(context, _offsets(window), strict=True)
    )
    return functools.reduce(jnp.add, shifted), None


context_sum.defvjp(_forward, _backward)


def _offsets(window: int) -> list[int]:
    return [offset for offset in range(-window, window + 1) if offset]
