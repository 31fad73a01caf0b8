"""A trained transformer, with the tokenizer it reads and writes by."""

from __future__ import annotations

import numpy as np

from dlcli.data.text.tokenizers import UNKNOWN
from dlcli.errors import DatasetError
from dlcli.notices import warn
from dlcli.runs.trained import TrainedRun


class Trained:
    """A trained transformer.

    Attributes:
        learner: set to evaluate.
        tokenizer: of its training.
        context: tokens it sees at once.
    """

    def __init__(self, run: TrainedRun):
        self.learner = run.learner
        self.tokenizer = self.learner.facts.load()
        self.context = run.options.context

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
