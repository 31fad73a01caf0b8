"""Token sequences for a learner: windows and rows for language models, whole texts for classifiers.

Where a set has no test part, `test` is its validation part, and `TextSet.measured` says so. The tokens of `test` are
made when it is iterated, so that `sizes` has no entry for it in a language model's data.

All is a function of the seed and the step: window starts are drawn from (seed, step), rows are shifted by (seed,
epoch), texts come in a permutation seeded by (seed, epoch).
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from dlcli.data import labels
from dlcli.data.order import STEPS, Order
from dlcli.data.problems import few_examples, one_class, refuse
from dlcli.data.text import token_streams, tokenizers, truncation, vocabularies
from dlcli.data.text.sets import TextSet
from dlcli.data.text.token_streams import Stream
from dlcli.data.text.tokenizers import PADDING, UNKNOWN, Tokenizer
from dlcli.errors import DatasetError
from dlcli.interface import Batch, Data, Facts
from dlcli.notices import warn


class TextFacts(Facts):
    """What a model must know of its text.

    Attributes:
        tokenizer: its JSON.
        vocabulary: entries of the tokenizer.
        classes: their names, in the order of the labels; empty for a language model.
    """

    tokenizer: str
    vocabulary: Annotated[int, Field(ge=1, le=vocabularies.LARGEST)]
    classes: Annotated[tuple[Annotated[str, Field(max_length=255)], ...], Field(max_length=2**16)] = ()

    @model_validator(mode="after")
    def _a_tokenizer_of_that_size(self) -> TextFacts:
        if (found := len(tokenizers.from_json(self.tokenizer))) != self.vocabulary:
            raise ValueError(f"the tokenizer must have {self.vocabulary} entries, found {found}")
        return self

    def load(self) -> Tokenizer:
        """Return the tokenizer."""
        return tokenizers.from_json(self.tokenizer)


def windows(texts: TextSet, tokenizer: Tokenizer, *, batch_size: int, time: int, seed: int) -> Data:
    """Return windows of text at random places, for models that see each by itself.

    Batches hold `tokens`, int32 [batch, time + 1]: inputs are all but the last, targets all but the first. Held-out
    ones lie end to end, so that each token is a target once, and have `mask`, float32 [batch, time]: 1 for a target,
    0 where there is none. An example in `sizes` is a window's worth of tokens.

    Raises:
        DatasetError: training has less than a window of text.
    """
    train = token_streams.stream(texts, "train", tokenizer)
    if train.targets < time:
        raise _too_short(texts, train, time)
    return _language(
        texts,
        tokenizer,
        functools.partial(_train_windows, train, batch_size, time, seed),
        train.targets // time,
        lambda stream: HeldOut(stream, batch_size, time, carried=False),
    )


def rows(texts: TextSet, tokenizer: Tokenizer, *, batch_size: int, time: int, seed: int) -> Data:
    """Return text that goes on from batch to batch, for models that carry a state (truncated backpropagation).

    Row r of a batch reads on where row r of the one before stopped. Batches hold `tokens`, int32 [batch, time + 1],
    and `restart`, bool [batch]: True where a row begins at a new place, so that what is carried must be zeroed. In
    training that is the first batch of an epoch, which is shifted by less than a batch's length for each epoch.
    Held-out batches have `mask`, float32 [batch, time], in addition: each token is a target once.

    Raises:
        DatasetError: training has less text than one batch takes.
    """
    train = token_streams.stream(texts, "train", tokenizer)
    segments = (len(train) - time) // (batch_size * time)
    if segments < 1:
        raise _too_short(texts, train, (batch_size + 1) * time)
    return _language(
        texts,
        tokenizer,
        functools.partial(_train_rows, train, batch_size, time, seed),
        segments * batch_size,
        lambda stream: HeldOut(stream, batch_size, time, carried=True),
    )


def classification(
    texts: TextSet, tokenizer: Tokenizer, *, batch_size: int, time: int, seed: int, trained: bool = False
) -> Data:
    """Return texts with their classes; for a model that is `trained`, what is not measured stays closed.

    A note counts the texts that are cut in what is read: in training and validation, or, of a trained model, in the
    split that is measured.

    Batches hold `tokens`, int32 [batch, time], cut at `time` and filled up with padding; `length`, int32 [batch], at
    least 1: a text without a token is one unknown; and `label`, int32 [batch]. Held-out ones also have `mask`,
    float32 [batch]: 1 for a text, 0 for what fills up the last batch.

    Raises:
        DatasetError: the set has no labels, or too few texts of a class.
    """
    if not texts.classes:
        raise DatasetError(f"{texts.name} must have labels to be classified, and has none")
    refuse(texts.name, one_class(texts.classes) or few_examples(texts.classes, texts.counts("train")))
    for problem in labels.problems(texts.labels):
        warn(problem.message)
    parts = {
        name: functools.cache(functools.partial(_Labelled, texts, name, tokenizer, time))
        for name in ("train", "validation", texts.measured)
    }
    if not trained:
        read = {"training": parts["train"](), "validation": parts["validation"]()}
        longest = max(int(split.lengths.max()) for split in read.values())
        truncation.note(_cut(read), "texts", f"{time:,} tokens", longest=longest)
    return Data(
        train_from=functools.partial(_train_texts, parts["train"], batch_size, seed),
        validation=_LabelledBatches(parts["validation"], batch_size),
        test=_LabelledBatches(parts[texts.measured], batch_size, noted=texts.measured if trained else ""),
        facts=TextFacts(tokenizer=tokenizer.to_json(), vocabulary=len(tokenizer), classes=texts.classes),
        sizes=texts.sizes,
        digest=_digest(texts, tokenizer),
        example=texts.example,
        test_split=texts.measured,
    )


class HeldOut:
    """All of a stream, in batches of one shape.

    Without a carried state, windows lie end to end and a batch holds neighbours. With one, the stream is cut into as
    many rows as a batch has, which are read side by side.
    """

    def __init__(self, stream: Stream, batch_size: int, time: int, *, carried: bool):
        self.stream, self.batch_size, self.time, self.carried = stream, batch_size, time, carried
        self.row = -(-stream.targets // batch_size)  # targets of a row, where they are carried

    def __len__(self) -> int:
        return -(-self.row // self.time) if self.carried else -(-self.stream.targets // (self.batch_size * self.time))

    def __iter__(self) -> Iterator[Batch]:
        numbers, last = np.arange(self.batch_size), self.stream.targets
        for step in range(len(self)):
            if self.carried:
                starts, ends = numbers * self.row + step * self.time, np.minimum((numbers + 1) * self.row, last)
                yield {**self._at(starts, ends), "restart": np.full(self.batch_size, step == 0)}
            else:
                yield self._at((step * self.batch_size + numbers) * self.time, np.full(self.batch_size, last))

    def _at(self, starts: np.ndarray, ends: np.ndarray) -> Batch:
        """Return the tokens from `starts` on; the last target of a row is at its place in `ends`."""
        places = starts[:, None] + np.arange(self.time + 1)
        there = places <= ends[:, None]
        found = self.stream.ids[np.minimum(places, self.stream.targets)].astype(np.int32)
        return {"tokens": np.where(there, found, np.int32(PADDING)), "mask": there[:, 1:].astype(np.float32)}


def _language(
    texts: TextSet,
    tokenizer: Tokenizer,
    train_from: Callable[[int], Iterator[Batch]],
    examples: int,
    held_out: Callable[[Stream], HeldOut],
) -> Data:
    validation = token_streams.stream(texts, "validation", tokenizer)
    if validation.targets < 1:
        raise DatasetError(f"the validation part of {texts.name} must have a token or more, and has none")
    batches = held_out(validation)
    return Data(
        train_from=train_from,
        validation=batches,
        test=_Late(lambda: held_out(token_streams.stream(texts, texts.measured, tokenizer))),
        facts=TextFacts(tokenizer=tokenizer.to_json(), vocabulary=len(tokenizer)),
        sizes={"train": examples, "validation": -(-validation.targets // batches.time)},
        digest=_digest(texts, tokenizer),
        example=texts.example,
        test_split=texts.measured,
    )


class _Late:
    """Batches of what is opened when they are asked for."""

    def __init__(self, batches: Callable[[], HeldOut]):
        self.batches = batches

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.batches())


def _train_windows(stream: Stream, batch_size: int, time: int, seed: int, first: int) -> Iterator[Batch]:
    along = np.arange(time + 1)
    for step in range(first, STEPS):
        starts = np.random.default_rng([seed, step]).integers(len(stream) - time, size=batch_size)
        yield {"tokens": stream.ids[starts[:, None] + along].astype(np.int32)}


def _train_rows(stream: Stream, batch_size: int, time: int, seed: int, first: int) -> Iterator[Batch]:
    segments, along = (len(stream) - time) // (batch_size * time), np.arange(time + 1)
    for step in range(first, STEPS):
        epoch, segment = divmod(step, segments)
        shift = int(np.random.default_rng([seed, epoch]).integers(time))
        row = (stream.targets - shift) // batch_size
        starts = shift + np.arange(batch_size) * row + segment * time
        found = stream.ids[starts[:, None] + along].astype(np.int32)
        yield {"tokens": found, "restart": np.full(batch_size, segment == 0)}


class _Labelled:
    """The texts of a split as arrays."""

    def __init__(self, texts: TextSet, split: str, tokenizer: Tokenizer, time: int):
        self.stream, self.labels, self.time = (
            token_streams.stream(texts, split, tokenizer),
            texts.splits[split].labels,
            time,
        )
        self.starts, self.lengths = self.stream.documents()

    def __len__(self) -> int:
        return len(self.starts)

    def at(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        """Return the batch of these texts."""
        lengths = np.minimum(self.lengths[indices], self.time)
        along = np.arange(self.time)
        places = np.minimum(self.starts[indices][:, None] + along, self.stream.targets)
        found = np.where(along < lengths[:, None], self.stream.ids[places], PADDING).astype(np.int32)
        found[lengths == 0, 0] = UNKNOWN
        return {"tokens": found, "length": np.maximum(lengths, 1).astype(np.int32), "label": self.labels[indices]}


def _cut(read: Mapping[str, _Labelled]) -> dict[str, truncation.Count]:
    return {name: (int((split.lengths > split.time).sum()), len(split)) for name, split in read.items()}


class _LabelledBatches:
    """The texts of a held-out split in their own order; it is opened when first iterated.

    Those that are cut are noted under the name of the split that is `noted`.
    """

    def __init__(self, open_split: Callable[[], _Labelled], batch_size: int, *, noted: str = ""):
        self.open_split, self.batch_size, self.noted = open_split, batch_size, noted

    def __iter__(self) -> Iterator[Batch]:
        split = self.open_split()
        if self.noted:
            truncation.note(_cut({self.noted: split}), "texts", f"{split.time:,} tokens")
        for start in range(0, len(split), self.batch_size):
            indices = np.arange(start, start + self.batch_size)
            batch = split.at(np.minimum(indices, len(split) - 1))
            yield {**batch, "mask": (indices < len(split)).astype(np.float32)}


def _train_texts(open_split: Callable[[], _Labelled], batch_size: int, seed: int, first: int) -> Iterator[Batch]:
    split = open_split()
    order = Order(len(split), batch_size, seed)
    for step in range(first, STEPS):
        yield split.at(order.at(step))


def _digest(texts: TextSet, tokenizer: Tokenizer) -> str:
    return hashlib.sha256(f"{texts.digest}\n{tokenizer.digest}".encode()).hexdigest()


def _too_short(texts: TextSet, train: Stream, least: int) -> DatasetError:
    return DatasetError(
        f"the training part of {texts.name} must have {least:,} tokens or more, and has {train.targets:,}",
        hint="a smaller --context or --batch-size needs less",
    )
