"""Blocks of running text for models that learn words from their neighbours.

Step t of training takes the words t·batch … (t + 1)·batch - 1 of the endless row of epochs; epoch e has the sentences
in an order seeded by (seed, e). Frequent words are left out at random, and each word draws how far its context
reaches; both are seeded by (seed, t). So a batch is a function of the seed and its step alone.

A batch holds, int32 [batch] each:

- `word`: those that stay, as numbers in the vocabulary, one sentence after the other; behind them padding.
- `sentence`: a number for each sentence, -1 in padding. No context leaves its sentence.
- `reach`: how many of the words on either side are a word's context; 0 in padding.

References: Mikolov et al., "Distributed Representations of Words and Phrases", 2013, arXiv:1310.4546, section 2.3,
with the probabilities of word2vec.c (`kept_shares`); for the reach "Efficient Estimation of Word Representations in
Vector Space", 2013, arXiv:1301.3781, section 3.2.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence

import numpy as np

from dlcli.data.held_out import Arrays, HeldOut, in_order
from dlcli.data.text.words import Corpus, Sentences
from dlcli.interface import Batch


@dataclasses.dataclass(frozen=True)
class Rules:
    """How text becomes contexts.

    Attributes:
        window: the farthest reach of a context, in words.
        sample: share of a text from which on a word is left out now and then; 0: none is.
        batch_size: words of a block, those that are left out included.
    """

    window: int
    sample: float
    batch_size: int


def kept_shares(counts: Sequence[int], sample: float) -> np.ndarray:
    """Return the probability that a word stays, float32 [word]: min(1, √(s / f) + s / f) for a share f of the text."""
    if not sample:
        return np.ones(len(counts), np.float32)
    rarity = sample * np.sum(counts, dtype=np.float64) / np.asarray(counts)
    return np.minimum(1, np.sqrt(rarity) + rarity).astype(np.float32)


def capacity(counts: Sequence[int], rules: Rules) -> int:
    """Return how many words of a block stay at most.

    That is four times √batch above the mean, more than four standard deviations where texts are mixed; a block in
    which more would stay loses the last of them, as if they had been sampled out.
    """
    counts = np.asarray(counts, np.float64)
    mean = rules.batch_size * float(kept_shares(counts, rules.sample) @ counts / counts.sum())
    return min(rules.batch_size, int(np.ceil(mean + 4 * rules.batch_size**0.5)))


class Blocks:
    """Makes batches of sentences."""

    def __init__(self, sentences: Sentences, counts: Sequence[int], rules: Rules):
        self.sentences, self.rules = sentences, rules
        self.kept, self.most = kept_shares(counts, rules.sample), capacity(counts, rules)

    def batch(self, words: np.ndarray, numbers: np.ndarray, generator: np.random.Generator) -> Batch:
        """Sample words [word] of sentences `numbers` [word] and draw their reach."""
        stay = np.flatnonzero(generator.random(len(words), np.float32) < self.kept[words])[: self.most]
        size, window = self.rules.batch_size, self.rules.window
        batch = {
            "word": np.zeros(size, np.int32),
            "sentence": np.full(size, -1, np.int32),
            "reach": np.zeros(size, np.int32),
        }
        batch["word"][: len(stay)] = words[stay]
        batch["sentence"][: len(stay)] = numbers[stay] - (numbers[0] if len(numbers) else 0)
        batch["reach"][: len(stay)] = generator.integers(1, window + 1, len(stay))
        return batch


def train_from(blocks: Blocks, seed: int, step: int) -> Iterator[Batch]:
    """Yield the batches of steps `step`, `step + 1`, … without end."""
    order, size = _Order(blocks.sentences, seed), blocks.rules.batch_size
    while True:
        # The 1 keeps these seeds apart from those of the epochs.
        generator = np.random.default_rng([seed, step, 1])
        yield blocks.batch(*order.stretch(step * size, (step + 1) * size), generator)
        step += 1


def held_out(corpus: Corpus, split: str, rules: Rules) -> HeldOut:
    """Return the batches of a split in its order, sampled the same way for every run; none if the split is missing.

    `mask`, float32 [batch], is 1 for a word and 0 for padding.
    """
    sentences = corpus.splits.get(split)
    blocks = Blocks(sentences, corpus.facts.counts, rules) if sentences else None
    return HeldOut(lambda: _in_order(blocks) if blocks else (), rules.batch_size)


def _in_order(blocks: Blocks) -> Iterator[Arrays]:
    sentences = blocks.sentences
    for number, places in enumerate(in_order(len(sentences.words), blocks.rules.batch_size)):
        owners = np.searchsorted(sentences.starts, places, side="right") - 1
        batch = blocks.batch(sentences.words[places], owners, np.random.default_rng([number]))
        yield {**batch, "mask": (batch["sentence"] >= 0).astype(np.float32)}


class _Order:
    """The endless row of epochs, each with the sentences in an order of its own."""

    def __init__(self, sentences: Sentences, seed: int):
        self.sentences, self.seed = sentences, seed
        # A block lies in two neighbouring epochs at most, unless the text is shorter than a block.
        self._epoch = functools.lru_cache(maxsize=2)(self._permutation)

    def stretch(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the words from place `start` to `stop`, and for each a number of its sentence, both [word]."""
        size = len(self.sentences.words)
        parts = [
            self._within(epoch, max(start - epoch * size, 0), min(stop - epoch * size, size))
            for epoch in range(start // size, -(-stop // size))
        ]
        words, numbers = zip(*parts, strict=True)
        return np.concatenate(words), np.concatenate(numbers)

    def _within(self, epoch: int, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        order, ends = self._epoch(epoch)
        first, last = np.searchsorted(ends, [start, stop - 1], side="right")
        which = np.arange(first, last + 1)
        ends = ends[first : last + 1]
        starts = np.concatenate([[start], ends[:-1]])
        lengths = np.minimum(ends, stop) - starts
        # From a place in the epoch to one in the text: what lies between the two is the same within a sentence.
        shift = self.sentences.starts[order[which] + 1] - ends
        places = np.arange(start, stop) + np.repeat(shift, lengths)
        return self.sentences.words[places], np.repeat(which + epoch * len(order), lengths)

    def _permutation(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.sentences))
        return order, np.cumsum(np.diff(self.sentences.starts)[order])
