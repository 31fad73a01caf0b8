"""Predicts the class or the value of rows of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from dlcli.artifacts import Prediction
from dlcli.data.tabular import rows
from dlcli.data.tabular.rows import Row
from dlcli.nn import functional
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.mlp.learner import Learner
from dlcli.techniques.mlp.options import Predict

_BATCH = 256  # rows at once; all batches have this shape, so that the function is compiled once


def predict(options: Predict, run: TrainedRun) -> Iterator[Prediction]:
    """Yield a prediction per row, in order: classes with probabilities, or the value of a regression.

    For a row that cannot be read, the prediction has a problem. From Python, `options.rows` may contain arrays.
    """
    learner: Learner = run.learner
    apply = functional.jit(Learner.predict, learner)
    found = [row for given in options.rows for row in rows.read(given, learner.facts.features)]
    for start in range(0, len(found), _BATCH):
        batch = found[start : start + _BATCH]
        features = np.tile(learner.facts.mean, (_BATCH, 1))
        for index, row in enumerate(batch):
            if not row.problem:
                features[index] = row.numbers
        outputs = np.asarray(apply(learner.facts.standardize(features)), np.float64)
        for row, output in zip(batch, outputs, strict=False):
            yield _prediction(row, output, learner, options.top)


def _prediction(row: Row, output: np.ndarray, learner: Learner, top: int) -> Prediction:
    if row.problem:
        return Prediction(row.source, problem=row.problem)
    if not learner.facts.classes:
        return Prediction(row.source, [(learner.facts.target, float(output))], measure="value")
    return Prediction(row.source, _ranked(np.exp(output), learner.facts.classes, top))


def _ranked(probabilities: np.ndarray, classes: Sequence[str], top: int) -> list[tuple[str, float]]:
    ranked = np.argsort(-probabilities, kind="stable")[:top]
    return [(classes[index], float(probabilities[index])) for index in ranked]
