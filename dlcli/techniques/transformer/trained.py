"""A trained transformer, with the tokenizer it reads and writes by."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dlcli import engine
from dlcli.data.text.tokenizers import UNKNOWN
from dlcli.errors import DatasetError, RunError
from dlcli.notices import warn
from dlcli.runs.folder import RunFolder
from dlcli.techniques.transformer.learner import Learner

_VERBS = {
    "decoder": "sample and score",
    "encoder": "predict",
    "encoder-decoder": "predict",
}


class Trained:
    """A trained transformer of one of some shapes.

    Attributes:
        learner: set to evaluate.
        tokenizer: of its training.
        context: tokens it sees at once.
    """

    def __init__(self, run: str, use: str, *shapes: str):
        """Load a run.

        Raises:
            RunError: its shape is none of those asked for.
        """
        self.learner = engine.load(Path(run), Learner, use)
        if self.learner.shape not in shapes:
            raise RunError(
                f"{run} must be of shape {' or '.join(shapes)}, found {self.learner.shape}",
                hint=f"what a run of it does: dlcli {_VERBS[self.learner.shape]}",
            )
        self.tokenizer = self.learner.facts.load()
        self.context = RunFolder(Path(run)).options(Learner).context

    def read(self, text: str) -> np.ndarray:
        """Return the tokens of a text, int32 [token].

        Raises:
            DatasetError: the text cannot be cut into tokens.
        """
        try:
            found = self.tokenizer.encode(text).astype(np.int32)
        except ValueError as error:
            raise DatasetError(f"{text[:40]!r} {error}") from error
        if unknown := int((found == UNKNOWN).sum()):
            warn(f"{unknown} of {len(found)} tokens of {text[:40]!r} are unknown to the model")
        return found

    def read_some(self, text: str) -> np.ndarray:
        """Return the tokens of a text that has any; raises as `read` does."""
        found = self.read(text)
        if not len(found):
            raise DatasetError(f"a text must have a token at least, found none in {text[:40]!r}")
        return found
