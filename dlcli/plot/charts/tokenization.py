"""Texts split into tokens."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class TokenBox:
    """A token.

    Attributes:
        text: the token.
        note: text below it.
        shade: how dark the box is, in [0, 1]; NaN: gray.
    """

    text: str
    note: str
    shade: float


@dataclasses.dataclass(frozen=True)
class TokenRow:
    """The tokens of one text.

    Attributes:
        label: the text.
        note: text below the label.
        boxes: the tokens.
    """

    label: str
    note: str
    boxes: Sequence[TokenBox]


@dataclasses.dataclass(frozen=True)
class TokenizationChart:
    """Texts in rows, each split into tokens.

    Attributes:
        title: title of the picture.
        note: text below the title.
        rows: the texts.
        scale: what the darkest and the lightest shade mean.
    """

    title: str
    note: str
    rows: Sequence[TokenRow]
    scale: tuple[str, str]

    def __post_init__(self) -> None:
        if not self.rows:
            raise ValueError("a tokenization chart must have at least one row")
