"""How much of its gradient a word's vector takes, where a step sums very many."""

from __future__ import annotations

import numpy as np

from dlcli.data.text import word_batches
from dlcli.data.text.words import WordFacts
from dlcli.techniques.word2vec.noise import POWER
from dlcli.techniques.word2vec.options import Train

# word2vec.c changes a vector pair by pair. A step here adds up what all pairs of a batch ask of it, at the same
# vectors: for the most frequent words hundreds of times the learning rate, which diverges (at 4,096 words of English
# a step within an epoch). Bounds of 3.2 and 12.8 ended, on a tenth of a dictionary, with the same rank correlations
# as steps of 256 words without a bound.
MOST = 3.2


def default_rate(options: Train) -> float:
    """Return the learning rate that stands for none given.

    That of skip-gram is gensim's. CBOW divides a gradient among the words of a context, where gensim gives each of
    them the whole.
    """
    return 0.025 if options.model == "skip-gram" else 0.3


def shares(options: Train, facts: WordFacts) -> tuple[np.ndarray, np.ndarray]:
    """Return what the input and the output vector of each word take of their gradients, float32 [word] in (0, 1].

    That is all, but where a step is expected to score a vector so often that the learning rates add up to more than
    `MOST`: then as much as makes them that.
    """
    counts = np.asarray(facts.counts, np.float64)
    stays = word_batches.keep_probabilities(facts.counts, options.sample) * counts * (options.batch_size / counts.sum())
    noise = counts**POWER / (counts**POWER).sum()
    # Pairs of a center: twice the mean reach. In CBOW a center has one prediction, and is a part of as many others.
    times = options.window + 1 if options.model == "skip-gram" else 1
    read = stays * times * (1 + options.negative)
    target = stays * times + noise * stays.sum() * times * options.negative
    most = MOST / (options.learning_rate or default_rate(options))
    return tuple(np.minimum(1, most / np.maximum(scored, most)).astype(np.float32) for scored in (read, target))
