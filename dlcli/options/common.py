"""Options that several commands share: one named type for each, with its help text and its bounds.

Import-light on purpose: no jax, no numpy. `dlcli --help` reads every `options` module.
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
from dlcli.options.values import augmentation, duration, memory, named, run_name

ScheduleName = Literal["constant", "linear", "cosine", "inverse-sqrt", "one-cycle"]
TokenizerKind = Literal["characters", "words", "bpe", "wordpiece", "unigram"]
# Entries that a kind of tokenizer cannot do without: the four special ones, and for bpe all bytes.
LEAST_VOCABULARY: dict[TokenizerKind, int] = {"characters": 5, "words": 5, "bpe": 260, "wordpiece": 5, "unigram": 5}
DatasetName = Annotated[str, AfterValidator(named)]
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
    Path | None, Field(description="Folder of prepared tfds data sets; default TFDS_DATA_DIR."), Cli(rare=True)
]
MemoryLimit = Annotated[
    int,
    BeforeValidator(memory),
    Field(ge=0, description="A decoded data set larger than this streams from its files: bytes, or 512M, 2G."),
    Cli(rare=True, metavar="SIZE"),
]
SkipBad = Annotated[
    bool,
    Field(description="Leave out examples that cannot be read, instead of refusing the data set; names them."),
    Cli(rare=True),
]
TrainExamples = Annotated[
    int | None,
    Field(
        ge=1, le=10**9, description="Train on so few of the training examples, evenly over the classes; default all."
    ),
    Cli(rare=True),
]
BatchSize = Annotated[int, Field(ge=1, le=2**20, description="Examples in one update."), Cli(short="-b")]
RunFolder = Annotated[
    Path | None,
    Field(description="Folder of the run; default runs/TECHNIQUE-DATASET-TIME."),
    Cli(short="-o"),
]
RunName = Annotated[
    str | None,
    AfterValidator(run_name),
    Field(description="Name of the run, which is the folder runs/NAME."),
]
WhichRun = Annotated[
    str, Field(description="A run: its folder, its name under runs/, or a technique's name for its latest run.")
]
RunRef = Annotated[WhichRun, Cli(short="-r", metavar="RUN", complete="runs")]
RunArgument = Annotated[WhichRun, Cli(metavar="RUN", complete="runs", argument=True)]
Device = Annotated[
    Literal["auto", "cpu", "gpu", "tpu"], Field(description="Device to compute on; error if it is not available.")
]
Steps = Annotated[int, Field(ge=1, le=10**9, description="Training steps to make, of one batch each."), Cli(short="-s")]
Epochs = Annotated[
    float | None,
    Field(gt=0, le=10**6, description="Passes over the training data, instead of --steps."),
    Cli(short="-e"),
]
Every = Annotated[int, Field(ge=1, le=10**9, description="Steps between two reports."), Cli(rare=True)]
ValidateEvery = Annotated[int, Field(ge=1, le=10**9, description="Steps between two validations."), Cli(rare=True)]
Keep = Annotated[int, Field(ge=1, le=1000, description="Checkpoints kept, besides the best one."), Cli(rare=True)]
Patience = Annotated[
    int,
    Field(ge=0, le=10**6, description="Validations without improvement before training stops; 0: never."),
    Cli(rare=True),
]
MaxTime = Annotated[
    Annotated[float, Field(gt=0)] | None,
    BeforeValidator(duration),
    Field(description="Stop after this long: seconds, or 90s, 10m, 1.5h."),
    Cli(metavar="TIME"),
]
Seed = Annotated[int, Field(ge=0, lt=2**31, description="Seed of every random choice in the run.")]
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
Schedule = Annotated[ScheduleName, Field(description="Shape of the learning rate over the steps."), Cli(rare=True)]
Momentum = Annotated[
    float,
    Field(ge=0, lt=1, description="Momentum coefficient (momentum, nesterov, rmsprop)."),
    Needs("optimizer", WITH_MOMENTUM),
    Cli(rare=True),
]
WeightDecay = Annotated[
    float,
    Field(ge=0, description="Decoupled decay of the weights by this rate times the learning rate."),
    Cli(rare=True),
]
Dropout = Annotated[float, Field(ge=0, lt=1, description="Share of hidden units set to zero in training.")]
InputDropout = Annotated[
    float, Field(ge=0, lt=1, description="Share of inputs set to zero in training."), Cli(rare=True)
]
Augment = Annotated[
    str,
    AfterValidator(augmentation),
    Field(description=f"Random changes to training images, NAME or NAME:STRENGTH: {', '.join(AUGMENTATIONS)}."),
    Cli(metavar="NAME,…", complete="augmentations"),
]
Vocabulary = Annotated[
    int,
    Field(ge=8, le=2**18, description="Largest size of the vocabulary."),
]
Use = Annotated[Literal["best", "last"], Field(description="Which weights: of the best validation, or the last.")]
Out = Annotated[
    Path | None, Field(description="File to write; its ending says the format."), Cli(short="-o", metavar="FILE")
]


class DataOptions(Options):
    """Which data, and how much of it at once."""

    panel = "Data"
    dataset: Dataset
    batch_size: BatchSize = 128


class StorageOptions(Options):
    """Where prepared data lies, and how much of what is decoded stays in memory."""

    panel = "Data"
    data_dir: DataDir = None
    memory_limit: MemoryLimit = 2 * 2**30
    skip_bad: SkipBad = False


class SubsetOptions(Options):
    """How much of the training split is used."""

    panel = "Data"
    train_examples: TrainExamples = None


class PlaceOptions(Options):
    """Where a new run is kept."""

    panel = "Run"
    out: RunFolder = None
    name: RunName = None

    @model_validator(mode="after")
    def _one_place(self) -> "PlaceOptions":
        if self.out is not None and self.name is not None:
            raise ValueError("give --out or --name, not both")
        return self


class RunOptions(PlaceOptions):
    """How long a run goes on, and what it writes."""

    panel = "Run"
    steps: Steps = 1_000
    epochs: Epochs = None
    report_every: Every = 50
    validate_every: ValidateEvery = 200
    save_every: Annotated[int, Field(ge=1, le=10**9, description="Steps between two checkpoints."), Cli(rare=True)] = (
        1_000
    )
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
    """What keeps the weights small."""

    panel = "Regularization"
    l1: Annotated[float, Field(ge=0, description="Penalty on the loss: this times the sum of |w|."), Cli(rare=True)] = (
        0.0
    )
    l2: Annotated[
        float, Field(ge=0, description="Penalty on the loss: half of this times the sum of w²."), Cli(rare=True)
    ] = 0.0
    weight_decay: WeightDecay = 0.0


class DropoutOptions(Options):
    """Random zeros that keep units from relying on each other."""

    panel = "Regularization"
    dropout: Dropout = 0.0
    input_dropout: InputDropout = 0.0


class AugmentOptions(Options):
    """Random changes to the training images."""

    panel = "Regularization"
    augment: Augment = ""


class MachineOptions(Options):
    """What the run computes on."""

    panel = "Machine"
    device: Device = "auto"
    dtype: Annotated[
        Literal["float32", "bfloat16"],
        Field(description="Type of activations; weights, norms and losses stay float32."),
        Cli(rare=True),
    ] = "float32"


class FitOptions(MachineOptions, RunOptions, DataOptions):
    """What every run has that trains, whatever its rule: data, a length, a machine.

    A technique whose updates are none of the optimizers' takes these, so that it offers no option that would do
    nothing.
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
    """How text is cut into tokens."""

    panel = "Data"
    tokenizer: Annotated[
        str,
        Field(
            description="How text is cut: characters, words, bpe, wordpiece, unigram, or a trained tokenizer's file."
        ),
        Cli(metavar="KIND", complete="tokenizers"),
    ] = "characters"
    vocabulary: Annotated[Vocabulary, Needs("tokenizer", get_args(TokenizerKind))] = 512

    @model_validator(mode="after")
    def _enough_for_the_tokenizer(self) -> "TokenizerOptions":
        least = LEAST_VOCABULARY.get(self.tokenizer, 0)  # type: ignore[call-overload]
        if self.vocabulary < least:
            raise ValueError(f"--tokenizer {self.tokenizer} needs --vocabulary {least} or more, got {self.vocabulary}")
        return self


class DirectOptions(PlaceOptions):
    """Options of every run that is trained in one go, without gradient steps."""

    panel = "Run"
    dataset: Dataset


class TrainOptions(PenaltyOptions, OptimizerOptions, StorageOptions, FitOptions):
    """Options of a run that trains a network with an optimizer, on data that may be large."""


def filled(given: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is given, and of what is chosen for it the rest; a run's length is in steps or in epochs."""
    lacking = {name: value for name, value in chosen.items() if name != "steps" or given.get("epochs") is None}
    return {**lacking, **given}


class ReadingOptions(Options):
    """Options of every command that reads a trained run."""

    panel = "Run"
    run: RunRef = ""
    use: Use = "best"
    device: Device = "auto"


class TextSampleOptions(ReadingOptions):
    """Options of every command that writes text."""

    panel = "Samples"
    prompt: Annotated[
        str, Field(description="Text to go on from; by default it begins anew."), Cli(short="-p", metavar="TEXT")
    ] = ""
    count: Annotated[int, Field(ge=1, le=10_000, description="Texts to write."), Cli(short="-k")] = 1
    length: Annotated[
        int, Field(ge=1, le=10**6, description="Tokens of a text at most; it ends sooner where the model ends it.")
    ] = 500
    temperature: Annotated[
        float, Field(ge=0, le=100, description="What the logits are divided by; 0: always the likeliest token.")
    ] = 0.8
    top_k: Annotated[
        int | None, Field(ge=1, description="Sample from the k most likely tokens."), Needs("temperature")
    ] = None
    top_p: Annotated[
        float | None,
        Field(
            gt=0, le=1, description="Nucleus sampling: from the most likely tokens that together have probability p."
        ),
        Needs("temperature"),
    ] = None
    seed: Annotated[int, Field(ge=0, lt=2**31, description="Seed of the sampling."), Needs("temperature")] = 0


Texts = Annotated[
    list[str], Field(description="Texts, or - for one a line on standard input."), Cli(argument=True, metavar="TEXT…")
]


class TextScoreOptions(ReadingOptions):
    """Options of every command that says how probable texts are."""

    text: Texts


class TextPredictOptions(ReadingOptions):
    """Options of every command that labels texts."""

    text: Texts
    top: Annotated[
        int, Field(ge=1, le=1000, description="Classes to show for each text, likeliest first."), Cli(short="-k")
    ] = 3


class EvalOptions(Options):
    """Options of `dlcli eval RUN` for every technique."""

    panel = "Run"
    run: RunArgument
    use: Use = "best"
    data_dir: DataDir = None
    dataset: Annotated[
        DatasetName | None,
        Field(description="Measure on the test split of other data of the same shape."),
        Cli(complete="datasets"),
    ] = None
    device: Device = "auto"
