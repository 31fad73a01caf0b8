"""What a subject hands back to be shown or saved: plain values, no files, no terminal."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure as Drawing

_BLOCK = 4_096  # tokens that are turned into JSON at a time: as Python objects they take a hundred times their room


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
    """Rows under named columns.

    Attributes:
        title: stands above it; a table without columns is its title alone.
        columns: their names.
        rows: a cell for each column; numbers in a column are written alike (see `dlcli.formats`).
        numbers: what `--json` prints instead.
        below: further tables, printed after this one.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    numbers: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    below: Sequence[Table] = ()


@dataclasses.dataclass(frozen=True)
class Truncation:
    """A text that is longer than a model reads.

    Attributes:
        tokens: the text has.
        read: of these, by the model.
        part: which of them are read, "first" or "last".
    """

    tokens: int
    read: int
    part: str = "first"

    def note(self, text: str) -> str:
        """Return it in a sentence."""
        return f"{text[:40]!r} has {self.tokens:,} tokens, of which the model reads the {self.part} {self.read:,}"

    def numbers(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What a model says of one input: answers with their probabilities, likeliest first, or a problem.

    Where the numbers beside the answers are no probabilities, `measure` says what they are:
    "log_probability", in nats, for answers so long that their probability may be too small for a float;
    "score", the log-probability of a text divided by ((5 + tokens) / 6)^0.6, beside `log_probabilities`.
    `truncated` is there where the model did not read all of the input.
    """

    source: str
    answers: Sequence[tuple[str, float]] = ()
    problem: str | None = None
    measure: str = "probability"
    truncated: Truncation | None = None
    log_probabilities: Sequence[float] = ()

    def numbers(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        if self.problem:
            return {"input": self.source, "error": self.problem}
        found: list[dict[str, Any]] = [{"label": a, **self._measured(n)} for a, n in self.answers]
        for each, nats in zip(found, self.log_probabilities, strict=False):
            each |= {"log_probability": nats, "probability": math.exp(nats)}
        return {"input": self.source, "predictions": found, **_truncated(self.truncated)}

    def _measured(self, number: float) -> dict[str, float]:
        if self.measure == "log_probability":
            return {"probability": math.exp(number), self.measure: number}
        return {self.measure: number}


@dataclasses.dataclass(frozen=True)
class Pieces:
    """The tokens of one text: each as it is read, with its id; or a problem."""

    source: str
    tokens: Sequence[tuple[str, int]] = ()
    problem: str | None = None

    def rest(self) -> dict[str, Any]:
        """Return it as JSON can hold it, but for the tokens: these come in `blocks`."""
        if self.problem:
            return {"input": self.source, "error": self.problem}
        return {"input": self.source, "tokens": []}

    def blocks(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the tokens as JSON can hold them, some at a time."""
        for start in range(0, len(self.tokens), _BLOCK):
            yield [{"piece": piece, "id": number} for piece, number in self.tokens[start : start + _BLOCK]]

    def numbers(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        return _whole(self.rest(), self.blocks())


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
class Piece:
    """A piece of a text that is being written.

    Attributes:
        number: of the text it belongs to, from 0 up; the pieces of a text come in order.
        text: what comes next in it.
        prompt: whether it was given, not written.
        truncated: there where the model did not read all of the prompt.
    """

    number: int
    text: str
    prompt: bool = False
    truncated: Truncation | None = None


def joined(pieces: Iterable[Piece]) -> Iterator[dict[str, Any]]:
    """Yield prompt and continuation of each text, and the truncation of a prompt that is too long."""
    for _, group in groupby(pieces, key=lambda piece: piece.number):
        parts = list(group)
        prompt = "".join(part.text for part in parts if part.prompt)
        text = "".join(part.text for part in parts if not part.prompt)
        cut = [part.truncated for part in parts if part.truncated]
        yield {"prompt": prompt, "text": text, **({"truncated": cut[0].numbers()} if cut else {})}


@dataclasses.dataclass(frozen=True)
class Likelihood:
    """How probable a model holds a text to be, in nats; by the chain rule, and at once.

    Attributes:
        source: the text.
        tokens: what it was cut into, in a form to be read.
        log_probabilities: of each token after those before it, computed token by token.
        whole: log-probability of the text, computed in one pass over it.
        after: what stands before the first token, in a form to be read.
        problem: why there is none.
        windows: how many tokens a model sees at once that could not see all, and how many it goes on by.
    """

    source: str
    tokens: Sequence[str] = ()
    log_probabilities: Sequence[float] = ()
    whole: float = 0.0
    after: str = ""
    problem: str | None = None
    windows: tuple[int, int] | None = None

    @property
    def total(self) -> float:
        """The sum over the tokens, which the chain rule says is the log-probability of the text."""
        return math.fsum(self.log_probabilities)

    def rest(self) -> dict[str, Any]:
        """Return it as JSON can hold it, but for the tokens: these come in `blocks`."""
        if self.problem:
            return {"input": self.source, "error": self.problem}
        total = self.total
        measured = {"log_probability": total, "one_pass": self.whole, "surprisal": -total / math.log(2)}
        windows = {"windows": dict(zip(("tokens", "stride"), self.windows, strict=True))} if self.windows else {}
        return {"input": self.source, "after": self.after, "tokens": [], **measured, **windows}

    def blocks(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the tokens as JSON can hold them, some at a time; surprisal is -log2 of the probability."""
        for start in range(0, len(self.tokens), _BLOCK):
            some = slice(start, start + _BLOCK)
            yield [
                {"token": token, "probability": math.exp(n), "log_probability": n, "surprisal": -n / math.log(2)}
                for token, n in zip(self.tokens[some], map(float, self.log_probabilities[some]), strict=True)
            ]

    def numbers(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        return _whole(self.rest(), self.blocks())


class Sketch(Protocol):
    """Draws a picture in characters (see `dlcli.plot.terminal`)."""

    def __call__(self, width: int, colour: bool, max_lines: int | None = None) -> Sequence[str]:
        """Return at most `max_lines` lines (None: all) of at most `width` columns."""


@dataclasses.dataclass(frozen=True)
class Figure:
    """A picture: the drawing for a file, the numbers behind it, and a sketch for the terminal.

    Attributes:
        name: the figure's name, from which its file is named.
        drawing: what is written as PNG, SVG or PDF.
        numbers: the values drawn, as JSON can hold them.
        sketch: the lines of a small rendering (see `Sketch`).
        animation: makes what is written as GIF, of a figure whose options say that it is `animated`.
    """

    name: str
    drawing: Drawing
    numbers: Mapping[str, Any]
    sketch: Sketch
    animation: Callable[[], Animation] | None = None


Artifact = Images | Text | Table | Figure


def _truncated(found: Truncation | None) -> dict[str, Any]:
    return {"truncated": found.numbers()} if found else {}


def _whole(rest: dict[str, Any], blocks: Iterator[list[dict[str, Any]]]) -> dict[str, Any]:
    return {**rest, "tokens": [each for block in blocks for each in block]} if "tokens" in rest else rest
