"""Character n-grams of words, which give vectors to words that the training text does not contain.

The input vector of a word is the mean of a vector of its own and of those of its n-grams. `<` and `>` mark its
beginning and end. The vectors of n-grams are in a table of fixed size, indexed by a hash; n-grams with the same index
share a vector. The hash and the mean are those of fastText, so that its files can be written exactly.

Axes: word, gram (of all words, one word after the other), bucket, feature.

Reference: Bojanowski et al., "Enriching Word Vectors with Subword Information", 2017, arXiv:1607.04606, section 3.2.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.techniques.word2vec import learning_rates
from dlcli.techniques.word2vec.options import Train

_CHUNK = 4_096  # words whose n-grams are averaged at once on the host


def ngrams(word: str, shortest: int, longest: int) -> Iterator[str]:
    """Yield the n-grams of `<word>`, without the lone marks `<` and `>`."""
    marked = f"<{word}>"
    for start in range(len(marked)):
        for end in range(start + shortest, min(start + longest, len(marked)) + 1):
            if end - start > 1 or 0 < start < len(marked) - 1:
                yield marked[start:end]


@functools.cache
def fasttext_hash(text: str) -> int:
    """Return the 32-bit FNV-1a hash of the UTF-8 bytes, each of which fastText reads as a signed number."""
    value = 2_166_136_261
    for byte in text.encode():
        signed = byte if byte < 128 else byte | 0xFFFFFF00
        value = ((value ^ signed) * 16_777_619) & 0xFFFFFFFF
    return value


class Subwords(nnx.Module):
    """The n-grams of a vocabulary and their vectors.

    Args:
        options: lengths of the n-grams and size of the table.
        words: the vocabulary.
        frequencies: expected updates of each word per step, float [word].
        rngs: source of the first vectors.

    Attributes:
        vectors: float32 [bucket, feature].
        scales: factors of the gradients of each vector, float32 [bucket].
        buckets: the bucket of each n-gram of each word, int32 [gram].
        starts: the first n-gram of each word, and the number of all, int32 [word + 1].
    """

    def __init__(self, options: Train, words: Sequence[str], frequencies: np.ndarray, rngs: nnx.Rngs):
        self.shortest, self.longest, self.size = options.min_n, options.max_n, options.buckets
        found = [self._buckets(word) for word in words]
        lengths = np.fromiter(map(len, found), np.int32, len(found))
        self.buckets = nnx.Variable(jnp.asarray(np.concatenate(found), jnp.int32))
        self.starts = nnx.Variable(jnp.asarray(np.concatenate([[0], np.cumsum(lengths)]), jnp.int32))
        uniform = jax.random.uniform(rngs.params(), (self.size, options.vector_size), minval=-0.5, maxval=0.5)
        self.vectors = nnx.Param(uniform / options.vector_size)
        updates = np.bincount(np.concatenate(found).astype(int), np.repeat(frequencies, lengths), self.size)
        self.scales = nnx.Variable(jnp.asarray(learning_rates.limited(options, updates)))
        weights = frequencies / frequencies.sum()
        self._mean = float(weights @ lengths)
        self._deviation = float(np.sqrt(weights @ (lengths - self._mean) ** 2))
        self._first, self._most = int(lengths[0]), int(lengths.max())

    def _buckets(self, word: str) -> list[int]:
        return [fasttext_hash(each) % self.size for each in ngrams(word, self.shortest, self.longest)]

    def capacity(self, words: int) -> int:
        """Return the largest number of n-grams of this number of words: four standard deviations above the mean.

        The words are running text, padded by the word 0.
        """
        return math.ceil(words * max(self._mean, self._first) + 4 * self._deviation * words**0.5) + self._most

    def find(self, ids: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return the n-grams of words; the last ones are left out if there are more than `capacity`.

        Args:
            ids: words, int32 [word].

        Returns:
            The bucket of each n-gram and the position of its word in `ids`, int32 [gram]. Where there are fewer
            n-grams than the capacity, the rest has the bucket `size` and the position `len(ids)`.
        """
        capacity = self.capacity(len(ids))
        first, counts = self.starts[...][ids], jnp.diff(self.starts[...])[ids]
        ends = jnp.cumsum(counts)
        place = jnp.arange(capacity)
        owner = jnp.repeat(jnp.arange(len(ids)), counts, total_repeat_length=capacity)
        bucket = self.buckets[...][first[owner] + place - (ends - counts)[owner]]
        inside = place < ends[-1]
        return jnp.where(inside, bucket, self.size), jnp.where(inside, owner, len(ids))

    def mean(self, own: jax.Array, ids: jax.Array, bucket: jax.Array, owner: jax.Array) -> jax.Array:
        """Return the mean of the words' own vectors and of those of their n-grams, [word, feature].

        Args:
            own: [word, feature].
            ids: words, int32 [word].
            bucket: of each n-gram, int32 [gram]; see `find`.
            owner: position of the word of each n-gram, int32 [gram].
        """
        grams = self.vectors[...].at[bucket].get(mode="fill", fill_value=0)
        sums = own + jax.ops.segment_sum(grams, owner, len(ids), indices_are_sorted=True)
        return sums / (1 + jnp.diff(self.starts[...])[ids])[:, None]

    def all_means(self, own: np.ndarray) -> np.ndarray:
        """Return `mean` for the whole vocabulary, float32 [word, feature]."""
        vectors, buckets, starts = (np.asarray(each[...]) for each in (self.vectors, self.buckets, self.starts))
        means = np.empty_like(own)
        for begin in range(0, len(own), _CHUNK):
            chunk = slice(begin, begin + _CHUNK)
            ends = starts[1:][chunk]
            grams = vectors[buckets[starts[begin] : ends[-1]]]
            totals = np.concatenate([np.zeros_like(grams[:1], float), np.cumsum(grams, axis=0, dtype=float)])
            sums = np.diff(totals[np.concatenate([starts[begin : begin + 1], ends]) - starts[begin]], axis=0)
            means[chunk] = (own[chunk] + sums) / (1 + np.diff(starts[begin : begin + len(ends) + 1]))[:, None]
        return means

    def unknown(self, word: str) -> np.ndarray | None:
        """Return the mean of the n-grams of a word outside the vocabulary, float32 [feature]; None if it has none."""
        buckets = self._buckets(word)
        return np.asarray(self.vectors[...][jnp.asarray(buckets)]).mean(axis=0) if buckets else None
