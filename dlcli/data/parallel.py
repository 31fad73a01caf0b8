"""Pairs for a learner: what it must know of them, and batches of them."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from dlcli.data import pairs, tokenizers
from dlcli.data.columns import Reading
from dlcli.data.loader import STEPS, Order
from dlcli.data.pairs import Pairs
from dlcli.data.sequences import TextFacts
from dlcli.data.text import Documents
from dlcli.data.tokenizers import END, PADDING, START, Tokenizer
from dlcli.types import Batch, Data
from dlcli.warnings import warn

Time = Annotated[int, Field(ge=0, le=2**20)]


class PairFacts(TextFacts):
    """What a model must know of its pairs, beside the tokenizer of sources and targets.

    Attributes:
        source_time: tokens of a source at most.
        target_time: tokens of a target at most, `<end>` included.
    """

    source_time: Time = 0
    target_time: Time = 0


class Encoded:
    """The pairs of a split as tokens.

    Attributes:
        source: int32 [pair, source_time], padded.
        length: tokens of each source that count, int32 [pair].
        target: int32 [pair, target_time + 1], from `<start>` to `<end>`, padded.
        cut: pairs that were too long, and end where the time does.
    """

    def __init__(self, pairs: Pairs, tokenizer: Tokenizer, times: tuple[int, int], most: int = 0):
        """Encode a split.

        Args:
            pairs: of the split.
            tokenizer: of sources and targets.
            times: source_time and target_time; 0 stands for the longest text's, which `most` bounds.
            most: tokens of a text, where a time is 0.
        """
        sources, targets = (list(tokenizer.encode_all(texts)) for texts in (pairs.sources, pairs.targets))
        source_time = times[0] or min(most, max(map(len, sources)))
        target_time = times[1] or min(most, max(map(len, targets)) + 1)
        self.source = _padded(sources, source_time)
        self.length = np.array([min(len(each), source_time) for each in sources], np.int32)
        self.target = _padded([[START, *each, END] for each in targets], target_time + 1)
        self.cut = sum(
            len(source) > source_time or len(target) >= target_time + 1
            for source, target in zip(sources, targets, strict=True)
        )

    def __len__(self) -> int:
        return len(self.length)

    def at(self, places: np.ndarray) -> dict[str, np.ndarray]:
        """Return the batch of the pairs at these places."""
        return {"source": self.source[places], "length": self.length[places], "target": self.target[places]}


class HeldOut:
    """The batches of a held-out split in order; `mask` float32 [batch] says 0 for what only fills up the last."""

    def __init__(self, pairs: Pairs, tokenizer: Tokenizer, times: tuple[int, int], batch_size: int):
        self.encode, self.batch_size = functools.partial(Encoded, pairs, tokenizer, times), batch_size

    @functools.cached_property
    def _pairs(self) -> Encoded:
        return self.encode()

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, len(self._pairs), self.batch_size):
            places = np.arange(start, start + self.batch_size)
            mask = (places < len(self._pairs)).astype(np.float32)
            # What fills up is a pair that counts for nothing: an attention must see something.
            yield {**self._pairs.at(np.minimum(places, len(self._pairs) - 1)), "mask": mask}


def read(options: Any, most: int, facts: PairFacts | None = None) -> Data:
    """Open a set of pairs, cut it into tokens, and divide it into batches.

    Batches hold `source` int32 [batch, source_time], `length` int32 [batch] and `target` int32
    [batch, target_time + 1]; held-out ones also `mask` float32 [batch]. Texts longer than `most`
    tokens are cut there, which a note counts.

    Args:
        options: with `dataset`, `batch_size`, `seed`, `tokenizer` and `vocabulary`.
        most: tokens of a text.
        facts: of a trained model, whose tokenizer and times are taken; without, they are the training data's.

    Raises:
        DatasetError: the set or the tokenizer is missing, or something in it is wrong.
    """
    found = pairs.open(options.dataset, Reading.of(options))
    parts = found.splits
    chosen = _tokenizer(options, parts["train"], facts)
    times = (facts.source_time, facts.target_time) if facts else (0, 0)
    train = Encoded(parts["train"], chosen, times, most)
    if train.cut:
        warn(f"{train.cut:,} of {len(train):,} pairs are longer than {most} tokens and end there: --context is more")
    times = (train.source.shape[1], train.target.shape[1] - 1)
    held_out = {name: HeldOut(part, chosen, times, options.batch_size) for name, part in parts.items()}
    told = facts or PairFacts(
        tokenizer=chosen.to_json(), vocabulary=len(chosen), source_time=times[0], target_time=times[1]
    )
    return Data(
        train_from=functools.partial(_train_from, train, Order(len(train), options.batch_size, options.seed)),
        validation=held_out["validation"],
        test=held_out["test"],
        facts=told,
        sizes=found.sizes,
        digest=parts["train"].digest,
    )


def _tokenizer(options: Any, train: Pairs, facts: PairFacts | None) -> Tokenizer:
    if facts is not None:
        return facts.load()
    return tokenizers.resolve(options.tokenizer, options.vocabulary, Documents((*train.sources, *train.targets)))


def _train_from(train: Encoded, order: Order, step: int) -> Iterator[Batch]:
    for number in range(step, STEPS):
        yield train.at(order.at(number))


def _padded(rows: Sequence[Sequence[int]], time: int) -> np.ndarray:
    """Return int32 [row, time]; what is too long is cut."""
    table = np.full([len(rows), time], PADDING, np.int32)
    for place, row in enumerate(rows):
        table[place, : len(row)] = row[:time]
    return table
