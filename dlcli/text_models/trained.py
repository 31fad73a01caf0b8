"""A trained model of text with its tokenizer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from dlcli.data.text.tokenizer import Tokenizer
from dlcli.errors import DatasetError
from dlcli.notices import warn
from dlcli.runs.trained import TrainedRun


@dataclasses.dataclass(frozen=True)
class TrainedTextModel:
    """A trained model of text.

    Attributes:
        learner: of the technique, in evaluation mode.
        tokenizer: of the training data.
        context: maximum number of tokens that the model processes at once; None: unlimited.
        once: makes what the model computes with and keeps it for later calls, as `TrainedRun.once` does.
    """

    learner: Any
    tokenizer: Tokenizer
    context: int | None
    once: Callable[[Hashable, Callable[[], Any]], Any] = lambda _, make: make()

    @classmethod
    def of(cls, run: TrainedRun, context: int | None) -> TrainedTextModel:
        """Return the model of a run."""
        return cls(run.learner, run.once("tokenizer", run.facts.load), context, run.once)

    def encode(self, text: str) -> np.ndarray:
        """Return the tokens of a text, int32 [token].

        Raises:
            DatasetError: the text cannot be tokenized.
        """
        try:
            tokens = self.tokenizer.encode(text).astype(np.int32)
        except ValueError as error:
            raise DatasetError(f"{text[:40]!r} {error}") from error
        if unknown := int((tokens == self.tokenizer.special.unknown).sum()):
            warn(f"{unknown} of {len(tokens)} tokens of {text[:40]!r} are not in the vocabulary")
        return tokens

    def encode_nonempty(self, text: str) -> np.ndarray:
        """Return the tokens of a text, int32 [token].

        Raises:
            DatasetError: the text cannot be tokenized, or has no tokens.
        """
        tokens = self.encode(text)
        if not len(tokens):
            raise DatasetError(f"a text must have at least one token, found none in {text[:40]!r}")
        return tokens

    def framed(self, tokens: np.ndarray, limit: int) -> np.ndarray:
        """Return tokens as an encoder reads them: at most `limit`, within the special tokens of the tokenizer."""
        return self.tokenizer.framed(tokens, limit)
