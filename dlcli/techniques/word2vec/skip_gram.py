"""Skip-gram: predicts each word of the context from the center.

All scores of a row are one matrix product: of its centers with its candidates, which are its own words and `window`
more on either side, and with its negatives.

Axes: row, center, candidate (words that may be in a center's context), negative, feature.

Reference: Mikolov et al., "Distributed Representations of Words and Phrases", 2013, arXiv:1310.4546, equation 4.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from dlcli.techniques.word2vec import rows
from dlcli.techniques.word2vec.hierarchical_softmax import path_loss


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class SkipGram:
    """Running text for skip-gram; see `rows.Text`.

    Attributes:
        centers: word ids, int32 [row, center].
        candidates: word ids, int32 [row, candidate].
        pairs: whether a candidate is in a center's context, bool [row, candidate, center].
    """

    centers: jax.Array
    candidates: jax.Array
    pairs: jax.Array

    @classmethod
    def split(cls, word: jax.Array, sentence: jax.Array, context_size: jax.Array, window: int) -> SkipGram:
        missing, row = rows.padding(len(word)), rows.ROW
        count = (len(word) + missing) // row
        centers = jnp.pad(word, (0, missing)).reshape(count, row)
        context_size = jnp.pad(context_size, (0, missing)).reshape(count, row)
        positions = jnp.arange(count)[:, None] * row + jnp.arange(row + 2 * window)[None, :]
        candidates = jnp.pad(word, (window, window + missing))[positions]
        candidate_sentence = jnp.pad(sentence, (window, window + missing), constant_values=-1)[positions]
        center_sentence = candidate_sentence[:, window : window + row]
        distance = jnp.abs(jnp.arange(row + 2 * window)[:, None] - window - jnp.arange(row)[None, :])[None]
        same_sentence = center_sentence[:, None, :] == candidate_sentence[:, :, None]
        pairs = same_sentence & (distance > 0) & (distance <= context_size[:, None, :])
        return cls(centers, candidates, pairs)

    @property
    def rows(self) -> int:
        return len(self.centers)

    @property
    def inputs(self) -> jax.Array:
        """Word ids, int32 [row, center]."""
        return self.centers

    @property
    def targets(self) -> jax.Array:
        """Word ids, int32 [row, candidate]."""
        return self.candidates

    def outputs(self, negatives: jax.Array) -> jax.Array:
        """Return int32 [row, candidate, then negative]."""
        return jnp.concatenate([self.candidates, negatives], axis=1)

    def loss(self, inputs: jax.Array, outputs: jax.Array, weight: float) -> jax.Array:
        candidates, negatives = jnp.split(outputs, [self.candidates.shape[1]], axis=1)
        positive = (jax.nn.softplus(-rows.scores(candidates, inputs)) * self.pairs).sum()
        predictions = self.pairs.sum(axis=1, dtype=jnp.float32)
        return positive + weight * rows.negative_loss(rows.scores(negatives, inputs), predictions)

    def path_loss(self, inputs: jax.Array, nodes: jax.Array, codes: jax.Array) -> jax.Array:
        scores = jnp.einsum("rkdf,rcf->rkdc", nodes, inputs, preferred_element_type=jnp.float32)
        return (path_loss(scores, codes[..., None], axis=2) * self.pairs).sum()

    def predictions(self) -> jax.Array:
        """Return the number of pairs, int32 []."""
        return self.pairs.sum(dtype=jnp.int32)
