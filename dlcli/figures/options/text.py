"""Options of the figures of text: tokens, embeddings, and language models."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from dlcli.errors import UsageError
from dlcli.figures.options.base import FigureOptions, FreeFigureOptions, RunFigureOptions, TextFigureOptions
from dlcli.options.common import Cli, Needs, RunRef, Seed
from dlcli.techniques.transformer.options import task_of


def _unit(value: str) -> str:
    if value not in ("", "max") and not (value.isdecimal() and len(value) < 6):
        raise ValueError("must be the index of a unit, or max")
    return value


def _words(value: str) -> str:
    if not 1 <= len(value.split()) <= 64:
        raise ValueError("must have 1 to 64 words")
    return value


class Subwords(FigureOptions):
    """Words split into subword tokens, from frequent to rare words."""

    examples = ("dlcli viz subwords", 'dlcli viz subwords --text "unbelievable" --text "eigenvalues of a matrix"')
    technique = "tokenizer"
    main_figure_of = ("tokenizer",)
    run: RunRef = ""
    text: Annotated[
        tuple[str, ...],
        Field(description="Text to tokenize, one row each; may be repeated. Default: words of the validation split."),
        Cli(short="-t"),
    ] = ()
    count: Annotated[
        int,
        Field(ge=1, le=100, description="Words of the validation split to show."),
        Cli(short="-k"),
        Needs("text", absent=True),
    ] = 12


def _analogies(value: tuple[str, ...]) -> tuple[str, ...]:
    for each in value:
        if len([word for word in each.split(",") if word.strip()]) != 3:
            raise ValueError("must be three words such as man,king,woman")
    return value


class Embeddings(RunFigureOptions):
    """Word vectors projected to two dimensions, or to three."""

    animated = True
    examples = (
        "dlcli viz embeddings",
        "dlcli viz embeddings --words king,water,music,red --neighbors 12",
        "dlcli viz embeddings --count 300 --method pca --clusters 12 --out words.svg",
        "dlcli viz embeddings --method pca --analogy man,king,woman --analogy is,are,was",
    )
    technique = "word2vec"
    main_figure_of = ("word2vec",)
    words: Annotated[
        str, Field(description="Words to show; default: the most frequent ones."), Cli(metavar="WORD,…")
    ] = ""
    neighbors: Annotated[
        int,
        Field(ge=0, le=100, description="Nearest neighbours to show for each of --words, as its group."),
        Needs("words"),
    ] = 0
    count: Annotated[
        int,
        Field(ge=4, le=1000, description="Most frequent words to show."),
        Needs("words", absent=True),
    ] = 150
    method: Annotated[
        Literal["tsne", "pca"], Field(description="Projection: tsne preserves neighbourhoods, pca global distances.")
    ] = "tsne"
    clusters: Annotated[
        int,
        Field(ge=1, le=32, description="Clusters of k-means, each named after the words nearest its centroid."),
        Needs("neighbors", absent=True),
    ] = 8
    analogy: Annotated[
        tuple[str, ...],
        AfterValidator(_analogies),
        Field(description="A,B,C: show arrows from A to B, and from C to the word that answers; may be repeated."),
        Needs("method", ("pca",)),
        Needs("words", absent=True),
        Cli(metavar="A,B,C"),
    ] = ()
    three_d: Annotated[
        bool, Field(description="Project to three dimensions; a .gif or .mp4 always does, and turns."), Cli(rare=True)
    ] = False
    seed: Seed = 0


class TokenProbabilities(TextFigureOptions):
    """The probability and surprisal of each token of a text, and the most likely tokens at its position."""

    examples = (
        "dlcli viz token-probabilities 'Return the sum.'",
        "dlcli viz token-probabilities 'To be' --run rnn --top 5",
    )
    technique = ("rnn", "transformer")
    main_figure_of = ("rnn",)
    requires = (("task", "language"), ("shape", "decoder"))
    top: Annotated[int, Field(ge=1, le=10, description="Most likely tokens to show per position."), Cli(short="-k")] = 3


class HiddenState(TextFigureOptions):
    """The activations of a recurrent layer over a text, for the units with the largest variance."""

    examples = (
        "dlcli viz hidden-state 'Return the sum (or mean) of \"x\".'",
        "dlcli viz hidden-state 'To be' --layer 1 --units 40",
    )
    technique = "rnn"
    main_figure_of = ("rnn",)
    layer: Annotated[int | None, Field(ge=1, description="Recurrent layer to show, from 1; default: the last.")] = None
    units: Annotated[
        int,
        Field(ge=1, le=200, description="Units to show, those with the largest variance."),
        Cli(short="-k"),
        Needs("unit", absent=True),
    ] = 24
    unit: Annotated[
        str,
        AfterValidator(_unit),
        Field(
            description="Show the text coloured by this one unit: its index, or max for that of the largest variance."
        ),
        Cli(metavar="N|max"),
    ] = ""


class GradientFlow(FreeFigureOptions):
    """The gradient of a recurrent network against the distance in time: elman, lstm and gru, or a trained run."""

    examples = ("dlcli viz gradient-flow", "dlcli viz gradient-flow --run rnn --length 200")
    technique = "rnn"
    requires = (("task", "language"), ("task", "classify"))
    from_run = ("hidden",)
    length: Annotated[int, Field(ge=2, le=2_000, description="Tokens of the sequence.")] = 100
    hidden: Annotated[int, Field(ge=1, le=4_096, description="Units of the untrained networks.")] = 64
    seeds: Annotated[int, Field(ge=1, le=100, description="Random networks, or random texts, to average over.")] = 5
    seed: Seed = 0


class Positions(FreeFigureOptions):
    """Position encodings, and how the similarity of two positions decays with their distance."""

    examples = ("dlcli viz positions", "dlcli viz positions --run transformer --out positions.pdf")
    technique = "transformer"
    from_run = ("positions", "d_model")
    positions: Annotated[int, Field(ge=2, le=512, description="Number of positions.")] = 64
    d_model: Annotated[int, Field(ge=2, le=1_024, multiple_of=2, description="Features of each encoding.")] = 128


class Attention(RunFigureOptions):
    """The attention weights of each layer and head over the tokens of a text."""

    examples = (
        "dlcli viz attention",
        'dlcli viz attention --text "7. März 1999"',
        "dlcli viz attention --run transformer --index 3 --out attention.pdf",
        "dlcli viz attention --run trec --pooled",
    )
    technique = "transformer"
    main_figure_of = ("transformer",)
    text: Annotated[
        str, Field(description="Input text; default: one of the validation split of the run."), Cli(short="-t")
    ] = ""
    index: Annotated[
        int,
        Field(ge=0, description="Index of the text in the validation split."),
        Cli(short="-i"),
        Needs("text", absent=True),
    ] = 0
    tokens: Annotated[
        int, Field(ge=1, le=256, description="Maximum number of tokens to show, from the start of the text.")
    ] = 32
    layer: Annotated[
        int | None, Field(ge=1, description="Layer to show, from 1; default: all."), Needs("rollout", absent=True)
    ] = None
    head: Annotated[
        int | None, Field(ge=1, description="Head to show, from 1; default: all."), Needs("rollout", absent=True)
    ] = None
    rollout: Annotated[
        bool,
        Field(
            description="Show attention rollout: how much of each input token reaches each position of the last layer."
        ),
        Needs("shape", but=("encoder-decoder",), of_run=True),
    ] = False
    pooled: Annotated[
        bool,
        Field(description="Show what a classifier reads: the attention to each token, averaged over all positions."),
        Needs("rollout", absent=True),
        Needs("layer", absent=True),
        Needs("head", absent=True),
    ] = False

    def require_fit(self, run: Any) -> None:
        if self.pooled and task_of(run.options) != "classify":
            raise UsageError(f"--pooled needs a run of a classifier (--shape encoder), {run.folder} is none")


class AttentionMask(FreeFigureOptions):
    """Which keys each query may attend to: causal, sliding-window, prefix, padding and cross-attention masks."""

    examples = (
        "dlcli viz attention-mask",
        "dlcli viz attention-mask --shape decoder --tokens 12 --window 4 --prefix 3",
        'dlcli viz attention-mask --text "Attention is all you need"',
    )
    technique = "transformer"
    from_run = ("shape", "window", "prefix")
    shape: Annotated[
        Literal["decoder", "encoder", "encoder-decoder"] | None,
        Field(description="Show the masks of this shape only; default: all."),
    ] = None
    text: Annotated[
        str,
        AfterValidator(_words),
        Field(description="Words that label the positions of the decoder; the encoder has two positions more."),
        Needs("tokens", absent=True),
        Cli(short="-t"),
    ] = "the cat sat on the mat and slept"
    tokens: Annotated[
        int | None, Field(ge=1, le=64, description="Positions of the decoder, with numbers in place of words.")
    ] = None
    window: Annotated[
        int, Field(ge=1, le=64, description="Positions in the sliding window."), Needs("shape", but=("encoder",))
    ] = 3
    prefix: Annotated[
        int,
        Field(ge=0, le=64, description="Positions of the prefix, which attend to each other in both directions."),
        Needs("shape", but=("encoder",)),
    ] = 4
    length: Annotated[
        int | None,
        Field(ge=1, le=66, description="Tokens of the source that are not padding; default: all but 3."),
        Needs("shape", but=("decoder",)),
    ] = None

    @property
    def positions(self) -> int:
        """Number of positions of the decoder."""
        return self.tokens or len(self.text.split())

    @property
    def source_length(self) -> int:
        """Number of tokens of the source that are not padding."""
        return self.length or max(1, self.positions - 1)

    @model_validator(mode="after")
    def _length_within(self) -> "AttentionMask":
        if self.shape != "decoder" and self.source_length > self.positions + 2:
            raise ValueError(
                f"--length must be at most {self.positions + 2}, the positions of the source, got {self.length}"
            )
        return self
