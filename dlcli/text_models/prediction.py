"""Predictions for texts, in batches of one shape."""

from __future__ import annotations

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
    for start in range(0, len(texts), batch_size):
        batch = texts[start : start + batch_size]
        encoded = [_encode(model, text) for text in batch]
        rows, lengths = np.zeros([batch_size, limit], np.int32), np.ones([batch_size], np.int32)
        for row, tokens in enumerate(encoded):
            if isinstance(tokens, np.ndarray):
                framed = model.framed(tokens, limit)
                lengths[row] = len(framed)
                rows[row, : lengths[row]] = framed
        for text, tokens, answers in zip(batch, encoded, answer(rows, lengths), strict=False):
            if isinstance(tokens, str):
                yield Prediction(text, problem=tokens)
                continue
            most = limit - len(model.framed(tokens[:0], limit))
            truncated = Truncation(len(tokens), most) if len(tokens) > most else None
            if truncated:
                warn(truncated.note(text))
            ranked = [(answer, number) for answer, number, _ in answers]
            log_probabilities = [each for *_, each in answers] if measure == "score" else []
            yield Prediction(text, ranked, measure=measure, truncated=truncated, log_probabilities=log_probabilities)


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
