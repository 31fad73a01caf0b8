"""Options of word embeddings."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from dlcli.options.common import Cli, Epochs, EvalOptions, FitOptions, Needs, ReadingOptions, TextDataset
from dlcli.options.tables import TextColumnOptions, TextTableOptions


def _pattern(value: str) -> str:
    import regex  # here, since `--help` needs none

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
    tuple[str, ...], Field(description="Word whose nearest ones to show; may be repeated."), Cli(metavar="WORD")
]


class Train(TextTableOptions, FitOptions):
    """Options of `dlcli train word2vec`."""

    panel = "Model"
    dataset: TextDataset = "pydocs"
    batch_size: Annotated[
        int,
        Field(ge=2, le=2**20, description="Running words in one update, those that are sampled out included."),
        Cli(short="-b"),
    ] = 4_096
    epochs: Epochs = 5.0
    validate_every: Annotated[int, Field(ge=1, le=10**9, description="Steps between two validations.")] = 1_000
    learning_rate: Annotated[
        float | None,
        Field(gt=0, le=1e6, description="Step size at the start; default 0.025, of cbow 0.3."),
        Cli(short="-l"),
    ] = None
    model: Annotated[
        Literal["skip-gram", "cbow"],
        Field(description="Whether a word predicts its neighbours, or they predict it."),
        Cli(short="-m"),
    ] = "skip-gram"
    vector_size: Annotated[int, Field(ge=1, le=4096, description="Embedding dimension.")] = 100
    window: Annotated[int, Field(ge=1, le=64, description="Farthest neighbour that counts, in words.")] = 5
    negative: Annotated[int, Field(ge=1, le=64, description="Random words that a pair's loss sets against it.")] = 5
    sample: Annotated[
        float,
        Field(ge=0, le=1, description="Share of the text from which on a word is left out now and then; 0: never."),
    ] = 1e-3
    min_count: Annotated[
        int, Field(ge=1, le=10**9, description="Words that stand less often in the training text are left out.")
    ] = 5
    pattern: Annotated[
        str, AfterValidator(_pattern), Field(description="Regular expression of a word."), Cli(metavar="REGEX")
    ] = r"\w+(?:['’]\w+)*"
    lower: Annotated[bool, Field(description="Turn the text into lower case first.")] = True


class Eval(TextColumnOptions, EvalOptions):
    """Options of `dlcli eval` for a run of word2vec."""

    pairs: Annotated[
        tuple[Path, ...],
        Field(description="File of word pairs with human similarities, as WordSim-353 or SimLex-999; may be repeated."),
        Cli(metavar="FILE"),
    ] = ()
    analogies: Annotated[
        Path | None, Field(description="File of analogies, as questions-words.txt."), Cli(metavar="FILE")
    ] = None
    restrict_vocab: Annotated[
        int,
        Field(ge=2, le=10**9, description="Answer analogies among the N most frequent words."),
        Needs("analogies"),
    ] = 30_000


class Predict(ReadingOptions):
    """Options of `dlcli predict word2vec`."""

    examples = (
        "dlcli predict word2vec --nearest number",
        "dlcli predict word2vec --analogy rows row columns --top 3",
        "dlcli predict word2vec --vectors vectors.bin",
    )
    nearest: Words = ()
    analogy: Annotated[
        tuple[str, str, str] | None,
        Field(description="Three words, of which the first is to the second as the third is to the answer."),
        Cli(metavar="A B C"),
    ] = None
    similarity: Annotated[
        tuple[str, str] | None, Field(description="Two words whose cosine to show."), Cli(metavar="A B")
    ] = None
    vectors: Annotated[
        Path | None,
        Field(description="File to write all vectors to, in word2vec's format: .txt, or .bin."),
        Cli(metavar="FILE"),
    ] = None
    top: Annotated[
        int,
        Field(ge=1, le=10_000, description="Words to show for each question, nearest first."),
        Cli(short="-k"),
        Needs(("nearest", "analogy")),
    ] = 10

    @model_validator(mode="after")
    def _a_question(self) -> "Predict":
        if not (self.nearest or self.analogy or self.similarity or self.vectors):
            raise ValueError("give --nearest WORD, --analogy A B C, --similarity A B or --vectors FILE")
        if self.vectors and self.vectors.suffix not in (".txt", ".bin"):
            raise ValueError(f"--vectors must end in .txt or .bin, got {self.vectors}")
        return self
