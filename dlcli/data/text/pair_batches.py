"""Batches of pairs, for encoder-decoders."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dlcli.data.held_out import Arrays, HeldOut
from dlcli.data.order import STEPS
from dlcli.data.text import tokenizers, truncation
from dlcli.data.text.catalogue import open_pairs
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.facts import PairFacts
from dlcli.data.text.length_buckets import LengthOrder
from dlcli.data.text.pairs import Pairs, PairSet
from dlcli.data.text.sets import Documents
from dlcli.data.text.tokenizer import Tokenizer
from dlcli.interface import WHOLE, Data, Share

Lengths = tuple[int, int]  # max_source_length and max_target_length


class EncodedPairs:
    """The pairs of a split as tokens.

    Attributes:
        source: int32 [pair, max_source_length], in the frame of the tokenizer, padded.
        length: tokens of each source without padding, int32 [pair].
        target: int32 [pair, max_target_length + 1], from `<start>` to `<end>`, padded.
        lengths: max_source_length and max_target_length.
        sizes: tokens of each source, and of each target with `<end>`, without padding, int [pair, 2].
        truncated: number of pairs whose source or target is truncated.
        longest: tokens of the longest source, or of the longest target with `<end>` if that is longer.
    """

    def __init__(self, pairs: Pairs, tokenizer: Tokenizer, lengths: Lengths | None, *, context: int = 0):
        """Encode a split.

        Args:
            pairs: pairs of the split.
            tokenizer: tokenizer of sources and targets.
            lengths: largest lengths of a source and a target; None for those of the longest texts.
            context: upper bound on the lengths if `lengths` is None.
        """
        special = tokenizer.special
        sources, targets = list(tokenizer.encode_all(pairs.sources)), list(tokenizer.encode_targets(pairs.targets))
        frame = len(special.prefix) + len(special.suffix)
        found = [(len(source) + frame, len(target) + 1) for source, target in zip(sources, targets, strict=True)]
        self.lengths = lengths or (
            min(context, max(source for source, _ in found)),
            min(context, max(target for _, target in found)),
        )
        longest_source, longest_target = self.lengths
        framed = [tokenizer.framed(each, longest_source) for each in sources]
        self.source = _padded(framed, longest_source, special.padding)
        self.length = np.array([len(each) for each in framed], np.int32)
        ended = [[special.start, *each, special.end] for each in targets]
        self.target = _padded(ended, longest_target + 1, special.padding)
        self.sizes = np.minimum(np.array(found, int).reshape(-1, 2), self.lengths)
        self.truncated = sum(source > longest_source or target > longest_target for source, target in found)
        self.longest = max(map(max, found), default=0)

    def __len__(self) -> int:
        return len(self.length)

    def at(self, indices: np.ndarray, width: np.ndarray | None = None) -> Arrays:
        """Return the batch of the pairs at the indices, int [pair].

        Args:
            indices: which pairs, int [pair].
            width: of the sources and of the targets with `<end>`, int [2]; None for the largest lengths.
        """
        source, target = self.lengths if width is None else width.tolist()
        return {
            "source": self.source[indices, :source],
            "length": self.length[indices],
            "target": self.target[indices, : target + 1],
        }


Opened = Mapping[str, Callable[[], EncodedPairs]]  # splits that are encoded at the first call


def read(options: Any, context: int, facts: PairFacts | None = None) -> Data:
    """Open a set of pairs, tokenize it, and divide it into batches.

    Batches contain `source`, int32 [batch, source], `length`, int32 [batch], and `target`, int32 [batch, target + 1].
    In training, their widths are those of a bucket of similar lengths; held-out batches have the largest lengths, and
    also contain `mask`, float32 [batch].

    A note counts the truncated pairs in the splits that are read: training and validation, or, with `facts`, test.

    Args:
        options: with `dataset`, `batch_size`, `seed`, `length_buckets`, `tokenizer`, `vocab_size` and
            `separate_tokenizers`.
        context: largest number of tokens of a source, and of a target with `<end>`.
        facts: facts of a trained model, whose tokenizer and lengths are used; by default they are those of the
            training split.

    Raises:
        DatasetError: the set or the tokenizer is missing or malformed.
    """
    found = open_pairs(options.dataset, ReadOptions.of(options))
    return _for_evaluation(found, facts, options) if facts else _for_training(found, options, context)


def _for_training(found: PairSet, options: Any, context: int) -> Data:
    split = found.splits["train"]
    tokenizer = _tokenizer(split, options)
    train = EncodedPairs(split, tokenizer, None, context=context)
    splits = _opened(found, tokenizer, train.lengths)
    validation = splits["validation"]()
    counts = {"training": (train.truncated, len(train)), "validation": (validation.truncated, len(validation))}
    # If no training pair is truncated, a larger context would not change the lengths.
    truncation.note(counts, "pairs", _limit(train.lengths), longest=train.longest if train.truncated else 0)
    facts = PairFacts(
        tokenizer=tokenizer.to_json(),
        vocabulary=len(tokenizer),
        max_source_length=train.lengths[0],
        max_target_length=train.lengths[1],
    )
    return _data(found, {**splits, "train": lambda: train}, options, facts)


def _tokenizer(train: Pairs, options: Any) -> Tokenizer:
    """Return the tokenizer of sources and targets, trained on both or read from a file; or one for each of the two."""
    if options.separate_tokenizers:
        return tokenizers.resolve_separate(options.tokenizer, options.vocab_size, train.sources, train.targets)
    return tokenizers.resolve(options.tokenizer, options.vocab_size, Documents((*train.sources, *train.targets)))


def _for_evaluation(found: PairSet, facts: PairFacts, options: Any) -> Data:
    lengths = facts.max_source_length, facts.max_target_length
    splits = _opened(found, facts.load(), lengths)

    @functools.cache
    def test() -> EncodedPairs:
        encoded = splits["test"]()
        truncation.note({"test": (encoded.truncated, len(encoded))}, "pairs", _limit(lengths))
        return encoded

    return _data(found, {**splits, "test": test}, options, facts)


def _opened(found: PairSet, tokenizer: Tokenizer, lengths: Lengths) -> dict[str, Callable[[], EncodedPairs]]:
    return {
        name: functools.cache(functools.partial(EncodedPairs, split, tokenizer, lengths))
        for name, split in found.splits.items()
    }


def _data(found: PairSet, splits: Opened, options: Any, facts: PairFacts) -> Data:
    return Data(
        train_from=functools.partial(_train_from, splits["train"], options),
        validation=HeldOut.of(splits["validation"], options.batch_size),
        test=HeldOut.of(splits["test"], options.batch_size),
        facts=facts,
        sizes=found.sizes,
        digest=found.splits["train"].digest,
        example=next(iter(found.splits["validation"].sources), ""),
        opened=found,
    )


def _limit(lengths: Lengths) -> str:
    return f"{lengths[0]:,} tokens per source and {lengths[1]:,} per target (with its end)"


def _train_from(
    open_train: Callable[[], EncodedPairs], options: Any, step: int, share: Share = WHOLE
) -> Iterator[Arrays]:
    train = open_train()
    order = LengthOrder(train.sizes, options.batch_size, options.seed, options.length_buckets)
    for number in range(step, STEPS):
        indices, width = order.at(number)
        yield train.at(share.of(indices), width)


def _padded(rows: Sequence[Sequence[int] | np.ndarray], length: int, padding: int) -> np.ndarray:
    """Return int32 [row, length]; longer rows are truncated."""
    table = np.full([len(rows), length], padding, np.int32)
    for number, row in enumerate(rows):
        table[number, : len(row)] = row[:length]
    return table
