"""The interface of a source: labelled images one by one, as they are stored in files or arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np


class Unreadable(Exception):
    """One example that cannot be decoded, and why; `kind` is that of its `Problem`."""

    def __init__(self, reason: str, kind: str = "undecodable"):
        super().__init__(reason)
        self.kind = kind


# Pixels uint8 [height, width, channel] and class index, or why there are none.
Example = tuple[np.ndarray[Any, np.dtype[np.uint8]], int] | Unreadable


class Source(Protocol):
    """Random access to the labelled images of one split."""

    @property
    def slot(self) -> str:
        """Short name of the place that the images come from; a new cache entry replaces the old one of the slot."""
        ...

    @property
    def identity(self) -> str:
        """Text that changes whenever an image or a label may have changed."""
        ...

    def __len__(self) -> int: ...

    def where(self, index: int) -> str:
        """Return a name of an example for messages, such as its file."""
        ...

    def examples(self, indices: Sequence[int]) -> list[Example]:
        """Decode examples, each with its own size and channels; called by several threads at once."""
        ...
