"""What a subject hands back to be shown or saved: plain values, no files, no terminal."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure as Drawing


@dataclasses.dataclass(frozen=True)
class Images:
    """A batch of images, uint8 [batch, height, width, channel], with a caption for each."""

    pixels: np.ndarray
    captions: Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class Text:
    """Lines of text."""

    lines: Sequence[str]


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows under named columns; `numbers` is what `--json` prints in its stead."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    numbers: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What a model says of one input: answers with their probabilities, likeliest first, or a problem."""

    source: str
    answers: Sequence[tuple[str, float]] = ()
    problem: str | None = None

    def numbers(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        if self.problem:
            return {"input": self.source, "error": self.problem}
        return {"input": self.source, "predictions": [{"label": a, "probability": p} for a, p in self.answers]}


@dataclasses.dataclass(frozen=True)
class Pieces:
    """The tokens of one text: each as it is read, with its id; or a problem."""

    source: str
    tokens: Sequence[tuple[str, int]] = ()
    problem: str | None = None

    def numbers(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        if self.problem:
            return {"input": self.source, "error": self.problem}
        return {"input": self.source, "tokens": [{"piece": piece, "id": number} for piece, number in self.tokens]}


@dataclasses.dataclass(frozen=True)
class Figure:
    """A picture: the drawing for a file, the numbers behind it, and a sketch for the terminal.

    Attributes:
        name: the figure's name, from which its file is named.
        drawing: what is written as PNG, SVG or PDF.
        numbers: the values drawn, as JSON can hold them.
        sketch: from a width in columns and whether colours may be used, the lines of a small
            rendering (see `dlcli.plot.terminal`).
    """

    name: str
    drawing: Drawing
    numbers: Mapping[str, Any]
    sketch: Callable[[int, bool], Sequence[str]]


Artifact = Images | Text | Table | Figure
