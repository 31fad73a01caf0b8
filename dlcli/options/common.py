"""Options that several commands share: one named type for each, with its help text and its bounds.

The file loads neither jax nor numpy, since `dlcli --help` reads every `options` module.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from dlcli.options.augmentations import AUGMENTATIONS
from dlcli.options.fields import Cli as Cli
from dlcli.options.fields import Needs as Needs
from dlcli.options.fields import Options as Options
from dlcli.options.optimizers import OPTIMIZERS, WITH_MOMENTUM, OptimizerName
from dlcli.options.values import augmentation, byte_count, bytes_text, dataset_name, duration, run_name

ScheduleName = Literal["constant", "linear", "cosine", "inverse-sqrt", "one-cycle"]
TokenizerKind = Literal["characters", "words", "bpe", "wordpiece", "unigram"]
# Four special tokens and at least one more; bpe also has all 256 bytes.
MIN_VOCABULARY: dict[TokenizerKind, int] = {"characters": 5, "words": 5, "bpe": 260, "wordpiece": 5, "unigram": 5}
DatasetName = Annotated[str, AfterValidator(dataset_name)]
Dataset = Annotated[
    DatasetName,
    Field(description="Data set: an embedded name, tfds:NAME, folder:PATH or a file."),
    Cli(short="-d", metavar="NAME", complete="images"),
]
TextDataset = Annotated[
    DatasetName,
    Field(description="Text: pydocs, a .txt, .tsv, .csv or .jsonl file (also as .xz or .gz), or a folder of them."),
    Cli(short="-d", metavar="NAME", complete="texts"),
]
DataDir = Annotated[
    Path | None, Field(description="Folder of prepared tfds data sets; default: TFDS_DATA_DIR."), Cli(rare=True)
]
MemoryLimit = Annotated[
    int,
    BeforeValidator(byte_count),
    Field(ge=0, description="Stream a data set from its files if it is larger than this when decoded, such as 512M."),
    Cli(rare=True, metavar="SIZE", text=bytes_text),
]
SkipBad = Annotated[
    bool,
    Field(description="Skip unreadable examples and list them, instead of refusing the data set."),
    Cli(rare=True),
]
TrainExamples = Annotated[
    int | None,
    Field(ge=1, le=10**9, description="Use only N training examples, balanced over the classes; default: all."),
    Cli(rare=True),
]
BatchSize = Annotated[int, Field(ge=1, le=2**20, description="Examples per batch."), Cli(short="-b")]
RunFolder = Annotated[
    Path | None,
    Field(description="Run folder; default: runs/TECHNIQUE-DATASET-TIME."),
    Cli(short="-o"),
]
RunName = Annotated[
    str | None,
    AfterValidator(run_name),
    Field(description="Run name; its folder is runs/NAME."),
]
WhichRun = Annotated[str, Field(description="Run: a folder, a name under runs/, or a technique for its latest run.")]
RunRef = Annotated[WhichRun, Cli(short="-r", metavar="RUN", complete="runs")]
RunArgument = Annotated[WhichRun, Cli(metavar="RUN", complete="runs", argument=True)]
Device = Annotated[
    Literal["auto", "cpu", "gpu", "tpu"], Field(description="Device to compute on; error if it is not available.")
]
Steps = Annotated[int, Field(ge=1, le=10**9, description="Training steps, one batch each."), Cli(short="-s")]
Epochs = Annotated[
    float | None,
    Field(gt=0, le=10**6, description="Passes over the training data, instead of --steps."),
    Cli(short="-e"),
]
ReportEvery = Annotated[int, Field(ge=1, le=10**9, description="Steps between two reports."), Cli(rare=True)]
ValidateEvery = Annotated[int, Field(ge=1, le=10**9, description="Steps between two validations."), Cli(rare=True)]
SaveEvery = Annotated[int, Field(ge=1, le=10**9, description="Steps between two checkpoints."), Cli(rare=True)]
Keep = Annotated[
    int, Field(ge=1, le=1000, description="Latest checkpoints to keep; the best one is kept too."), Cli(rare=True)
]
Patience = Annotated[
    int,
    Field(ge=0, le=10**6, description="Stop after N validations without improvement; 0: never."),
    Cli(rare=True),
]
MaxTime = Annotated[
    Annotated[float, Field(gt=0)] | None,
    BeforeValidator(duration),
    Field(description="Stop after this time: seconds, or 90s, 10m, 1.5h."),
    Cli(metavar="TIME"),
]
Seed = Annotated[int, Field(ge=0, lt=2**31, description="Random seed of the run.")]
OptimizerChoice = Annotated[OptimizerName, Field(description="Optimizer.")]
LearningRate = Annotated[
    float,
    Field(gt=0, le=1e6, description="Peak learning rate; an --optimizer other than the default has its own default."),
    Cli(short="-l"),
]
WarmupSteps = Annotated[
    int, Field(ge=0, le=10**9, description="Steps of linear warm-up to the peak learning rate."), Cli(rare=True)
]
MaxGradNorm = Annotated[float, Field(ge=0, description="Maximum gradient norm (clipping); 0: none."), Cli(rare=True)]
Schedule = Annotated[ScheduleName, Field(description="Learning-rate schedule."), Cli(rare=True)]
Momentum = Annotated[
    float,
    Field(ge=0, lt=1, description="Momentum coefficient (momentum, nesterov, rmsprop)."),
    Needs("optimizer", WITH_MOMENTUM),
    Cli(rare=True),
]
WeightDecay = Annotated[
    float,
    Field(ge=0, description="Decoupled weight decay, multiplied by the learning rate (AdamW)."),
    Cli(rare=True),
]
Dropout = Annotated[float, Field(ge=0, lt=1, description="Dropout probability of hidden units.")]
InputDropout = Annotated[float, Field(ge=0, lt=1, description="Dropout probability of inputs."), Cli(rare=True)]
Augment = Annotated[
    str,
    AfterValidator(augmentation),
    Field(description=f"Augmentations of training images, NAME or NAME:STRENGTH: {', '.join(AUGMENTATIONS)}."),
    Cli(metavar="NAME,…", complete="augmentations"),
]
VocabSize = Annotated[
    int,
    Field(ge=8, le=2**18, description="Maximum vocabulary size."),
]
Remat = Annotated[
    bool,
    Field(description="Recompute activations of each block in the backward pass: less memory, more time."),
    Cli(rare=True),
]
Use = Annotated[Literal["best", "last"], Field(description="Weights to load: best validation, or last step.")]
Out = Annotated[
    Path | None,
    Field(description="Output file; its extension chooses the format."),
    Cli(short="-o", metavar="FILE"),
]


class DataOptions(Options):
    """The data set and the batch size."""

    panel = "Data"
    dataset: Dataset
    batch_size: BatchSize = 128


class SkipBadOptions(Options):
    """What happens to examples that cannot be read."""

    panel = "Data"
    skip_bad: SkipBad = False


class DataDirOptions(Options):
    """Where prepared data sets are."""

    panel = "Data"
    data_dir: DataDir = None


class StorageOptions(SkipBadOptions, DataDirOptions):
    """Where prepared data sets are, and how much decoded data stays in memory."""

    panel = "Data"
    memory_limit: MemoryLimit = 2 * 2**30


class SubsetOptions(Options):
    """The size of the training subset."""

    panel = "Data"
    train_examples: TrainExamples = None


class RunFolderOptions(Options):
    """Where a new run is saved."""

    panel = "Run"
    out: RunFolder = None
    name: RunName = None

    @model_validator(mode="after")
    def _one_folder(self) -> "RunFolderOptions":
        if self.out is not None and self.name is not None:
            raise ValueError("give --out or --name, not both")
        return self


class RunOptions(RunFolderOptions):
    """How long a run trains, and what it writes."""

    panel = "Run"
    steps: Steps = 1_000
    epochs: Epochs = None
    report_every: ReportEvery = 50
    validate_every: ValidateEvery = 200
    save_every: SaveEvery = 1_000
    keep: Keep = 2
    patience: Patience = 0
    max_time: MaxTime = None
    seed: Seed = 0


class OptimizerOptions(Options):
    """The optimizer, its learning rate and its schedule."""

    panel = "Optimizer"
    optimizer: OptimizerChoice = "adam"
    learning_rate: LearningRate = 1e-3
    schedule: Schedule = "cosine"
    warmup_steps: WarmupSteps = 0
    momentum: Momentum = 0.9
    max_grad_norm: MaxGradNorm = 0.0
    gradient_accumulation_steps: Annotated[
        int, Field(ge=1, le=10**6, description="Batches whose gradients are averaged into one update."), Cli(rare=True)
    ] = 1

    @model_validator(mode="before")
    @classmethod
    def _default_rate_of_another_optimizer(cls, given: Any) -> Any:
        # The default rate of a technique is for its default optimizer.
        name = given.get("optimizer") if isinstance(given, dict) else None
        if not isinstance(name, str) or name not in OPTIMIZERS or name == cls.model_fields["optimizer"].default:
            return given
        return {"learning_rate": OPTIMIZERS[name].learning_rate, **given}


class PenaltyOptions(Options):
    """Penalties on the size of the weights."""

    panel = "Regularization"
    l1: Annotated[float, Field(ge=0, description="L1 penalty: adds this times Σ|w| to the loss."), Cli(rare=True)] = 0.0
    l2: Annotated[
        float,
        Field(ge=0, description="L2 penalty: adds half of this times Σw² to the loss."),
        Cli(rare=True),
    ] = 0.0
    weight_decay: WeightDecay = 0.0


class DropoutOptions(Options):
    """Dropout of hidden units and of inputs."""

    panel = "Regularization"
    dropout: Dropout = 0.0
    input_dropout: InputDropout = 0.0


class AugmentOptions(Options):
    """Augmentation of the training images."""

    panel = "Regularization"
    augment: Augment = ""


class MachineOptions(Options):
    """The device, the number type and the sharding of a run."""

    panel = "Machine"
    device: Device = "auto"
    shard: Annotated[
        Literal["none", "fsdp"],
        Field(description="Split weights and optimizer state over all devices (fsdp), or copy them to each (none)."),
        Cli(rare=True),
    ] = "none"
    dtype: Annotated[
        Literal["float32", "bfloat16"],
        Field(description="Type of activations; weights, norms and losses stay float32."),
        Cli(rare=True),
    ] = "float32"


class FitOptions(MachineOptions, RunOptions, DataOptions):
    """Options of every run that trains in steps: data, length and device.

    A technique with an update rule of its own takes these, so that it offers no option of an optimizer.
    """

    @model_validator(mode="before")
    @classmethod
    def _steps_replace_default_epochs(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("steps") is not None and "epochs" not in given:
            return {**given, "epochs": None}
        return given

    @model_validator(mode="after")
    def _one_length(self) -> "FitOptions":
        if self.epochs is not None and "steps" in self.model_fields_set:
            raise ValueError("give --steps or --epochs, not both")
        return self


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


class DirectOptions(RunFolderOptions):
    """Options of every run that is trained without gradient steps."""

    panel = "Run"
    dataset: Dataset


class NetworkOptions(PenaltyOptions, OptimizerOptions, SkipBadOptions, FitOptions):
    """Options of a run that trains a network with an optimizer."""


class TrainOptions(StorageOptions, NetworkOptions):
    """Options of a run that trains a network on images, which may be prepared or streamed."""


def with_defaults(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given values over the defaults; given `epochs` replace default `steps`."""
    usable = {name: value for name, value in defaults.items() if name != "steps" or given.get("epochs") is None}
    return {**usable, **given}


class ReadingOptions(Options):
    """Options of every command that reads a trained run."""

    panel = "Run"
    run: RunRef = ""
    use: Use = "best"
    device: Device = "auto"


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
    top: Annotated[
        int, Field(ge=1, le=1000, description="Number of most likely classes to show per text."), Cli(short="-k")
    ] = 3


class EvalOptions(Options):
    """Options of `dlcli eval RUN` for every technique."""

    panel = "Run"
    run: RunArgument
    use: Use = "best"
    dataset: Annotated[
        DatasetName | None,
        Field(description="Evaluate on the test split of another data set of the same shape."),
        Cli(complete="datasets"),
    ] = None
    device: Device = "auto"
