"""Measures a multilayer perceptron on the test split."""

from __future__ import annotations

from dlcli.artifacts import Table
from dlcli.engine.evaluate import evaluate as measure
from dlcli.metrics import classification, regression
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.mlp.options import Eval


def evaluate(options: Eval, run: TrainedRun) -> Table:
    """Return accuracy, loss, calibration and metrics by class; or R² and errors of a regression."""
    found = measure(run, options)
    if run.facts.classes:
        return classification.table(found.title, found.described(), run.facts.classes, found.protocol)
    return regression.table(found.title, found.described(), run.facts.target, found.protocol)
