"""What a subject hands back to be shown or saved: plain values, no files, no terminal."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure as Drawing


@dataclasses.dataclass(frozen=True)
class Images:
    """A batch of images.

    Attributes:
        pixels: uint8 [batch, height, width, channel].
        captions: one for each image, or none.
        title: of the picture they are saved in.
        columns: images side by side.
        numbers: what `--json` prints beside file, count and captions.
    """

    pixels: np.ndarray
    captions: Sequence[str] = ()
    title: str = ""
    columns: int = 8
    numbers: Mapping[str, Any] = dataclasses.field(default_factory=dict)


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
class Animation:
    """A drawing that moves.

    Attributes:
        drawing: all frames are of its size.
        frames: how many there are; the last one stays for a while.
        show: changes the drawing in place to the frame of that number.
        seconds: that a frame is seen.
        moving: the parts of the drawing that `show` changes, the lowest first; all else is drawn once.
    """

    drawing: Drawing
    frames: int
    show: Callable[[int], None]
    seconds: float
    moving: Sequence[Artist]


@dataclasses.dataclass(frozen=True)
class Figure:
    """A picture: the drawing for a file, the numbers behind it, and a sketch for the terminal.

    Attributes:
        name: the figure's name, from which its file is named.
        drawing: what is written as PNG, SVG or PDF.
        numbers: the values drawn, as JSON can hold them.
        sketch: from a width in columns and whether colours may be used, the lines of a small
            rendering (see `dlcli.plot.terminal`).
        animation: makes what is written as GIF, of a figure whose options say that it is `animated`.
    """

    name: str
    drawing: Drawing
    numbers: Mapping[str, Any]
    sketch: Callable[[int, bool], Sequence[str]]
    animation: Callable[[], Animation] | None = None


Artifact = Images | Text | Table | Figure
