"""Loads a trained transformer."""

from __future__ import annotations

from pathlib import Path

from dlcli import engine
from dlcli.errors import RunError
from dlcli.runs.folder import RunFolder
from dlcli.techniques.transformer.learner import Learner
from dlcli.text_models.trained import TrainedTextModel

_VERBS = {"decoder": "sample and score", "encoder": "predict", "encoder-decoder": "predict"}


def load(run: str, use: str, *shapes: str) -> TrainedTextModel:
    """Load a transformer of one of these shapes.

    Raises:
        RunError: the run has another shape.
    """
    learner = engine.load(Path(run), Learner, use)
    if learner.shape not in shapes:
        raise RunError(
            f"{run} must be of shape {' or '.join(shapes)}, found {learner.shape}",
            hint=f"commands for this shape: dlcli {_VERBS[learner.shape]}",
        )
    return TrainedTextModel(learner, learner.facts.load(), RunFolder(Path(run)).options(Learner).context)
