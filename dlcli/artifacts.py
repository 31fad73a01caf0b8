"""The results of commands, to be shown or saved: plain values without files or terminals."""

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

_BLOCK = 4_096  # tokens converted to JSON at a time; as Python objects they take a hundred times the memory


@dataclasses.dataclass(frozen=True)
class Images:
    """A batch of images.

    Attributes:
        pixels: uint8 [batch, height, width, channel].
        captions: one per image, or none.
        title: of the saved file.
        columns: number of images per row.
        numbers: values for `--json`, in addition to file, count and captions.
        nearest: the nearest training image to each image, uint8 of the shape of `pixels`, shown below it; None: not
            shown.
    """

    pixels: np.ndarray
    captions: Sequence[str] = ()
    title: str = ""
    columns: int = 8
    numbers: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    nearest: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class Text:
    """Lines of text."""

    lines: Sequence[str]


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows under named columns.

    Attributes:
        title: heading; a table without columns consists of its title.
        columns: their names.
        rows: one cell per column; the numbers of a column get the same format (see `dlcli.formats`).
        numbers: values for `--json`.
        below: further tables, printed after this one.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    numbers: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    below: Sequence[Table] = ()


@dataclasses.dataclass(frozen=True)
class Truncation:
    """A text that is longer than the context of a model.

    Attributes:
        tokens: number of tokens of the text.
        read: number of tokens that the model reads.
        part: which tokens the model reads, "first" or "last".
    """

    tokens: int
    read: int
    part: str = "first"

    def note(self, text: str) -> str:
        """Return the truncation as a sentence."""
        return f"{text[:40]!r} has {self.tokens:,} tokens, of which the model reads the {self.part} {self.read:,}"

    def numbers(self) -> dict[str, Any]:
        """Return it as values for JSON."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Prediction:
    """The predictions of a model for one input, or a problem with the input.

    Attributes:
        source: the input.
        answers: labels or texts with a number each, the best first.
        problem: why there is no prediction; None if there is one.
        measure: kind of the numbers: "probability"; "log_probability" in nats, for texts whose probability may be
            below the range of a float; "score", the log-probability divided by ((5 + tokens) / 6)^length_penalty.
        truncated: set if the model did not read the whole input.
        log_probabilities: of the answers in nats, in addition to their scores.
    """

    source: str
    answers: Sequence[tuple[str, float]] = ()
    problem: str | None = None
    measure: str = "probability"
    truncated: Truncation | None = None
    log_probabilities: Sequence[float] = ()

    def numbers(self) -> dict[str, Any]:
        """Return it as values for JSON."""
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
class Vector:
    """The vector of one input, float [feature]; or a problem with the input."""

    source: str
    vector: Sequence[float] = ()
    problem: str | None = None

    def numbers(self) -> dict[str, Any]:
        """Return it as values for JSON."""
        return {"input": self.source, **({"error": self.problem} if self.problem else {"vector": list(self.vector)})}


@dataclasses.dataclass(frozen=True)
class Tokenization:
    """The tokens of one text, each with its readable form and its id; or a problem with the text."""

    source: str
    tokens: Sequence[tuple[str, int]] = ()
    problem: str | None = None

    def rest(self) -> dict[str, Any]:
        """Return it as values for JSON, without the tokens, which `blocks` yields."""
        if self.problem:
            return {"input": self.source, "error": self.problem}
        return {"input": self.source, "tokens": []}

    def blocks(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the tokens as values for JSON, in blocks."""
        for start in range(0, len(self.tokens), _BLOCK):
            yield [{"piece": piece, "id": number} for piece, number in self.tokens[start : start + _BLOCK]]

    def numbers(self) -> dict[str, Any]:
        """Return all of it as values for JSON."""
        return _whole(self.rest(), self.blocks())


@dataclasses.dataclass(frozen=True)
class Animation:
    """An animated drawing.

    Attributes:
        drawing: the figure that `show` changes.
        frames: number of frames; the last one is shown longer.
        show: changes the drawing in place to frame N.
        seconds: duration of a frame.
        moving: the artists that `show` changes, the lowest first; everything else is drawn once.
    """

    drawing: Drawing
    frames: int
    show: Callable[[int], None]
    seconds: float
    moving: Sequence[Artist]


@dataclasses.dataclass(frozen=True)
class TextChunk:
    """The next part of a text that is being generated.

    Attributes:
        number: index of the text, from 0; the chunks of a text come in order.
        text: the next characters.
        prompt: True for the prompt, False for generated text.
        truncated: set if the model did not read the whole prompt.
    """

    number: int
    text: str
    prompt: bool = False
    truncated: Truncation | None = None


def joined(pieces: Iterable[TextChunk]) -> Iterator[dict[str, Any]]:
    """Yield prompt and continuation of each text, and the truncation of a prompt that is too long."""
    for _, group in groupby(pieces, key=lambda piece: piece.number):
        parts = list(group)
        prompt = "".join(part.text for part in parts if part.prompt)
        text = "".join(part.text for part in parts if not part.prompt)
        cut = [part.truncated for part in parts if part.truncated]
        yield {"prompt": prompt, "text": text, **({"truncated": cut[0].numbers()} if cut else {})}


@dataclasses.dataclass(frozen=True)
class Likelihood:
    """The log-likelihood of a text in nats, token by token and in one pass.

    Attributes:
        source: the text.
        tokens: readable form of each token.
        log_probabilities: of each token given those before it, computed token by token.
        whole: log-probability of the text, computed in one pass.
        after: readable form of the token before the first one.
        problem: why there is no log-likelihood; None if there is one.
        windows: size and stride, in tokens, of the windows in which a text beyond the context was read.
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
        """Sum over the tokens: by the chain rule, the log-probability of the text."""
        return math.fsum(self.log_probabilities)

    def rest(self) -> dict[str, Any]:
        """Return it as values for JSON, without the tokens, which `blocks` yields."""
        if self.problem:
            return {"input": self.source, "error": self.problem}
        total = self.total
        measured = {"log_probability": total, "one_pass": self.whole, "surprisal": -total / math.log(2)}
        windows = {"windows": dict(zip(("tokens", "stride"), self.windows, strict=True))} if self.windows else {}
        return {"input": self.source, "after": self.after, "tokens": [], **measured, **windows}

    def blocks(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the tokens as values for JSON, in blocks; surprisal is -log2 of the probability."""
        for start in range(0, len(self.tokens), _BLOCK):
            some = slice(start, start + _BLOCK)
            yield [
                {"token": token, "probability": math.exp(n), "log_probability": n, "surprisal": -n / math.log(2)}
                for token, n in zip(self.tokens[some], map(float, self.log_probabilities[some]), strict=True)
            ]

    def numbers(self) -> dict[str, Any]:
        """Return all of it as values for JSON."""
        return _whole(self.rest(), self.blocks())


class Sketch(Protocol):
    """Renders a figure as text (see `dlcli.plot.terminal`)."""

    def __call__(self, width: int, colour: bool, max_lines: int | None = None) -> Sequence[str]:
        """Return at most `max_lines` lines (None: all) of at most `width` columns."""


@dataclasses.dataclass(frozen=True)
class Figure:
    """A picture: the drawing for a file, its values, and a rendering for the terminal.

    Attributes:
        name: name of the figure, and of its file by default.
        drawing: for a PNG, SVG or PDF file.
        numbers: the drawn values for JSON.
        sketch: renders the figure as text.
        animation: returns the animation for a GIF file, if the options of the figure are `animated`.
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
