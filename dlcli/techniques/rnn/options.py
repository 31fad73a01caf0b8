"""Options of the recurrent network."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from dlcli.options.common import (
    BatchSize,
    Cli,
    Dropout,
    DropoutOptions,
    EvalOptions,
    LearningRate,
    Needs,
    Steps,
    TextDataset,
    TextPredictOptions,
    TextSampleOptions,
    TextScoreOptions,
    TokenizerOptions,
    TrainOptions,
)
from dlcli.options.optimizers import OptimizerName
from dlcli.options.tables import LabelColumnOptions


class Train(DropoutOptions, TokenizerOptions, LabelColumnOptions, TrainOptions):
    """Options of `dlcli train rnn`."""

    panel = "Model"
    examples = (
        "dlcli train rnn",
        "dlcli train rnn --dataset novel.txt --cell gru --layers 2 --hidden 512 --dropout 0.3",
        "dlcli train rnn --task classify --dataset questions.tsv --tokenizer words",
    )
    dataset: TextDataset = "pydocs"
    batch_size: BatchSize = 32
    steps: Steps = 1_000
    # On tinyshakespeare's validation split Muon was at 1.67 nats after 500 steps, Adam at 1.85 after 1,500.
    optimizer: Annotated[OptimizerName, Field(description="Rule that turns gradients into updates.")] = "muon"
    learning_rate: LearningRate = 1e-2
    max_grad_norm: Annotated[
        float, Field(ge=0, description="Bound on the gradients' global norm; 0: none."), Cli(rare=True)
    ] = 1.0
    dropout: Dropout = 0.1
    task: Annotated[
        Literal["language", "classify"], Field(description="Predict the next token, or the label of a text.")
    ] = "language"
    cell: Annotated[Literal["elman", "lstm", "gru"], Field(description="Kind of the recurrent layers.")] = "lstm"
    layers: Annotated[int, Field(ge=1, le=64, description="Recurrent layers.")] = 1
    hidden: Annotated[int, Field(ge=1, le=2**15, description="Units of each recurrent layer.")] = 256
    embedding: Annotated[int, Field(ge=1, le=2**15, description="Embedding dimension."), Cli(rare=True)] = 128
    context: Annotated[
        int,
        Field(
            ge=1,
            le=2**16,
            description="Truncated-BPTT length in tokens; to classify: tokens read.",
        ),
    ] = 64
    tied: Annotated[
        bool,
        Field(description="Score the next token by the embeddings themselves."),
        Needs("task", ("language",)),
        Cli(rare=True),
    ] = False
    pool: Annotated[
        Literal["last", "mean"],
        Field(description="What a text is classified by: its last state, or their mean."),
        Needs("task", ("classify",)),
        Cli(rare=True),
    ] = "last"

    @model_validator(mode="after")
    def _fits_the_task(self) -> "Train":
        if self.label_column and self.task != "classify":
            raise ValueError("--label-column needs --task classify")
        if self.tied and self.embedding != self.hidden:
            raise ValueError(f"--tied needs --embedding {self.hidden}, the units of --hidden, got {self.embedding}")
        return self


class Eval(LabelColumnOptions, EvalOptions):
    """Options of `dlcli eval` for a run of rnn."""


class Sample(TextSampleOptions):
    """Options of `dlcli sample rnn`."""

    requires = (("task", "language"),)


class Score(TextScoreOptions):
    """Options of `dlcli score rnn`."""

    requires = (("task", "language"),)


class Predict(TextPredictOptions):
    """Options of `dlcli predict rnn`."""

    requires = (("task", "classify"),)
