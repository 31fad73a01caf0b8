"""Batches of texts with their classes, for classifiers.

Training batches depend on the seed and the step alone: each epoch is a permutation of the texts seeded by (seed,
epoch).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from dlcli.data import labels
from dlcli.data.held_out import Arrays, HeldOut
from dlcli.data.order import STEPS
from dlcli.data.problems import few_examples, one_class, refuse
from dlcli.data.text import token_streams, truncation
from dlcli.data.text.facts import TextFacts
from dlcli.data.text.length_buckets import LengthOrder
from dlcli.data.text.sets import TextSet
from dlcli.data.text.token_batches import digest
from dlcli.data.text.tokenizer import Tokenizer
from dlcli.errors import DatasetError
from dlcli.interface import WHOLE, Data, Share
from dlcli.notices import warn


def classification(
    texts: TextSet,
    tokenizer: Tokenizer,
    *,
    batch_size: int,
    context: int,
    seed: int,
    length_buckets: int = 1,
    trained: bool = False,
) -> Data:
    """Return texts with their classes.

    Batches contain `tokens`, int32 [batch, width], truncated and padded; `length`, int32 [batch], at least 1 (a text
    without tokens is one `<unk>`); and `label`, int32 [batch]. Held-out batches also contain `mask`, float32 [batch];
    their width is `context`. The width of a training batch is that of a bucket of similar lengths.

    A note counts the truncated texts in the splits that are read: training and validation, or, if the model is
    `trained`, the split that `eval` measures.

    Raises:
        DatasetError: the set has no labels, or too few texts of a class.
    """
    if not texts.classes:
        raise DatasetError(f"{texts.name} must have labels to be classified, and has none")
    refuse(texts.name, one_class(texts.classes) or few_examples(texts.classes, texts.counts("train")))
    for problem in labels.problems(texts.labels):
        warn(problem.message)
    splits = {
        name: functools.cache(functools.partial(_Split, texts, name, tokenizer, context))
        for name in ("train", "validation", texts.test_split)
    }
    if not trained:
        read = {"training": splits["train"](), "validation": splits["validation"]()}
        longest = max(int(split.lengths.max()) for split in read.values())
        truncation.note(_truncated(read), "texts", f"{context:,} tokens", longest=longest)

    def measured() -> _Split:
        split = splits[texts.test_split]()
        if trained:
            truncation.note(_truncated({texts.test_split: split}), "texts", f"{context:,} tokens")
        return split

    return Data(
        train_from=functools.partial(_train, splits["train"], (batch_size, seed, length_buckets)),
        validation=HeldOut.of(splits["validation"], batch_size),
        test=HeldOut.of(measured, batch_size),
        facts=TextFacts(tokenizer=tokenizer.to_json(), vocabulary=len(tokenizer), classes=texts.classes),
        sizes=texts.sizes,
        digest=digest(texts, tokenizer),
        example=texts.example,
        test_split=texts.test_split,
        opened=texts,
    )


class _Split:
    """The texts of a split as arrays."""

    def __init__(self, texts: TextSet, split: str, tokenizer: Tokenizer, context: int):
        labels = texts.splits[split].labels
        assert labels is not None  # a set with classes has labels in each split
        self.stream, self.labels = token_streams.stream(texts, split, tokenizer), labels
        self.starts, self.lengths = self.stream.documents()
        self.context, self.special = context, tokenizer.special
        self.room = max(1, context - len(tokenizer.special.prefix) - len(tokenizer.special.suffix))

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def sizes(self) -> np.ndarray:
        """Tokens of each text with the special ones, at least 1, int [text, 1]."""
        framed = np.minimum(self.lengths, self.room) + len(self.special.prefix) + len(self.special.suffix)
        return np.maximum(framed, 1)[:, None]

    def at(self, indices: np.ndarray, width: int | None = None) -> Arrays:
        """Return the batch of the texts at the indices, int [text], with this width or that of the context."""
        lengths = np.minimum(self.lengths[indices], self.room)
        offsets = np.arange(self.room)
        places = np.minimum(self.starts[indices][:, None] + offsets, self.stream.targets)
        padding = max(self.special.padding, 0)
        tokens = np.where(offsets < lengths[:, None], self.stream.ids[places], padding).astype(np.int32)
        if self.special.prefix or self.special.suffix:
            tokens, lengths = self._framed(tokens, lengths)
        tokens[lengths == 0, 0] = max(self.special.unknown, 0)
        tokens = tokens[:, :width]
        return {"tokens": tokens, "length": np.maximum(lengths, 1).astype(np.int32), "label": self.labels[indices]}

    def _framed(self, tokens: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return tokens within the special tokens of the tokenizer, int32 [batch, context], and their lengths."""
        prefix, suffix = self.special.prefix, self.special.suffix
        tokens = np.pad(tokens, [(0, 0), (len(prefix), len(suffix))], constant_values=max(self.special.padding, 0))
        tokens[:, : len(prefix)] = prefix
        rows = np.arange(len(tokens))
        for offset, token in enumerate(suffix):
            tokens[rows, len(prefix) + lengths + offset] = token
        return tokens, lengths + len(prefix) + len(suffix)


def _truncated(splits: Mapping[str, _Split]) -> dict[str, truncation.Count]:
    return {name: (int((split.lengths > split.room).sum()), len(split)) for name, split in splits.items()}


def _train(
    open_split: Callable[[], _Split], order: tuple[int, int, int], first: int, share: Share = WHOLE
) -> Iterator[Arrays]:
    split = open_split()
    batches = LengthOrder(split.sizes, *order)
    for step in range(first, STEPS):
        indices, width = batches.at(step)
        yield split.at(share.of(indices), int(width[0]))
