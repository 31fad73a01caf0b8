"""Pairs for a learner: what it must know of them, and batches of them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from dlcli.data.held_out import HeldOut
from dlcli.data.order import STEPS, Order
from dlcli.data.text import pairs, tokenizers, truncation
from dlcli.data.text.columns import Reading
from dlcli.data.text.pairs import Pairs, PairSet
from dlcli.data.text.sets import Documents
from dlcli.data.text.token_batches import TextFacts
from dlcli.data.text.tokenizers import END, PADDING, START, Tokenizer
from dlcli.interface import Batch, Data, Facts

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
        longest: tokens of the longest source, or of the longest target with its end.
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
        lengths = [(len(source), len(target) + 1) for source, target in zip(sources, targets, strict=True)]
        self.cut = sum(source > source_time or target > target_time for source, target in lengths)
        self.longest = max(map(max, lengths), default=0)

    def __len__(self) -> int:
        return len(self.length)

    def at(self, places: np.ndarray) -> dict[str, np.ndarray]:
        """Return the batch of the pairs at these places."""
        return {"source": self.source[places], "length": self.length[places], "target": self.target[places]}


def read(options: Any, most: int, facts: PairFacts | None = None) -> Data:
    """Open a set of pairs, cut it into tokens, and divide it into batches.

    Batches hold `source` int32 [batch, source_time], `length` int32 [batch] and `target` int32
    [batch, target_time + 1]; held-out ones also `mask` float32 [batch]. Texts longer than `most`
    tokens are cut there. A note counts them in what is read: in training and validation, or, of a
    trained model, in test.

    Args:
        options: with `dataset`, `batch_size`, `seed`, `tokenizer` and `vocabulary`.
        most: tokens of a text.
        facts: of a trained model, whose tokenizer and times are taken; without, they are the training data's.

    Raises:
        DatasetError: the set or the tokenizer is missing, or something in it is wrong.
    """
    found = pairs.open(options.dataset, Reading.of(options))
    opened = _trained(found, facts, options) if facts else _untrained(found, options, most)
    example = next(iter(found.splits["validation"].sources), "")
    return dataclasses.replace(opened, sizes=found.sizes, digest=found.splits["train"].digest, example=example)


def _untrained(found: PairSet, options: Any, most: int) -> Data:
    parts = found.splits
    train_texts = Documents((*parts["train"].sources, *parts["train"].targets))
    tokenizer = tokenizers.resolve(options.tokenizer, options.vocabulary, train_texts)
    train = Encoded(parts["train"], tokenizer, (0, 0), most)
    times = (train.source.shape[1], train.target.shape[1] - 1)
    held_out = _held_out(found, tokenizer, times)
    data = _data(held_out, options, lambda: train)
    validation = held_out["validation"]()
    counts = {"training": (train.cut, len(train)), "validation": (validation.cut, len(validation))}
    # A larger context changes nothing where no training text reached it.
    longest = train.longest if train.cut else 0
    truncation.note(counts, "pairs", _limit(times), longest=longest)
    facts = PairFacts(
        tokenizer=tokenizer.to_json(), vocabulary=len(tokenizer), source_time=times[0], target_time=times[1]
    )
    return dataclasses.replace(data, facts=facts)


def _trained(found: PairSet, facts: PairFacts, options: Any) -> Data:
    tokenizer, times = facts.load(), (facts.source_time, facts.target_time)
    train = functools.partial(Encoded, found.splits["train"], tokenizer, times)
    held_out = _held_out(found, tokenizer, times)

    @functools.cache
    def test() -> Encoded:
        pairs = held_out["test"]()
        truncation.note({"test": (pairs.cut, len(pairs))}, "pairs", _limit(times))
        return pairs

    return dataclasses.replace(_data({**held_out, "test": test}, options, train), facts=facts)


def _held_out(found: PairSet, tokenizer: Tokenizer, times: tuple[int, int]) -> dict[str, Callable[[], Encoded]]:
    """Return a function for each held-out split that encodes it, at the first call."""
    return {
        name: functools.cache(functools.partial(Encoded, found.splits[name], tokenizer, times))
        for name in ("validation", "test")
    }


def _data(held_out: Mapping[str, Callable[[], Encoded]], options: Any, train: Callable[[], Encoded]) -> Data:
    """Return the batches, without facts, sizes and digest; `train` opens the training part."""
    return Data(
        train_from=functools.partial(_train_from, train, options),
        validation=HeldOut.of(held_out["validation"], options.batch_size),
        test=HeldOut.of(held_out["test"], options.batch_size),
        facts=Facts(),
        sizes={},
        digest="",
    )


def _limit(times: tuple[int, int]) -> str:
    return f"{times[0]:,} tokens of a source and {times[1]:,} of a target with its end"


def _train_from(open_train: Callable[[], Encoded], options: Any, step: int) -> Iterator[Batch]:
    train = open_train()
    order = Order(len(train), options.batch_size, options.seed)
    for number in range(step, STEPS):
        yield train.at(order.at(number))


def _padded(rows: Sequence[Sequence[int]], time: int) -> np.ndarray:
    """Return int32 [row, time]; what is too long is cut."""
    table = np.full([len(rows), time], PADDING, np.int32)
    for place, row in enumerate(rows):
        table[place, : len(row)] = row[:time]
    return table
