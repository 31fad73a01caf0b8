"""Figures of text: of its pieces, their vectors, and the networks that read them."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from dlcli.figures.options.kinds import FigureOptions, FreeFigureOptions, RunFigureOptions, TextFigureOptions
from dlcli.options.common import Cli, Needs, RunRef, Seed


class Subwords(FigureOptions):
    """How words break into the pieces of a tokenizer, from frequent words to rare ones."""

    examples = ("dlcli viz subwords", 'dlcli viz subwords --text "unbelievable" --text "eigenvalues of a matrix"')
    technique = "tokenizer"
    best_of = ("tokenizer",)
    run: RunRef = ""
    text: Annotated[
        tuple[str, ...],
        Field(
            description="Text to break, in a row of its own; may be repeated. Default: words of the validation split."
        ),
        Cli(short="-t"),
    ] = ()
    count: Annotated[
        int,
        Field(ge=1, le=100, description="Words to draw, where no text is given."),
        Cli(short="-k"),
        Needs("text", absent=True),
    ] = 12


class Embeddings(RunFigureOptions):
    """Words by their vectors, brought into the plane: what is near in meaning is near."""

    examples = (
        "dlcli viz embeddings",
        "dlcli viz embeddings --words king,water,music,red --neighbors 12",
        "dlcli viz embeddings --count 300 --method pca --clusters 12 --out words.svg",
    )
    technique = "word2vec"
    best_of = ("word2vec",)
    words: Annotated[
        str, Field(description="Words to draw; by default the most frequent ones."), Cli(metavar="WORD,…")
    ] = ""
    neighbors: Annotated[
        int,
        Field(ge=0, le=100, description="Nearest words drawn around each of --words, as its group."),
        Needs("words"),
    ] = 0
    count: Annotated[
        int,
        Field(ge=4, le=1000, description="How many of the most frequent words to draw without --words."),
        Needs("words", absent=True),
    ] = 150
    method: Annotated[
        Literal["tsne", "pca"], Field(description="Projection: t-SNE keeps neighbours, PCA distances at large.")
    ] = "tsne"
    clusters: Annotated[
        int,
        Field(ge=1, le=32, description="Groups found by k-means, each named by the words at its middle."),
        Needs("neighbors", absent=True),
    ] = 8
    seed: Seed = 0


class TokenProbabilities(TextFigureOptions):
    """How probable each token of a text is, its surprise, and what was likelier in its place."""

    examples = (
        "dlcli viz token-probabilities 'Return the sum.'",
        "dlcli viz token-probabilities 'To be' --run rnn --top 5",
    )
    technique = ("rnn", "transformer")
    best_of = ("rnn",)
    requires = (("task", "language"), ("shape", "decoder"))
    top: Annotated[int, Field(ge=1, le=10, description="Likeliest tokens shown for each place."), Cli(short="-k")] = 3


class HiddenState(TextFigureOptions):
    """What the units of a recurrent layer hold while a text is read: those that vary most."""

    examples = (
        "dlcli viz hidden-state 'Return the sum (or mean) of \"x\".'",
        "dlcli viz hidden-state 'To be' --layer 1 --units 40",
    )
    technique = "rnn"
    best_of = ("rnn",)
    layer: Annotated[int | None, Field(ge=1, description="Recurrent layer to draw, from 1; default the last.")] = None
    units: Annotated[int, Field(ge=1, le=200, description="Units shown, those that vary most."), Cli(short="-k")] = 24


class Attention(RunFigureOptions):
    """Where a transformer looks: the weights of each layer and head over the tokens of a text."""

    examples = (
        "dlcli viz attention",
        'dlcli viz attention --text "7. März 1999"',
        "dlcli viz attention --run transformer --index 3 --out attention.pdf",
    )
    technique = "transformer"
    best_of = ("transformer",)
    text: Annotated[
        str, Field(description="Text to look at; by default one of the run's validation split."), Cli(short="-t")
    ] = ""
    index: Annotated[
        int,
        Field(ge=0, description="Text of the validation split, by its number."),
        Cli(short="-i"),
        Needs("text", absent=True),
    ] = 0
    tokens: Annotated[int, Field(ge=1, le=256, description="Tokens of the text that are shown, the first ones.")] = 32


class AttentionPattern(FreeFigureOptions):
    """Whom each position may ask: causal, padding and cross masks."""

    examples = ("dlcli viz attention-pattern", "dlcli viz attention-pattern --shape decoder --tokens 12")
    technique = "transformer"
    brought = ("shape",)
    shape: Annotated[
        Literal["decoder", "encoder", "encoder-decoder"] | None,
        Field(description="Show the masks of this shape alone; default all."),
    ] = None
    tokens: Annotated[int, Field(ge=1, le=64, description="Positions of the decoder; the encoder has two more.")] = 8
    length: Annotated[
        int,
        Field(ge=1, le=66, description="Tokens of the source that are text, not padding."),
        Needs("shape", but=("decoder",)),
    ] = 7

    @model_validator(mode="after")
    def _length_within(self) -> "AttentionPattern":
        if self.length > self.tokens + 2:
            raise ValueError(f"--length must be at most {self.tokens + 2}, the places of the source, got {self.length}")
        return self
