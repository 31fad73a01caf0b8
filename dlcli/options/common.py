"""Options that several commands share: one named type for each, with its help text and its bounds.

The file loads neither jax nor numpy, since `dlcli --help` reads every `options` module.
"""

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from dlcli.options.augmentations import AUGMENTATIONS
from dlcli.options.fields import Cli as Cli
from dlcli.options.fields import Needs as Needs
from dlcli.options.fields import Options as Options
from dlcli.options.initialization import InitOptions
from dlcli.options.optimizers import OPTIMIZERS, WITH_MOMENTUM, OptimizerName
from dlcli.options.values import (
    augmentation,
    byte_count,
    bytes_text,
    dataset_name,
    duration,
    example_count,
    examples_text,
    given_rate,
    run_name,
    trackers,
)

ScheduleName = Literal["constant", "linear", "cosine", "inverse-sqrt", "one-cycle", "step", "cosine-restarts"]
DatasetName = Annotated[str, AfterValidator(dataset_name)]
Dataset = Annotated[
    DatasetName,
    Field(description="Data set: an embedded name, tfds:NAME, folder:PATH or a file."),
    Cli(short="-d", metavar="NAME", complete="images"),
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
ValidateExamples = Annotated[
    int,
    BeforeValidator(example_count),
    Field(
        ge=0,
        le=10**9,
        description="Examples of the validation split to validate on, always the same, evenly spread; or all. "
        "An example is an image, a text, a pair, a row, a window of --context tokens or a word.",
    ),
    Cli(rare=True, metavar="N|all", text=examples_text),
]
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
Track = Annotated[
    str,
    AfterValidator(trackers),
    Field(description="Log to trackers: tensorboard, mlflow, wandb."),
    Cli(rare=True, metavar="NAME,…"),
]
Seed = Annotated[int, Field(ge=0, lt=2**31, description="Random seed.")]
OptimizerChoice = Annotated[OptimizerName, Field(description="Optimizer.")]
AUTO: Final = "auto"  # a learning rate that a range test chooses
_Rate = Annotated[float, Field(gt=0, le=1e6)]
LearningRate = Annotated[
    _Rate | Literal["auto"],
    Field(description="Peak learning rate, or auto: by a range test; another --optimizer has its own default."),
    Cli(short="-l", metavar="X|auto"),
]
GivenLearningRate = Annotated[
    _Rate,
    BeforeValidator(given_rate),
    Field(description="Peak learning rate; an --optimizer other than the default has its own default."),
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
    Field(description=f"Augmentations of training images, NAME or NAME:STRENGTH: {', '.join(sorted(AUGMENTATIONS))}."),
    Cli(metavar="NAME,…", complete="augmentations"),
]
ActivationName = Literal["elu", "gelu", "leaky-relu", "relu", "silu", "tanh"]
LabelSmoothing = Annotated[
    float,
    Field(ge=0, lt=1, description="Label smoothing: probability spread evenly over all classes or tokens."),
    Cli(rare=True),
]
Top = Annotated[
    int, Field(ge=1, le=1000, description="Number of most likely classes to show per input."), Cli(short="-k")
]
Remat = Annotated[
    bool,
    Field(
        description="Recompute activations of each block in the backward pass: less memory on a GPU or TPU, more time."
    ),
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
    validate_examples: ValidateExamples = 5_000
    save_every: SaveEvery = 1_000
    keep: Keep = 2
    patience: Patience = 0
    max_time: MaxTime = None
    track: Track = ""
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
    lookahead: Annotated[
        int,
        Field(
            ge=0,
            le=10**6,
            description="Every N updates, average the weights with those of N updates before (Lookahead); 0: never.",
        ),
        Cli(rare=True),
    ] = 0
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
    """The device, the data type and the sharding of a run."""

    panel = "Machine"
    device: Device = "auto"
    shard: Annotated[
        Literal["none", "fsdp"],
        Field(description="Split weights and optimizer state over all devices (fsdp), or copy them to each (none)."),
        Cli(rare=True),
    ] = "none"
    dtype: Annotated[
        Literal["float32", "bfloat16"],
        Field(description="Data type of activations; weights, norms and losses stay float32."),
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


class DirectOptions(RunFolderOptions):
    """Options of every run that is trained without gradient steps."""

    panel = "Run"
    dataset: Dataset


class NetworkOptions(InitOptions, PenaltyOptions, OptimizerOptions, SkipBadOptions, FitOptions):
    """Options of a run that trains a network with an optimizer."""


class TrainOptions(StorageOptions, NetworkOptions):
    """Options of a run that trains a network on images, which may be prepared or streamed."""


class ReadingOptions(Options):
    """Options of every command that reads a trained run."""

    panel = "Run"
    run: RunRef = ""
    use: Use = "best"
    device: Device = "auto"


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
