"""What a language model says of a text, for a file and for the terminal alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Read:
    """A text as a language model reads it.

    Attributes:
        tokens: its tokens, in a form to be read.
        probabilities: of each, given those before it, float [token].
        others: the likeliest tokens at each place, likeliest first; as many at each.
        shares: their probabilities, float [token, other].
    """

    tokens: Sequence[str]
    probabilities: np.ndarray
    others: Sequence[Sequence[str]]
    shares: np.ndarray

    @property
    def surprise(self) -> np.ndarray:
        """Bits, -log2 of the probability."""
        return -np.log2(self.probabilities)
