"""How much of its gradient a word's vector takes, where a step sums very many."""

from __future__ import annotations

import numpy as np

from dlcli.data import contexts
from dlcli.data.words import WordFacts
from dlcli.techniques.word2vec.noise import POWER
from dlcli.techniques.word2vec.options import Train

# word2vec.c changes a vector pair by pair. A step here adds up what all pairs of a batch ask of it, at the same
# vectors: for the most frequent words thousands of times the learning rate, which diverges (at 4,096 words of English
# a step within an epoch). On a tenth of a dictionary, 128 and 512 ended with the same rank correlations as steps of
# 256 words that are not bounded, and with a held-out loss 0.05 and 0.02 higher.
MOST = 128.0


def shares(options: Train, facts: WordFacts) -> tuple[np.ndarray, np.ndarray]:
    """Return what the input and the output vector of each word take of their gradients, float32 [word] in (0, 1].

    A vector that a step is expected to score more than `MOST` times takes the share that makes it as many.
    """
    counts = np.asarray(facts.counts, np.float64)
    stays = contexts.kept_shares(facts.counts, options.sample) * counts * (options.batch_size / counts.sum())
    noise = counts**POWER / (counts**POWER).sum()
    # Pairs of a center: twice the mean reach. In CBOW a center has one prediction, and is a part of as many others.
    times = options.window + 1 if options.model == "skip-gram" else 1
    read = stays * times * (1 + options.negative)
    target = stays * times + noise * stays.sum() * times * options.negative
    return _bounded(read), _bounded(target)


def _bounded(scored: np.ndarray) -> np.ndarray:
    return np.minimum(1, MOST / np.maximum(scored, MOST)).astype(np.float32)
