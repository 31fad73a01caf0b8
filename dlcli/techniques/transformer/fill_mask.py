"""Predictions of the masked token of a text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np

from dlcli.artifacts import Prediction
from dlcli.errors import DatasetError
from dlcli.nn import functional
from dlcli.techniques.transformer.options import MASK
from dlcli.text_models.trained import TrainedTextModel


def fill_mask(model: TrainedTextModel, texts: Sequence[str], top: int) -> Iterator[Prediction]:
    """Yield the most probable tokens in the place of `MASK`, which each text contains once.

    A text of which the model cannot read the mask, because it is longer than the context, has a problem.
    """
    predict = model.once("fill mask", lambda: functional.jit(_log_probabilities, model.learner.network))
    assert model.context is not None  # an encoder has one
    generated = np.ones(len(model.tokenizer), bool)
    generated[[each for each in model.tokenizer.special.never_generated if each >= 0]] = False
    for text in texts:
        try:
            tokens, place = encode(model, text)
        except DatasetError as error:
            yield Prediction(text, problem=str(error))
            continue
        if place >= model.context:
            problem = f"{MASK} is token {place + 1:,} of the text, and the model reads {model.context:,}"
            yield Prediction(text, problem=problem)
            continue
        row = np.zeros([1, model.context], np.int32)
        read = tokens[: model.context]
        row[0, : len(read)] = read
        found = np.asarray(predict(row, np.array([len(read)], np.int32), np.array([[place]], np.int32)), np.float64)
        nats = np.where(generated, found[0, 0], -np.inf)
        best = np.argsort(-nats, kind="stable")[:top]
        pieces = model.tokenizer.pieces(best)
        yield Prediction(text, [(piece, float(np.exp(nats[each]))) for piece, each in zip(pieces, best, strict=True)])


def _log_probabilities(network: Any, *inputs: jax.Array) -> jax.Array:
    return jax.nn.log_softmax(network(*inputs))


def encode(model: TrainedTextModel, text: str) -> tuple[np.ndarray, int]:
    """Return the tokens of a text with the mask, int32 [token], and the position of the mask."""
    before, after = (model.encode(part) for part in text.split(MASK))
    return np.concatenate([before, [model.tokenizer.special.unknown], after]).astype(np.int32), len(before)
