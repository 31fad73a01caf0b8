"""The tokens of a text with their probabilities under a language model."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class TokensChart:
    """The probability of each token of a text, and the most likely tokens at its position.

    Attributes:
        title: title of the picture.
        tokens: a label per token.
        probabilities: float [token], of each token given the tokens before it.
        top_tokens: the k most likely tokens at each position, most likely first.
        top_probabilities: float [token, k].
    """

    title: str
    tokens: Sequence[str]
    probabilities: np.ndarray
    top_tokens: Sequence[Sequence[str]]
    top_probabilities: np.ndarray

    @property
    def surprisal(self) -> np.ndarray:
        """-log2 of the probability, in bits, float [token]."""
        return -np.log2(self.probabilities)
