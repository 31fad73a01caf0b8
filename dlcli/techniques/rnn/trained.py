"""Loads a trained recurrent network."""

from __future__ import annotations

from pathlib import Path

from dlcli import engine
from dlcli.errors import RunError
from dlcli.runs.folder import RunFolder
from dlcli.techniques.rnn.learner import Learner
from dlcli.text_models.trained import TrainedTextModel


def load_language_model(run: str, use: str) -> TrainedTextModel:
    """Load a language model, whose context is unlimited.

    Raises:
        RunError: the run is a classifier.
    """
    learner = engine.load(Path(run), Learner, use)
    if learner.classify:
        raise RunError(f"{run} must be a language model, found a classifier", hint="dlcli predict rnn labels texts")
    return TrainedTextModel(learner, learner.facts.load(), context=None)


def load_classifier(run: str, use: str) -> TrainedTextModel:
    """Load a text classifier, whose context is that of its training.

    Raises:
        RunError: the run is a language model.
    """
    learner = engine.load(Path(run), Learner, use)
    if not learner.classify:
        raise RunError(f"{run} must be a classifier, found a language model", hint="dlcli train rnn --task classify")
    return TrainedTextModel(learner, learner.facts.load(), RunFolder(Path(run)).options(Learner).context)
