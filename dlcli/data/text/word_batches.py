"""Batches of running words for word2vec.

A batch covers `batch_size` consecutive words of an endless sequence of epochs; epoch e shuffles the sentences, seeded
by (seed, e). Step t takes the words t·batch_size … (t + 1)·batch_size - 1. Frequent words are subsampled, and each
remaining word draws its context size; both draws are seeded by (seed, t). A batch therefore depends on the seed and
the step alone.

A batch contains, int32 [batch_size] each:

- `word`: the ids of the remaining words, sentence by sentence, followed by padding.
- `sentence`: a number for each sentence, -1 in padding. A context never crosses a sentence.
- `context_size`: the number of words on either side that form the context of a word; 0 in padding.

References: Mikolov et al., "Distributed Representations of Words and Phrases", 2013, arXiv:1310.4546, section 2.3,
with the probabilities of word2vec.c (`keep_probabilities`); for the context size "Efficient Estimation of Word
Representations in Vector Space", 2013, arXiv:1301.3781, section 3.2.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence

import numpy as np

from dlcli.data.held_out import Arrays, HeldOut, spread
from dlcli.data.text.words import Corpus, Sentences
from dlcli.interface import WHOLE, Share

_BLOCK = 2**10  # sentences


@dataclasses.dataclass(frozen=True)
class ContextOptions:
    """How running text is turned into contexts.

    Attributes:
        window: the largest context size, in words on either side.
        sample: subsampling threshold: a word with a larger relative frequency is dropped at random; 0 keeps all.
        batch_size: words per batch before subsampling.
    """

    window: int
    sample: float
    batch_size: int


def keep_probabilities(counts: Sequence[int], sample: float) -> np.ndarray:
    """Return the probability that subsampling keeps a word, float32 [word].

    It is min(1, √(sample / f) + sample / f) for a word of relative frequency f.
    """
    if not sample:
        return np.ones(len(counts), np.float32)
    rarity = sample * np.sum(counts, dtype=np.float64) / np.asarray(counts)
    return np.minimum(1, np.sqrt(rarity) + rarity).astype(np.float32)


def capacity(counts: Sequence[int], options: ContextOptions) -> int:
    """Return the largest number of words that a batch keeps.

    It is 4·√batch_size above the mean, which is more than four standard deviations for shuffled text. A batch that
    would keep more loses the last of them, as if subsampling had dropped them.
    """
    kept = float(keep_probabilities(counts, options.sample) @ np.asarray(counts, np.float64))
    mean = options.batch_size * kept / sum(counts)
    return min(options.batch_size, int(np.ceil(mean + 4 * options.batch_size**0.5)))


class Batcher:
    """Subsamples words and draws their context sizes."""

    def __init__(self, sentences: Sentences, counts: Sequence[int], options: ContextOptions):
        self.sentences, self.options = sentences, options
        self.keep = keep_probabilities(counts, options.sample)
        self.capacity = capacity(counts, options)

    def batch(self, words: np.ndarray, numbers: np.ndarray, generator: np.random.Generator) -> dict[str, np.ndarray]:
        """Return the batch of consecutive words.

        Args:
            words: ids, int32 [word], at most `batch_size`.
            numbers: the number of the sentence of each word, int [word].
            generator: source of the random draws.
        """
        kept = np.flatnonzero(generator.random(len(words), np.float32) < self.keep[words])[: self.capacity]
        size, window = self.options.batch_size, self.options.window
        batch = {
            "word": np.zeros(size, np.int32),
            "sentence": np.full(size, -1, np.int32),
            "context_size": np.zeros(size, np.int32),
        }
        batch["word"][: len(kept)] = words[kept]
        batch["sentence"][: len(kept)] = numbers[kept] - (numbers[0] if len(numbers) else 0)
        batch["context_size"][: len(kept)] = generator.integers(1, window + 1, len(kept))
        return batch


def train_from(batcher: Batcher, seed: int, step: int, share: Share = WHOLE) -> Iterator[Arrays]:
    """Yield the batches of steps `step`, `step + 1`, … without end; a share is cut from the whole batch."""
    text, size = _ShuffledText(batcher.sentences, seed), batcher.options.batch_size
    while True:
        # The 1 separates these seeds from those of the epochs.
        generator = np.random.default_rng([seed, step, 1])
        yield share.cut(batcher.batch(*text.between(step * size, (step + 1) * size), generator))
        step += 1


def held_out(corpus: Corpus, split: str, options: ContextOptions) -> HeldOut:
    """Return the batches of a split, subsampled the same way for every run; none if the split is missing.

    `mask`, float32 [batch_size], is 1 for a word and 0 for padding.
    """
    sentences = corpus.splits.get(split)
    batcher = Batcher(sentences, corpus.facts.counts, options) if sentences else None
    return HeldOut.whole(lambda examples: _in_order(batcher, examples) if batcher else (), options.batch_size)


def _in_order(batcher: Batcher, examples: int) -> Iterator[Arrays]:
    sentences, size = batcher.sentences, batcher.options.batch_size
    count = len(sentences.words)
    # A part is made of whole batches, since the contexts of a word are its neighbours.
    for number in spread(-(-count // size), -(-examples // size)):
        places = np.arange(number * size, min((number + 1) * size, count))
        numbers = np.searchsorted(sentences.starts, places, side="right") - 1
        batch = batcher.batch(sentences.words[places], numbers, np.random.default_rng([number]))
        yield {**batch, "mask": (batch["sentence"] >= 0).astype(np.float32)}


class _ShuffledText:
    """The endless sequence of epochs, each with the sentences in a different order.

    Only the order of the sentences is in memory, with the place of every `_BLOCK`th of them in the epoch.
    """

    def __init__(self, sentences: Sentences, seed: int):
        self.sentences, self.seed = sentences, seed
        # A batch covers at most two epochs, unless the text is shorter than a batch.
        self._epoch = functools.lru_cache(maxsize=2)(self._permutation)

    def between(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the words from place `start` to `stop` and the number of the sentence of each, both [word]."""
        size = len(self.sentences.words)
        parts = [
            self._of_epoch(epoch, max(start - epoch * size, 0), min(stop - epoch * size, size))
            for epoch in range(start // size, -(-stop // size))
        ]
        words, numbers = zip(*parts, strict=True)
        return np.concatenate(words), np.concatenate(numbers)

    def _of_epoch(self, epoch: int, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        order, blocks = self._epoch(epoch)
        first, last = np.searchsorted(blocks, [start, stop - 1], side="right")
        which = np.arange(first * _BLOCK, min((last + 1) * _BLOCK, len(order)))
        ends = np.cumsum(self._lengths(order[which])) + (blocks[first - 1] if first else 0)
        first, last = np.searchsorted(ends, [start, stop - 1], side="right")
        which, ends = which[first : last + 1], ends[first : last + 1]
        starts = np.concatenate([[start], ends[:-1]])
        lengths = np.minimum(ends, stop) - starts
        # Within a sentence, the distance from a place in the epoch to its place in the text is constant.
        shift = self.sentences.starts[order[which] + 1] - ends
        places = np.arange(start, stop) + np.repeat(shift, lengths)
        return self.sentences.words[places], np.repeat(which + epoch * len(order), lengths)

    def _permutation(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        count = len(self.sentences)
        order = np.random.default_rng([self.seed, epoch]).permutation(count)
        order = order.astype(np.int32 if count < 2**31 else np.int64)
        sums = [self._lengths(order[start : start + _BLOCK]).sum() for start in range(0, count, _BLOCK)]
        return order, np.cumsum(sums)

    def _lengths(self, numbers: np.ndarray) -> np.ndarray:
        starts = self.sentences.starts
        return starts[numbers + 1] - starts[numbers]
