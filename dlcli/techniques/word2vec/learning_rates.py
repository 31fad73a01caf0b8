"""Learning rates of word vectors, which are smaller for words that a step updates very often."""

from __future__ import annotations

import numpy as np

from dlcli.data.text import word_batches
from dlcli.data.text.words import WordFacts
from dlcli.techniques.word2vec.hierarchical_softmax import HuffmanTree
from dlcli.techniques.word2vec.negative_sampling import POWER
from dlcli.techniques.word2vec.options import Train

# word2vec.c updates a vector pair by pair. A step here sums the gradients of all pairs of a batch at the same
# vectors: for the most frequent words hundreds of times the learning rate, which diverges (with 4,096 English words
# per step, within an epoch). On a tenth of a dictionary, limits of 3.2 and 12.8 gave the same rank correlations as
# steps of 256 words without a limit.
MAX_TOTAL_RATE = 3.2


def default_learning_rate(options: Train) -> float:
    """Return the learning rate if none is given.

    That of skip-gram is gensim's. CBOW divides a gradient among the context words, while gensim gives each of them
    the whole gradient.
    """
    return 0.025 if options.model == "skip-gram" else 0.3


def expected_updates(options: Train, facts: WordFacts, tree: HuffmanTree | None) -> tuple[np.ndarray, np.ndarray]:
    """Return how often a step is expected to update each word's input vector and each output vector, float."""
    counts = np.asarray(facts.counts, np.float64)
    kept = word_batches.keep_probabilities(facts.counts, options.sample) * counts
    kept = kept * (options.batch_size / counts.sum())  # expected occurrences per step
    # Pairs per center: twice the mean context size. With CBOW, a center has one prediction, and is in as many others.
    predictions = options.window + 1 if options.model == "skip-gram" else 1
    targets = kept * predictions
    if tree is not None:
        return targets * tree.depths(), tree.updates(targets)
    negative = counts**POWER / (counts**POWER).sum()
    return targets * (1 + options.negative), targets + negative * targets.sum() * options.negative


def limited(options: Train, updates: np.ndarray) -> np.ndarray:
    """Return the factors of gradients, float32 in (0, 1], of vectors that a step updates so many times.

    A factor is 1 unless the learning rates of a step sum to more than `MAX_TOTAL_RATE`; then it is the factor that
    reduces the sum to this limit.
    """
    limit = MAX_TOTAL_RATE / (options.learning_rate or default_learning_rate(options))
    return np.minimum(1, limit / np.maximum(updates, limit)).astype(np.float32)
