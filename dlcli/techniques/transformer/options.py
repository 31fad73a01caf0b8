"""Options of the transformer."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field, model_validator

from dlcli.errors import UsageError
from dlcli.options.common import (
    BatchSize,
    Cli,
    DatasetName,
    Dropout,
    EvalOptions,
    LearningRate,
    Needs,
    NetworkOptions,
    Remat,
    Steps,
    TextPredictOptions,
    TextSampleOptions,
    TextScoreOptions,
    TokenizerKind,
    TokenizerOptions,
    VocabSize,
    WeightDecay,
    with_defaults,
)
from dlcli.options.fields import flag
from dlcli.options.optimizers import WITH_BETAS, OptimizerName
from dlcli.options.tables import LabelColumnOptions, PairColumnOptions

Shape = Literal["decoder", "encoder", "encoder-decoder"]

_WARMUP = 100  # steps

# Defaults of each shape: sizes and lengths that take minutes on two cores.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "decoder": {"dataset": "pydocs", "tokenizer": "characters", "context": 64, "batch_size": 16, "steps": 1_000},
    "encoder": {
        "dataset": "pydocs",
        "tokenizer": "words",
        "layers": 2,
        "context": 64,
        "batch_size": 32,
        "steps": 1_000,
        "dropout": 0.1,
    },
    "encoder-decoder": {
        "dataset": "dates",
        "tokenizer": "characters",
        "layers": 2,
        "d_model": 64,
        "context": 64,
        "batch_size": 64,
        "steps": 1_000,
        "label_smoothing": 0.1,
    },
}


_COLUMNS = {
    "text_column": ("decoder", "encoder"),
    "label_column": ("encoder",),
    "source_column": ("encoder-decoder",),
    "target_column": ("encoder-decoder",),
}


def misplaced_column(shape: str, given: Mapping[str, Any]) -> str:
    """Return which of the given columns the shape does not read, in words; "" if it reads all."""
    for name, shapes in _COLUMNS.items():
        if given.get(name) is not None and shape not in shapes:
            return f"{flag(name)} needs --shape {' or '.join(shapes)}"
    return ""


class Train(TokenizerOptions, LabelColumnOptions, PairColumnOptions, NetworkOptions):
    """Options of `dlcli train transformer`."""

    panel = "Model"
    examples: ClassVar[tuple[str, ...]] = (
        "dlcli train transformer",
        "dlcli train transformer --shape encoder-decoder",
        "dlcli train transformer --shape encoder --dataset trec/train.tsv",
        "dlcli train transformer --dataset shakespeare.txt --preset gpt2 --batch-size 12 --steps 2000",
    )
    dataset: Annotated[
        DatasetName,
        Field(
            description="Text: pydocs, a .txt, .tsv, .csv or .jsonl file (also as .xz or .gz), or a folder of them; "
            "pairs for encoder-decoder: dates, a table, a folder or FOLDER:ONE-TWO. Default pydocs, or dates."
        ),
        Cli(short="-d", metavar="NAME", complete="texts"),
    ] = ""
    shape: Annotated[Shape, Field(description="Language model, classifier, or translation model.")] = "decoder"
    preset: Annotated[
        Literal["original", "gpt2", "modern"],
        Field(description="Block style: original (Vaswani 2017), gpt2, or modern (LLaMA)."),
        Cli(rare=True),
    ] = "modern"
    layers: Annotated[int, Field(ge=1, le=256, description="Number of blocks per stack.")] = 4
    heads: Annotated[int, Field(ge=1, le=256, description="Number of attention heads.")] = 4
    d_model: Annotated[int, Field(ge=2, le=2**16, description="Model dimension.")] = 128
    context: Annotated[int, Field(ge=1, le=2**17, description="Context length in tokens.")] = 64
    vocab_size: Annotated[VocabSize, Needs("tokenizer", get_args(TokenizerKind))] = 4_096
    dropout: Dropout = 0.0
    remat: Remat = False
    label_smoothing: Annotated[
        float,
        Field(ge=0, lt=1, description="Label smoothing: probability spread over all classes or tokens."),
        Cli(rare=True),
    ] = 0.0
    batch_size: BatchSize = 16
    steps: Steps = 2_000
    optimizer: Annotated[OptimizerName, Field(description="Optimizer.")] = "adamw"
    learning_rate: LearningRate = 1e-3
    warmup_steps: Annotated[
        int, Field(ge=0, le=10**9, description="Steps of linear warm-up to the peak learning rate."), Cli(rare=True)
    ] = _WARMUP
    max_grad_norm: Annotated[
        float, Field(ge=0, description="Maximum gradient norm (clipping); 0: no clipping."), Cli(rare=True)
    ] = 1.0
    weight_decay: WeightDecay = 0.1
    beta2: Annotated[
        float,
        Field(gt=0, lt=1, description="Adam's beta2, second-moment decay."),
        Needs("optimizer", WITH_BETAS),
        Cli(rare=True),
    ] = 0.99

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_the_shape(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        defaults = _DEFAULTS.get(str(given.get("shape", "decoder")), {})
        if str(steps := given.get("steps")).isdecimal():
            defaults = {**defaults, "warmup_steps": min(_WARMUP, int(steps) // 10)}  # a short run has a shorter warm-up
        return with_defaults(given, defaults)

    @model_validator(mode="after")
    def _check_columns(self) -> "Train":
        if misplaced := misplaced_column(self.shape, self.model_dump(include=set(_COLUMNS))):
            raise ValueError(f"{misplaced}, got {self.shape}")
        return self


class Eval(LabelColumnOptions, PairColumnOptions, EvalOptions):
    """Options of `dlcli eval` for a run of transformer."""

    def require_fit(self, run: Any) -> None:
        shape = run.options.shape
        if misplaced := misplaced_column(shape, self.model_dump(include=set(_COLUMNS))):
            raise UsageError(f"{misplaced}; {run.folder} is a run of --shape {shape}")


class Sample(TextSampleOptions):
    """Options of `dlcli sample transformer`."""

    requires = (("shape", "decoder"),)
    examples = (
        'dlcli sample transformer --prompt "Return the"',
        "dlcli sample transformer --temperature 0.7 --top-p 0.9 --count 3",
    )


class Score(TextScoreOptions):
    """Options of `dlcli score transformer`."""

    requires = (("shape", "decoder"),)
    examples = ('dlcli score transformer "Return the sum of the elements."',)


class Predict(TextPredictOptions):
    """Options of `dlcli predict transformer`."""

    requires = (("shape", "encoder"), ("shape", "encoder-decoder"))
    examples = ('dlcli predict transformer "7. März 1999" "March 7, 1999" --beams 4 --top 1',)
    top: Annotated[
        int, Field(ge=1, le=1000, description="Number of answers per text, best first."), Cli(short="-k")
    ] = 3
    beams: Annotated[
        int,
        Field(ge=1, le=256, description="Beam width of an encoder-decoder; 1: greedy decoding."),
        Needs("shape", ("encoder-decoder",), of_run=True),
    ] = 4
