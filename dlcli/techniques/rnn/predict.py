"""Classifies texts with a recurrent network."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import numpy as np
from flax import nnx

from dlcli.artifacts import Prediction
from dlcli.techniques.rnn.options import Predict
from dlcli.techniques.rnn.trained import load_classifier
from dlcli.text_models import prediction
from dlcli.text_models.prediction import Answers

_BATCH = 64  # texts per batch


def predict(options: Predict) -> Iterator[Prediction]:
    """Yield the most probable classes of each text in order; if a text cannot be tokenized, a problem instead.

    A text longer than those of training is truncated, with a notice.
    """
    model = load_classifier(options.run, options.use)
    graph, state = nnx.split(model.learner)
    classify = jax.jit(lambda state, *texts: nnx.merge(graph, state).class_log_probabilities(*texts))

    def answer(tokens: np.ndarray, lengths: np.ndarray) -> list[Answers]:
        found = np.asarray(classify(state, tokens, lengths))
        return prediction.rank_classes(found, model.learner.facts.classes, options.top)

    return prediction.predict(model, options.text, answer, limit=model.context, batch_size=_BATCH)
