"""Options of techniques that read text, and of the commands that generate, score or classify it."""

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from dlcli.options.common import DatasetName, ReadingOptions, Top
from dlcli.options.fields import Cli, Needs, Options

TokenizerKind = Literal["characters", "words", "bpe", "wordpiece", "unigram"]
# Four special tokens and at least one more; bpe also has all 256 bytes.
MIN_VOCABULARY: dict[TokenizerKind, int] = {"characters": 5, "words": 5, "bpe": 260, "wordpiece": 5, "unigram": 5}
TextDataset = Annotated[
    DatasetName,
    Field(
        description="Text: pydocs, a .txt, .tsv, .csv or .jsonl file (also .xz, .gz), .parquet, or a folder of them."
    ),
    Cli(short="-d", metavar="NAME", complete="texts"),
]
VocabSize = Annotated[
    int,
    Field(ge=8, le=2**18, description="Maximum vocabulary size."),
]


class TokenizerOptions(Options):
    """How text becomes tokens."""

    panel = "Data"
    tokenizer: Annotated[
        str,
        Field(description="Tokenizer: characters, words, bpe, wordpiece, unigram, or the file of a trained tokenizer."),
        Cli(metavar="KIND", complete="tokenizers"),
    ] = "characters"
    vocab_size: Annotated[VocabSize, Needs("tokenizer", get_args(TokenizerKind))] = 512

    @model_validator(mode="after")
    def _vocabulary_fits_the_tokenizer(self) -> "TokenizerOptions":
        smallest = MIN_VOCABULARY.get(self.tokenizer, 0)  # type: ignore[call-overload]
        if self.vocab_size < smallest:
            raise ValueError(
                f"--tokenizer {self.tokenizer} needs --vocab-size {smallest} or more, got {self.vocab_size}"
            )
        return self


class TextSampleOptions(ReadingOptions):
    """Options of every command that generates text."""

    panel = "Samples"
    prompt: Annotated[str, Field(description="Prompt to continue; default: none."), Cli(short="-p", metavar="TEXT")] = (
        ""
    )
    count: Annotated[int, Field(ge=1, le=10_000, description="Texts to generate."), Cli(short="-k")] = 1
    max_new_tokens: Annotated[
        int, Field(ge=1, le=10**6, description="Maximum number of tokens to generate per text.")
    ] = 500
    temperature: Annotated[float, Field(ge=0, le=100, description="Sampling temperature; 0 means greedy.")] = 0.8
    top_k: Annotated[
        int | None, Field(ge=1, description="Sample from the k most likely tokens."), Needs("temperature")
    ] = None
    top_p: Annotated[
        float | None,
        Field(gt=0, le=1, description="Top-p (nucleus) sampling: sample from the most likely tokens of total mass p."),
        Needs("temperature"),
    ] = None
    seed: Annotated[int, Field(ge=0, lt=2**31, description="Random seed of the samples."), Needs("temperature")] = 0


Texts = Annotated[
    list[str],
    Field(description="Texts; - reads lines from standard input."),
    Cli(argument=True, metavar="TEXT"),
]


class TextScoreOptions(ReadingOptions):
    """Options of every command that computes the log-likelihood of texts."""

    text: Texts


class TextPredictOptions(ReadingOptions):
    """Options of every command that classifies texts."""

    text: Texts
    top: Top = 3
