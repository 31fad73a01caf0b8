"""Options of the transformer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import AfterValidator, Field, model_validator

from dlcli.errors import UsageError
from dlcli.options import values
from dlcli.options.common import (
    BatchSize,
    Cli,
    DatasetName,
    Dropout,
    EvalOptions,
    LabelSmoothing,
    LearningRate,
    MaxGradNorm,
    Needs,
    NetworkOptions,
    OptimizerChoice,
    Options,
    Remat,
    Steps,
    ValidateExamples,
    WarmupSteps,
    WeightDecay,
)
from dlcli.options.defaults import DependentDefaults
from dlcli.options.fields import flag
from dlcli.options.optimizers import WITH_BETAS
from dlcli.options.tables import LabelColumnOptions, PairColumnOptions
from dlcli.options.text import (
    TextPredictOptions,
    TextSampleOptions,
    TextScoreOptions,
    TokenizerKind,
    TokenizerOptions,
    VocabSize,
)

Shape = Literal["decoder", "encoder", "encoder-decoder"]
Task = Literal["classify", "mask"]

MASK = "<mask>"  # in a text whose missing token is predicted
_WARMUP = 100  # steps

# Defaults of each shape: sizes and lengths that take minutes on two cores.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "decoder": {
        "dataset": "pydocs",
        "tokenizer": "characters",
        "context": 64,
        "batch_size": 16,
        "steps": 1_000,
        "validate_examples": 1_000,
    },
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


class Train(DependentDefaults, TokenizerOptions, LabelColumnOptions, PairColumnOptions, NetworkOptions):
    """Options of `dlcli train transformer`."""

    panel = "Model"
    architecture = (
        *("shape", "preset", "layers", "heads", "d_model", "context"),
        *("d_ff", "kv_heads", "head_dim", "rope_base", "norm_epsilon", "tie_embeddings"),
        *("qkv_bias", "rope_scaling"),
    )
    examples: ClassVar[tuple[str, ...]] = (
        "dlcli train transformer",
        "dlcli train transformer --shape encoder-decoder",
        "dlcli train transformer --shape encoder --dataset trec/train.tsv",
        "dlcli train transformer --shape encoder --task mask --name masked",
        "dlcli train transformer --shape encoder --dataset trec/train.tsv --init-from masked",
        "dlcli train transformer --dataset shakespeare.txt --preset gpt2 --batch-size 12 --steps 2000",
    )
    dataset: Annotated[
        DatasetName,
        Field(
            description="Text: pydocs, a .txt, .tsv, .csv or .jsonl file (also .xz, .gz), .parquet, or a folder of "
            "them; pairs for encoder-decoder: dates, a table, a folder or FOLDER:ONE-TWO. Default pydocs or dates."
        ),
        Cli(short="-d", metavar="NAME", complete="texts"),
    ] = ""
    shape: Annotated[
        Shape,
        Field(description="decoder (language model), encoder (classifier) or encoder-decoder (translation)."),
    ] = "decoder"
    task: Annotated[
        Task,
        Field(description="Task of an encoder: classify texts, or predict masked tokens (BERT)."),
        Needs("shape", ("encoder",)),
    ] = "classify"
    preset: Annotated[
        Literal["original", "gpt2", "modern", "bert", "llama", "marian"],
        Field(
            description="Block style: original (Vaswani 2017), gpt2, bert, llama, modern (llama with query-key "
            "normalization), or marian (original with SiLU and an output bias)."
        ),
        Cli(rare=True),
    ] = "modern"
    layers: Annotated[int, Field(ge=1, le=256, description="Number of blocks per stack.")] = 4
    heads: Annotated[int, Field(ge=1, le=256, description="Number of attention heads.")] = 4
    d_model: Annotated[int, Field(ge=2, le=2**16, description="Model dimension.")] = 128
    context: Annotated[int, Field(ge=1, le=2**17, description="Context length in tokens.")] = 64
    d_ff: Annotated[
        int | None,
        Field(ge=1, le=2**18, description="Hidden units of the feed-forward layers; default: depends on --d-model."),
        Cli(rare=True),
    ] = None
    kv_heads: Annotated[
        int | None,
        Field(ge=1, le=256, description="Heads of keys and values (grouped-query attention); default: --heads."),
        Cli(rare=True),
    ] = None
    head_dim: Annotated[
        int | None,
        Field(ge=1, le=2**12, description="Features of each head; default: --d-model / --heads."),
        Cli(rare=True),
    ] = None
    rope_base: Annotated[
        float,
        Field(gt=1, le=1e9, description="Base of the wavelengths of rotary positions."),
        Needs("preset", ("modern", "llama")),
        Cli(rare=True),
    ] = 10_000.0
    rope_scaling: Annotated[
        str,
        AfterValidator(values.rope_scaling),
        Field(
            description="Scaled rotary positions of Llama 3: wavelengths above CONTEXT / LOW grow by FACTOR, and "
            "those below CONTEXT / HIGH are kept."
        ),
        Needs("preset", ("modern", "llama")),
        Cli(metavar="FACTOR,LOW,HIGH,CONTEXT", rare=True),
    ] = ""
    qkv_bias: Annotated[
        bool,
        Field(description="Biases of the projections to queries, keys and values, as in Qwen2."),
        Needs("preset", ("llama",)),
        Cli(rare=True),
    ] = False
    norm_epsilon: Annotated[
        float | None,
        Field(gt=0, le=1, description="Number added to the variance in norms; default: depends on --preset."),
        Cli(rare=True),
    ] = None
    tie_embeddings: Annotated[
        bool,
        Field(description="Tied embeddings: use the embedding matrix as output weights."),
        Needs("shape", but=("encoder",)),
        Cli(rare=True),
    ] = True
    vocab_size: Annotated[VocabSize, Needs("tokenizer", get_args(TokenizerKind))] = 4_096
    separate_tokenizers: Annotated[
        bool,
        Field(description="Train a tokenizer for the sources and one for the targets, instead of one for both."),
        Needs("shape", ("encoder-decoder",)),
        Needs("tokenizer", get_args(TokenizerKind)),
        Cli(rare=True),
    ] = False
    length_buckets: Annotated[
        int,
        Field(ge=1, le=64, description="Batches of similar lengths: number of widths at most, one program each."),
        Needs("shape", ("encoder", "encoder-decoder")),
        Cli(rare=True),
    ] = 4
    dropout: Dropout = 0.0
    remat: Remat = False
    label_smoothing: LabelSmoothing = 0.0
    batch_size: BatchSize = 16
    steps: Steps = 2_000
    validate_examples: ValidateExamples = 2_000
    optimizer: OptimizerChoice = "adamw"
    learning_rate: LearningRate = 1e-3
    warmup_steps: WarmupSteps = _WARMUP
    max_grad_norm: MaxGradNorm = 1.0
    weight_decay: WeightDecay = 0.1
    beta2: Annotated[
        float,
        Field(gt=0, lt=1, description="Adam's beta2, second-moment decay."),
        Needs("optimizer", WITH_BETAS),
        Cli(rare=True),
    ] = 0.99

    @classmethod
    def defaults_for(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the defaults of the shape; a short run also has a shorter warm-up."""
        defaults = _DEFAULTS.get(str(given.get("shape", "decoder")), {})
        if str(steps := given.get("steps")).isdecimal():
            return {**defaults, "warmup_steps": min(_WARMUP, int(steps) // 10)}
        return defaults

    @model_validator(mode="after")
    def _check_columns(self) -> "Train":
        if misplaced := misplaced_column(self.shape, self.model_dump(include=set(_COLUMNS))):
            raise ValueError(f"{misplaced}, got {self.shape}")
        chosen = self.length_buckets != type(self).model_fields["length_buckets"].default
        if chosen and self.shape == "encoder" and self.task == "mask":
            raise ValueError("--length-buckets needs --task classify: windows to mask all have the same length")
        return self


def task_of(options: Train) -> str:
    """Return what a network of these options learns: its shape, or the task of an encoder."""
    return {"encoder": options.task}.get(options.shape, options.shape)


class BeamSearchOptions(Options):
    """How an encoder-decoder generates the target of a source."""

    panel = "Beam search"
    beams: Annotated[
        int,
        Field(ge=1, le=256, description="Beam width of an encoder-decoder; 1: greedy decoding."),
        Needs("shape", ("encoder-decoder",), of_run=True),
    ] = 4
    length_penalty: Annotated[
        float,
        Field(ge=0, le=10, description="Exponent that favours long targets in the beam search; 0: none."),
        Needs("shape", ("encoder-decoder",), of_run=True),
    ] = 0.6


class Eval(LabelColumnOptions, PairColumnOptions, BeamSearchOptions, EvalOptions):
    """Options of `dlcli eval` for a run of transformer."""

    baseline: Annotated[
        bool,
        Field(description="Also measure a linear classifier of words and word pairs, fitted to the training split."),
        Needs("shape", ("encoder",), of_run=True),
        Needs("task", ("classify",), of_run=True),
    ] = False

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


class Predict(BeamSearchOptions, TextPredictOptions):
    """Options of `dlcli predict transformer`."""

    requires = (("shape", "encoder"), ("shape", "encoder-decoder"))
    examples = (
        'dlcli predict transformer "7. März 1999" "March 7, 1999" --beams 4 --top 1',
        'dlcli predict transformer --run minilm --nearest questions.txt "How far is the moon?"',
    )
    top: Annotated[
        int, Field(ge=1, le=1000, description="Number of answers per text, best first."), Cli(short="-k")
    ] = 3
    embed: Annotated[
        bool,
        Field(description="Print the vector of each text, the mean of an encoder's positions, instead of classes."),
        Needs("shape", ("encoder",), of_run=True),
    ] = False
    nearest: Annotated[
        Path | None,
        Field(description="Rank the lines of this file by the cosine similarity of their vectors to that of a text."),
        Needs("shape", ("encoder",), of_run=True),
        Cli(metavar="FILE"),
    ] = None

    @model_validator(mode="after")
    def _one_output(self) -> "Predict":
        if self.embed and self.nearest:
            raise ValueError("give --embed or --nearest, not both")
        return self

    def require_fit(self, run: Any) -> None:
        shape, classes = run.options.shape, run.files.raw("facts.json").get("classes")
        masked = run.options.task == "mask"
        if masked and not (self.embed or self.nearest):
            for text in (each for each in self.text if each.count(MASK) != 1):
                raise UsageError(f"a text must contain {MASK} once, to be replaced, got {text[:40]!r}")
        if shape == "encoder" and not masked and not classes and not (self.embed or self.nearest):
            raise UsageError(
                f"{run.folder} is an encoder without classes",
                hint="--embed prints the vector of a text; `dlcli train transformer --init-from` adds classes",
            )
