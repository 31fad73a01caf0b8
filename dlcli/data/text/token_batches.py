"""Batches of tokens for language models: random windows, or rows that continue from batch to batch.

If a set has no test split, `test` is its validation split (`TextSet.test_split`). The test split is tokenized when it
is iterated, so that `sizes` has no entry for it.

Batches depend on the seed and the step alone: windows are drawn from (seed, step), rows are shifted by (seed, epoch).
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator

import numpy as np

from dlcli.data.held_out import Arrays, HeldOut, in_order
from dlcli.data.order import STEPS
from dlcli.data.text import token_streams
from dlcli.data.text.facts import TextFacts
from dlcli.data.text.sets import TextSet
from dlcli.data.text.token_streams import Stream
from dlcli.data.text.tokenizer import Tokenizer
from dlcli.data.text.tokenizers import PADDING
from dlcli.errors import DatasetError
from dlcli.interface import WHOLE, Data, Share, TrainFrom

Cut = Callable[[Stream, int, int, int], Iterator[Arrays]]  # a stream in batches, by batch size, context and examples
_MIN_TOKENS = 4_096  # of a held-out batch of windows: small batches leave the cores idle


def windows(texts: TextSet, tokenizer: Tokenizer, *, batch_size: int, context: int, seed: int) -> Data:
    """Return windows of text at random places, for models without a state.

    Batches contain `tokens`, int32 [batch, context + 1]: inputs are all but the last token, targets all but the first.
    Held-out windows are adjacent, so that each token is a target once; their batches also contain `mask`, float32
    [batch, context]: 1 for a target, 0 for padding. `sizes` counts windows.

    Raises:
        DatasetError: the training text is shorter than a window.
    """
    train = token_streams.stream(texts, "train", tokenizer)
    if train.targets < context:
        raise _too_short(texts, train, context)
    train_from = functools.partial(_train_windows, train, batch_size, context, seed)
    # A multiple, so that the devices divide it too.
    held_out = batch_size * -(-_MIN_TOKENS // (batch_size * context))
    return _data(texts, tokenizer, train_from, train.targets // context, _adjacent_windows, (held_out, context))


def rows(texts: TextSet, tokenizer: Tokenizer, *, batch_size: int, context: int, seed: int) -> Data:
    """Return rows of text that continue from batch to batch, for models that carry a state (truncated BPTT).

    Row r of a batch continues where row r of the previous batch stopped. Batches contain `tokens`, int32
    [batch, context + 1], and `restart`, bool [batch]: True where a row starts at a new place, so that the carried
    state must be reset. In training that is the first batch of each epoch; an epoch is shifted by a random number of
    tokens below `context`. Held-out batches also contain `mask`, float32 [batch, context]: each token is a target once.

    Raises:
        DatasetError: the training text is shorter than a batch.
    """
    train = token_streams.stream(texts, "train", tokenizer)
    segments = _segments(train, batch_size, context)
    if segments < 1:
        raise _too_short(texts, train, (batch_size + 1) * context)
    train_from = functools.partial(_train_rows, train, batch_size, context, seed)
    return _data(texts, tokenizer, train_from, segments * batch_size, _continued_rows, (batch_size, context))


def digest(texts: TextSet, tokenizer: Tokenizer) -> str:
    """Return what identifies the training texts and their tokens."""
    return hashlib.sha256(f"{texts.digest}\n{tokenizer.digest}".encode()).hexdigest()


def _data(
    texts: TextSet,
    tokenizer: Tokenizer,
    train_from: TrainFrom,
    examples: int,
    cut: Cut,
    shape: tuple[int, int],
) -> Data:
    batch_size, context = shape
    validation = token_streams.stream(texts, "validation", tokenizer)
    if validation.targets < 1:
        raise DatasetError(f"the validation split of {texts.name} must contain at least one token, and is empty")
    test = functools.partial(token_streams.stream, texts, texts.test_split, tokenizer)
    return Data(
        train_from=train_from,
        validation=HeldOut.whole(lambda examples: cut(validation, *shape, examples), batch_size),
        test=HeldOut.whole(lambda examples: cut(test(), *shape, examples), batch_size),
        facts=TextFacts(tokenizer=tokenizer.to_json(), vocabulary=len(tokenizer)),
        sizes={"train": examples, "validation": -(-validation.targets // context)},
        digest=digest(texts, tokenizer),
        example=texts.example,
        test_split=texts.test_split,
        opened=texts,
    )


def _train_windows(
    stream: Stream, batch_size: int, context: int, seed: int, first: int, share: Share = WHOLE
) -> Iterator[Arrays]:
    offsets = np.arange(context + 1)
    for step in range(first, STEPS):
        starts = share.of(np.random.default_rng([seed, step]).integers(len(stream) - context, size=batch_size))
        yield {"tokens": stream.ids[starts[:, None] + offsets].astype(np.int32)}


def _train_rows(
    stream: Stream, batch_size: int, context: int, seed: int, first: int, share: Share = WHOLE
) -> Iterator[Arrays]:
    segments, offsets = _segments(stream, batch_size, context), np.arange(context + 1)
    for step in range(first, STEPS):
        epoch, segment = divmod(step, segments)
        shift = int(np.random.default_rng([seed, epoch]).integers(context))
        row = (stream.targets - shift) // batch_size
        starts = shift + share.of(np.arange(batch_size)) * row + segment * context
        tokens = stream.ids[starts[:, None] + offsets].astype(np.int32)
        yield {"tokens": tokens, "restart": np.full(len(starts), segment == 0)}


def _segments(stream: Stream, batch_size: int, context: int) -> int:
    """Return the number of batches of rows in an epoch, whatever its shift."""
    return (len(stream) - context) // (batch_size * context)


def _adjacent_windows(stream: Stream, batch_size: int, context: int, examples: int) -> Iterator[Arrays]:
    count, ends = -(-stream.targets // context), np.full(batch_size, stream.targets)
    for numbers in in_order(count, batch_size, examples):
        filled = np.append(numbers, np.full(batch_size - len(numbers), count))  # window `count` is empty
        yield _window(stream, filled * context, ends, context)


def _continued_rows(stream: Stream, batch_size: int, context: int, examples: int) -> Iterator[Arrays]:
    row = -(-stream.targets // batch_size)
    starts, ends = np.arange(batch_size) * row, np.minimum(np.arange(1, batch_size + 1) * row, stream.targets)
    # A part is the beginning of each row, since a state carries over: the rows start evenly spread over the stream.
    steps = -(-row // context)
    for step in range(min(steps, -(-examples // batch_size)) if examples else steps):
        window = _window(stream, starts + step * context, ends, context)
        yield {**window, "restart": np.full(batch_size, step == 0)}


def _window(stream: Stream, starts: np.ndarray, ends: np.ndarray, context: int) -> dict[str, np.ndarray]:
    """Return the tokens from `starts` up to the last targets at `ends`, padded, with their mask."""
    places = starts[:, None] + np.arange(context + 1)
    inside = places <= ends[:, None]
    tokens = stream.ids[np.minimum(places, stream.targets)].astype(np.int32)
    return {"tokens": np.where(inside, tokens, np.int32(PADDING)), "mask": inside[:, 1:].astype(np.float32)}


def _too_short(texts: TextSet, train: Stream, least: int) -> DatasetError:
    return DatasetError(
        f"the training split of {texts.name} must have at least {least:,} tokens, and has {train.targets:,}",
        hint="a smaller --context or --batch-size needs fewer",
    )
