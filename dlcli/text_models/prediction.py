"""Predictions for texts, in batches of one shape."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from dlcli.artifacts import Prediction, Truncation
from dlcli.errors import DatasetError
from dlcli.notices import warn
from dlcli.text_models.trained import TrainedTextModel

Answers = list[tuple[str, float, float]]  # an answer, its score (or probability), its log-probability


def predict(
    model: TrainedTextModel,
    texts: Sequence[str],
    answer: Callable[[np.ndarray, np.ndarray], list[Answers]],
    *,
    limit: int,
    batch_size: int,
    measure: str = "probability",
) -> Iterator[Prediction]:
    """Yield a prediction for each text in order; if a text cannot be tokenized, its prediction has a problem.

    A text of more tokens than `limit` is truncated, with a notice.

    Args:
        model: with the tokenizer of the texts.
        texts: the inputs.
        answer: maps tokens, int32 [batch, limit], and lengths, int32 [batch], to the answers of each row, best first.
        limit: maximum number of tokens of a text.
        batch_size: texts per batch.
        measure: meaning of an answer's number, as in `Prediction`.
    """
    for batch in batches(model, texts, limit=limit, batch_size=batch_size):
        found = zip(batch.texts, batch.problems, batch.truncated, answer(batch.tokens, batch.lengths), strict=False)
        for text, problem, truncated, answers in found:
            if problem:
                yield Prediction(text, problem=problem)
                continue
            ranked = [(answer, number) for answer, number, _ in answers]
            log_probabilities = [each for *_, each in answers] if measure == "score" else []
            yield Prediction(text, ranked, measure=measure, truncated=truncated, log_probabilities=log_probabilities)


@dataclasses.dataclass(frozen=True, eq=False)
class Batch:
    """Texts as a network reads them.

    Attributes:
        texts: the inputs, at most as many as rows.
        problems: why a text has no tokens; None if it has.
        truncated: set for a text that is longer than the limit.
        tokens: int32 [batch, limit], padded.
        lengths: tokens of each row, int32 [batch], at least 1.
    """

    texts: Sequence[str]
    problems: Sequence[str | None]
    truncated: Sequence[Truncation | None]
    tokens: np.ndarray
    lengths: np.ndarray


def batches(model: TrainedTextModel, texts: Sequence[str], *, limit: int, batch_size: int) -> Iterator[Batch]:
    """Yield texts in batches of one shape; a text of more tokens than `limit` is truncated, with a notice."""
    most = limit - len(model.framed(np.zeros(0, np.int32), limit))
    for start in range(0, len(texts), batch_size):
        batch = texts[start : start + batch_size]
        encoded = [_encode(model, text) for text in batch]
        rows, lengths = np.zeros([batch_size, limit], np.int32), np.ones([batch_size], np.int32)
        truncated: list[Truncation | None] = [None] * len(batch)
        for row, tokens in enumerate(encoded):
            if isinstance(tokens, str):
                continue
            framed = model.framed(tokens, limit)
            lengths[row], rows[row, : len(framed)] = len(framed), framed
            if len(tokens) > most:
                truncated[row] = Truncation(len(tokens), most)
                warn(Truncation(len(tokens), most).note(batch[row]))
        problems = [tokens if isinstance(tokens, str) else None for tokens in encoded]
        yield Batch(batch, problems, truncated, rows, lengths)


def rank_classes(log_probabilities: np.ndarray, classes: Sequence[str], top: int) -> list[Answers]:
    """Return the `top` most probable classes of each row of log-probabilities, [batch, class]."""
    nats = np.asarray(log_probabilities, np.float64)
    ranked = np.argsort(-nats, axis=-1, kind="stable")[:, :top]
    return [
        [(classes[index], float(np.exp(row[index])), float(row[index])) for index in indices]
        for row, indices in zip(nats, ranked, strict=True)
    ]


def _encode(model: TrainedTextModel, text: str) -> np.ndarray | str:
    """Return the tokens of a text, or the reason why it has none."""
    try:
        return model.encode_nonempty(text)
    except DatasetError as error:
        return str(error)
