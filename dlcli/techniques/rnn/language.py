"""A trained language model, with the tokenizer it reads and writes by."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dlcli import engine
from dlcli.data.text.tokenizers import END, UNKNOWN
from dlcli.errors import DatasetError, RunError
from dlcli.notices import warn
from dlcli.techniques.rnn.learner import Learner


class Language:
    """A trained language model.

    Attributes:
        learner: set to evaluate.
        tokenizer: of its training.
    """

    def __init__(self, run: str, use: str):
        self.learner = engine.load(Path(run), Learner, use)
        if self.learner.classify:
            raise RunError(f"{run} must be a language model, found a classifier", hint="dlcli predict rnn labels texts")
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
