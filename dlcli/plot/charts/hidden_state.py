"""The activations of recurrent units over the tokens of a text."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class HiddenStateChart:
    """Activations as a heat map.

    Attributes:
        title: title of the picture.
        tokens: a label per token.
        units: the index of each unit in its layer.
        activations: float [unit, token] in [-1, 1].
    """

    title: str
    tokens: Sequence[str]
    units: Sequence[int]
    activations: np.ndarray
