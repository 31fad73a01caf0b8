"""Labelled images one by one, as they lie in files or arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class Unreadable(Exception):
    """One example that cannot be decoded, and why; `kind` as in `Problem`."""

    def __init__(self, reason: str, kind: str = "undecodable"):
        super().__init__(reason)
        self.kind = kind


# Pixels uint8 [height, width, channel] and the number of the class, or why there are none.
Example = tuple[np.ndarray, int] | Unreadable


class Source(Protocol):
    """Random access to the labelled images of one split as they lie in files or arrays.

    Attributes:
        slot: a short name of the place the images come from; what is cached for it replaces what was.
        identity: changes whenever an image or a label might have changed.
    """

    slot: str
    identity: str

    def __len__(self) -> int: ...

    def where(self, index: int) -> str:
        """Name an example for a person, such as its file."""
        ...

    def examples(self, indices: Sequence[int]) -> list[Example]:
        """Decode some examples, each with the size and the channels it has; called from several threads at once."""
        ...
