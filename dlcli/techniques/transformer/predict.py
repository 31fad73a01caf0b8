"""Classifies texts with an encoder, or translates them with an encoder-decoder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from dlcli.artifacts import Prediction, Vector
from dlcli.nn import functional
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.transformer import embedding
from dlcli.techniques.transformer.fill_mask import fill_mask
from dlcli.techniques.transformer.options import Predict
from dlcli.techniques.transformer.translation import translator
from dlcli.text_models import prediction
from dlcli.text_models.prediction import Answers
from dlcli.text_models.trained import TrainedTextModel

_BATCH = 16  # texts per batch


def predict(options: Predict, run: TrainedRun) -> Iterator[Prediction | Vector]:
    """Yield a prediction, or with `--embed` a vector, for each text in order; of one without tokens, a problem.

    An encoder's answers are classes, or tokens in the place of a mask, with probabilities; an encoder-decoder's are
    texts with the scores of `dlcli.nn.beam_search`, by which they are ranked, and their log-probabilities. A text
    longer than those of training is truncated, with a notice.
    """
    model = TrainedTextModel.of(run, run.options.context)
    if options.nearest:
        return embedding.nearest(model, options.text, options.nearest, options.top)
    if options.embed:
        return embedding.embed(model, options.text)
    if model.learner.task == "mask":
        return fill_mask(model, options.text, options.top)
    predicted = _classes if model.learner.shape == "encoder" else _targets
    return predicted(model, options)


def _classes(model: TrainedTextModel, options: Predict) -> Iterator[Prediction]:
    classify = model.once("classify", lambda: functional.jit(_log_probabilities, model.learner.network))

    def answer(tokens: np.ndarray, lengths: np.ndarray) -> list[Answers]:
        found = np.asarray(classify(tokens, lengths))
        return prediction.rank_classes(found, model.learner.facts.classes, options.top)

    return prediction.predict(model, options.text, answer, limit=model.context, batch_size=_BATCH)


def _log_probabilities(network: Any, tokens: jax.Array, lengths: jax.Array) -> jax.Array:
    return jax.nn.log_softmax(network(tokens, lengths))


def _targets(model: TrainedTextModel, options: Predict) -> Iterator[Prediction]:
    facts = model.learner.facts
    translate = model.once(
        ("translate", options.beams, options.length_penalty),
        lambda: translator(model.learner.network, facts.max_target_length, options.beams, options.length_penalty),
    )

    def answer(sources: np.ndarray, lengths: np.ndarray) -> list[Answers]:
        tokens, log_probabilities, scores = map(np.asarray, translate(sources, lengths))
        # In the order of the beam search: the first answer is the one that evaluation measures.
        return [
            [
                (model.tokenizer.decode(tokens[row, beam]), float(scores[row, beam]), float(nats[beam]))
                for beam in range(min(options.top, options.beams))
                if np.isfinite(nats[beam])
            ]
            for row, nats in enumerate(log_probabilities)
        ]

    limit = facts.max_source_length
    return prediction.predict(model, options.text, answer, limit=limit, batch_size=_BATCH, measure="score")
