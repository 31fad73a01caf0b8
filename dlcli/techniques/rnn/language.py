"""A trained language model, with the tokenizer it reads and writes by."""

from __future__ import annotations

import numpy as np

from dlcli.data.text.tokenizers import END, UNKNOWN
from dlcli.errors import DatasetError
from dlcli.notices import warn
from dlcli.runs.trained import TrainedRun


class Language:
    """A trained language model.

    Attributes:
        learner: set to evaluate.
        tokenizer: of its training.
    """

    def __init__(self, run: TrainedRun):
        self.learner = run.learner
        self.tokenizer = self.learner.facts.load()

    def read(self, text: str) -> np.ndarray:
        """Return the tokens of a text after the one that ends what came before, int32 [1 + token].

        Raises:
            DatasetError: the text cannot be cut into tokens.
        """
        try:
            found = self.tokenizer.encode(text)
        except ValueError as error:
            raise DatasetError(f"{text[:40]!r} {error}") from error
        if unknown := int((found == UNKNOWN).sum()):
            warn(f"{unknown} of {len(found)} tokens of {text[:40]!r} are unknown to the model")
        return np.concatenate([[END], found]).astype(np.int32)
