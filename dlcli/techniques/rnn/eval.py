"""Evaluates a language model or a classifier on the test split."""

from __future__ import annotations

from dlcli.artifacts import Table
from dlcli.data.text import token_streams
from dlcli.data.text.catalogue import open_texts
from dlcli.engine.evaluate import evaluate as measure
from dlcli.metrics import classification, language_model
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.rnn.learner import reading
from dlcli.techniques.rnn.options import Eval


def evaluate(options: Eval, run: TrainedRun) -> Table:
    """Return loss and bits per character of a language model, accuracy and confusion counts of a classifier."""
    found = measure(run, options)
    if run.learner.classify:
        return classification.table(found.title, found.described(), run.facts.classes, found.protocol)
    texts = open_texts(found.options.dataset, reading(found.options))
    characters = token_streams.stream(texts, found.data.test_split, run.facts.load()).characters
    return language_model.table(found.title, found.described(), characters, found.protocol)
