"""Evaluates a language model or a classifier on the test split."""

from __future__ import annotations

from dlcli.artifacts import Table
from dlcli.engine.evaluate import evaluate as measure
from dlcli.metrics import classification, language_model
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.rnn.options import Eval


def evaluate(options: Eval, run: TrainedRun) -> Table:
    """Return loss and bits per character of a language model, accuracy and confusion counts of a classifier."""
    found = measure(run, options)
    if run.learner.classify:
        return classification.table(found.title, found.described(), run.facts.classes, found.protocol)
    return language_model.table(found.title, found.described(), found.examples.characters, found.protocol)
