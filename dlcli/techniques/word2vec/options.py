"""Options of word embeddings."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from dlcli.options.common import Cli, Epochs, EvalOptions, FitOptions, Needs, ReadingOptions, ValidateExamples
from dlcli.options.initialization import InitFromOptions
from dlcli.options.tables import TextColumnOptions, TextTableOptions
from dlcli.options.text import TextDataset


def _pattern(value: str) -> str:
    import regex  # here, because `--help` does not need it

    try:
        found = regex.compile(value)
    except regex.error as error:
        raise ValueError(f"must be a regular expression: {error}") from None
    if found.groups:
        raise ValueError("must have no groups; write (?:…)")
    if found.match(""):
        raise ValueError("must not match the empty text")
    return value


Words = Annotated[
    tuple[str, ...], Field(description="Word whose nearest words to show; may be repeated."), Cli(metavar="WORD")
]


class Train(InitFromOptions, TextTableOptions, FitOptions):
    """Options of `dlcli train word2vec`."""

    panel = "Model"
    architecture = ("model", "vector_size", "loss", "subwords", "min_n", "max_n", "buckets")
    dataset: TextDataset = "pydocs"
    batch_size: Annotated[
        int,
        Field(ge=2, le=2**20, description="Words per update, before subsampling."),
        Cli(short="-b"),
    ] = 4_096
    epochs: Epochs = 5.0
    validate_every: Annotated[int, Field(ge=1, le=10**9, description="Steps between two validations.")] = 1_000
    validate_examples: ValidateExamples = 200_000
    learning_rate: Annotated[
        float | None,
        Field(gt=0, le=1e6, description="Initial learning rate; default: 0.025 for skip-gram, 0.3 for cbow."),
        Cli(short="-l"),
    ] = None
    model: Annotated[
        Literal["skip-gram", "cbow"],
        Field(description="Predict the context from a word (skip-gram), or a word from its context (cbow)."),
        Cli(short="-m"),
    ] = "skip-gram"
    vector_size: Annotated[int, Field(ge=1, le=4096, description="Embedding dimension.")] = 100
    window: Annotated[int, Field(ge=1, le=64, description="Maximum context size, in words on either side.")] = 5
    loss: Annotated[
        Literal["negative-sampling", "hierarchical-softmax"],
        Field(description="Distinguish words from random ones, or predict them along the paths of a Huffman tree."),
        Cli(rare=True),
    ] = "negative-sampling"
    negative: Annotated[
        int, Field(ge=1, le=64, description="Negative samples per pair."), Needs("loss", ("negative-sampling",))
    ] = 5
    sample: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Subsampling threshold: relative frequency above which words are dropped at random; 0: none.",
        ),
    ] = 1e-3
    min_count: Annotated[int, Field(ge=1, le=10**9, description="Minimum word count; rarer words are dropped.")] = 5
    pattern: Annotated[
        str, AfterValidator(_pattern), Field(description="Regular expression of a word."), Cli(metavar="REGEX")
    ] = r"\w+(?:['’]\w+)*"
    lower: Annotated[bool, Field(description="Convert the text to lowercase first.")] = True
    subwords: Annotated[
        bool,
        Field(description="Add vectors of character n-grams, as fastText; words outside the vocabulary get vectors."),
    ] = False
    min_n: Annotated[
        int, Field(ge=1, le=20, description="Shortest n-gram, in characters."), Needs("subwords"), Cli(rare=True)
    ] = 3
    max_n: Annotated[
        int, Field(ge=1, le=20, description="Longest n-gram, in characters."), Needs("subwords"), Cli(rare=True)
    ] = 6
    buckets: Annotated[
        int,
        Field(ge=1, le=10**7, description="Vectors that the n-grams share, by their hash."),
        Needs("subwords"),
        Cli(rare=True),
    ] = 200_000

    @model_validator(mode="after")
    def _ordered_lengths(self) -> "Train":
        if self.min_n > self.max_n:
            raise ValueError(f"--min-n must be at most --max-n ({self.max_n}), got {self.min_n}")
        return self


class Eval(TextColumnOptions, EvalOptions):
    """Options of `dlcli eval` for a run of word2vec."""

    pairs: Annotated[
        tuple[Path, ...],
        Field(description="File of word pairs with human similarities, such as WordSim-353; may be repeated."),
        Cli(metavar="FILE"),
    ] = ()
    analogies: Annotated[
        Path | None, Field(description="File of analogies, such as questions-words.txt."), Cli(metavar="FILE")
    ] = None
    restrict_vocab: Annotated[
        int,
        Field(ge=2, le=10**9, description="Answer analogies with the N most frequent words only."),
        Needs("analogies"),
    ] = 30_000


class Predict(ReadingOptions):
    """Options of `dlcli predict word2vec`."""

    examples = (
        "dlcli predict word2vec --nearest number",
        "dlcli predict word2vec --analogy rows row columns --top 3",
    )
    nearest: Words = ()
    analogy: Annotated[
        tuple[str, str, str] | None,
        Field(description="Three words: the first is to the second as the third is to the answer."),
        Cli(metavar="A B C"),
    ] = None
    similarity: Annotated[
        tuple[str, str] | None, Field(description="Two words whose cosine similarity to show."), Cli(metavar="A B")
    ] = None
    top: Annotated[
        int,
        Field(ge=1, le=10_000, description="Number of words to show per query, nearest first."),
        Cli(short="-k"),
        Needs(("nearest", "analogy")),
    ] = 10

    @model_validator(mode="after")
    def _require_query(self) -> "Predict":
        if not (self.nearest or self.analogy or self.similarity):
            raise ValueError("give --nearest WORD, --analogy A B C or --similarity A B")
        return self
