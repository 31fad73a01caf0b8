"""Classifies texts with a recurrent network."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dlcli.artifacts import Prediction
from dlcli.nn import functional
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.rnn.learner import Learner
from dlcli.techniques.rnn.options import Predict
from dlcli.text_models import prediction
from dlcli.text_models.prediction import Answers
from dlcli.text_models.trained import TrainedTextModel

_BATCH = 64  # texts per batch


def predict(options: Predict, run: TrainedRun) -> Iterator[Prediction]:
    """Yield the most probable classes of each text in order; if a text cannot be tokenized, a problem instead.

    A text longer than those of training is truncated, with a notice.
    """
    model = TrainedTextModel.of(run, run.options.context)
    classify = run.once("classify", lambda: functional.jit(Learner.class_log_probabilities, model.learner))

    def answer(tokens: np.ndarray, lengths: np.ndarray) -> list[Answers]:
        found = np.asarray(classify(tokens, lengths))
        return prediction.rank_classes(found, model.learner.facts.classes, options.top)

    return prediction.predict(model, options.text, answer, limit=model.context, batch_size=_BATCH)
