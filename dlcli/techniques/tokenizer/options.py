"""Options of the tokenizer."""

from typing import Annotated

from pydantic import Field, model_validator

from dlcli.options.common import Cli, DatasetName, DirectOptions, Options, RunArgument, RunRef
from dlcli.options.tables import TextColumnOptions, TextTableOptions
from dlcli.options.text import MIN_VOCABULARY, TextDataset, TokenizerKind, VocabSize


class Train(TextTableOptions, DirectOptions):
    """Options of `dlcli train tokenizer`."""

    panel = "Model"
    examples = (
        "dlcli train tokenizer",
        "dlcli train tokenizer --kind unigram --vocab-size 4000",
        "dlcli train tokenizer --kind characters --dataset shakespeare.txt",
    )
    dataset: TextDataset = "pydocs"
    kind: Annotated[
        TokenizerKind,
        Field(description="Algorithm: characters, words, or subwords (bpe, wordpiece, unigram)."),
        Cli(short="-k"),
    ] = "bpe"
    vocab_size: VocabSize = 8_000

    @model_validator(mode="after")
    def _check_vocabulary(self) -> "Train":
        minimum = MIN_VOCABULARY[self.kind]
        if self.vocab_size < minimum:
            raise ValueError(f"--kind {self.kind} needs --vocab-size {minimum} or more, got {self.vocab_size}")
        return self


class Eval(TextColumnOptions):
    """Options of `dlcli eval` for a run of tokenizer."""

    panel = "Run"
    run: RunArgument
    dataset: Annotated[
        DatasetName | None,
        Field(description="Evaluate on the test split of another text."),
        Cli(complete="datasets"),
    ] = None


class Predict(Options):
    """Options of `dlcli predict tokenizer`."""

    panel = "Run"
    text: Annotated[
        list[str], Field(description="Texts to tokenize, or - for the lines of standard input."), Cli(argument=True)
    ]
    run: RunRef = ""
