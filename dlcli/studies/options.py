"""The options of studies, one class each: `Regularization` has the options of `dlcli study regularization`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from dlcli.options.augmentations import AUGMENTATIONS
from dlcli.options.common import BatchSize as ExamplesPerBatch
from dlcli.options.common import Cli, DataDir, Dataset, DatasetName, Device, Needs, Options, Steps, TrainExamples
from dlcli.options.optimizers import OPTIMIZERS, OptimizerName

# Without those that change labels too, and flip in another order.
CHANGES = tuple(name for name in AUGMENTATIONS if name not in ("mixup", "cutmix", "alternating-flip"))
if TYPE_CHECKING:
    ChangeName = str
else:
    ChangeName = Literal[CHANGES]


TECHNIQUES = ("cnn", "mlp", "autoencoder", "rnn", "transformer", "gan", "diffusion")  # that take an --optimizer
if TYPE_CHECKING:
    TechniqueName = str
else:
    TechniqueName = Literal[TECHNIQUES]


def _once(value: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(value)) != len(value):
        raise ValueError("must name each once")
    return value


class StudyOptions(Options):
    """Options of every study: the data, the training and the number of repetitions."""

    panel = "Study"
    out: Annotated[
        Path | None,
        Field(
            description="Folder of the results; the same command continues it, also from another host that shares it."
        ),
        Cli(short="-o", metavar="FOLDER"),
    ] = None
    show: Annotated[bool, Field(description="Print a small rendering of the figure in the terminal.")] = True
    dataset: Dataset = "digits"
    data_dir: DataDir = None
    train_examples: TrainExamples = None
    seeds: Annotated[int, Field(ge=2, le=1000, description="Repetitions, each with another seed.")] = 5
    steps: Steps = 300
    batch_size: ExamplesPerBatch = 32
    workers: Annotated[
        int,
        Field(ge=1, le=256, description="Processes on this machine that divide the runs of the study among them."),
    ] = 1
    storage: Annotated[
        str,
        Field(
            description="Also record the runs in a journal file, or a database as postgresql+psycopg://HOST/NAME: "
            "the same command on another host joins the study."
        ),
        Cli(metavar="FILE|URL"),
    ] = ""
    device: Device = "auto"


class Regularization(StudyOptions):
    """Compare regularization methods on a small training set, each at the best of its tuned strengths."""

    examples = (
        "dlcli study regularization",
        "dlcli study regularization --train-examples 60 --seeds 10",
    )
    train_examples: TrainExamples = 100
    strengths: Annotated[
        int, Field(ge=1, le=5, description="Strengths to try per method, a factor of 3 apart where it has a scale.")
    ] = 3


class Optimizers(StudyOptions):
    """Compare optimizers after equally many steps, each at the best of its tuned learning rates."""

    examples = (
        "dlcli study optimizers",
        "dlcli study optimizers --optimizer sgd --optimizer adam --rates 7",
        "dlcli study optimizers --technique rnn --target 2.5",
    )
    technique: Annotated[
        TechniqueName,
        Field(
            description="Technique whose network is trained, small and on its own data set unless --dataset is given."
        ),
    ] = "cnn"
    dataset: Annotated[
        DatasetName, Field(description="Data set; default: that of the technique."), Cli(short="-d", metavar="NAME")
    ] = ""
    data_dir: Annotated[DataDir, Needs("technique", ("cnn", "autoencoder", "gan", "diffusion"))] = None
    train_examples: Annotated[TrainExamples, Needs("technique", ("cnn", "mlp", "autoencoder"))] = None
    target: Annotated[
        float | None,
        Field(
            gt=0,
            description="Validation loss (of a GAN, distance) to reach, whose steps and time are compared; default: "
            "the median of the last ones of all optimizers.",
        ),
    ] = None
    optimizer: Annotated[
        tuple[OptimizerName, ...],
        AfterValidator(_once),
        Field(min_length=1, description="Optimizer to compare; may be repeated."),
    ] = tuple(OPTIMIZERS)
    rates: Annotated[
        int, Field(ge=1, le=50, description="Learning rates to try per optimizer, a factor of √10 apart.")
    ] = 4
    seeds: Annotated[
        int, Field(ge=2, le=1000, description="Repetitions at the best learning rate, each with another seed.")
    ] = 3
    steps: Steps = 150
    batch_size: ExamplesPerBatch = 64


class SampleSize(StudyOptions):
    """Measure the test error against the number of training examples, and fit a power law."""

    examples = ("dlcli study sample-size", "dlcli study sample-size --sizes 7 --seeds 10")
    sizes: Annotated[
        int, Field(ge=2, le=20, description="Numbers of examples to compare, each half of the next; the last: all.")
    ] = 6


class Depth(StudyOptions):
    """Measure the training loss and the test error against depth, with shortcuts and without."""

    examples = ("dlcli study depth", "dlcli study depth --dataset shapes --depths 4 --steps 1000")
    depths: Annotated[int, Field(ge=1, le=5, description="Depths to compare, the first of 8, 20, 32, 44, 56.")] = 3
    seeds: Annotated[int, Field(ge=2, le=1000, description="Repetitions, each with another seed.")] = 3
    steps: Steps = 500
    batch_size: ExamplesPerBatch = 64


class Capacity(StudyOptions):
    """Measure the test error against the width of the network, on a small training set, also with wrong labels."""

    examples = (
        "dlcli study capacity",
        "dlcli study capacity --label-noise 0.2 --widths 8 --train-examples 200 --steps 2000",
    )
    train_examples: TrainExamples = 100
    label_noise: Annotated[
        float,
        Field(
            ge=0,
            le=0.9,
            description="Also train with this fraction of the training labels replaced by other classes.",
        ),
    ] = 0.0
    widths: Annotated[int, Field(ge=2, le=10, description="Widths to compare: 1, 2, 4, … channels.")] = 6


class Augmentation(StudyOptions):
    """Measure each augmentation and strength on unchanged test images, and on test images changed the same way."""

    examples = ("dlcli study augmentation", "dlcli study augmentation --change rotate --change noise --strengths 3")
    train_examples: TrainExamples = 200
    change: Annotated[
        tuple[ChangeName, ...],
        AfterValidator(_once),
        Field(min_length=1, description="Augmentation to measure; may be repeated."),
    ] = CHANGES
    strengths: Annotated[
        int, Field(ge=1, le=4, description="Strengths per augmentation: its default, twice the default, …")
    ] = 2
    seeds: Annotated[int, Field(ge=2, le=1000, description="Repetitions, each with another seed.")] = 3


class BatchSize(StudyOptions):
    """Measure the test error against the batch size, at equally many examples seen."""

    examples = ("dlcli study batch-size", "dlcli study batch-size --sizes 6 --steps 600")
    sizes: Annotated[
        int,
        Field(ge=3, le=12, description="Batch sizes to compare, a factor of 2 apart, from a quarter of --batch-size."),
    ] = 5


class LearningRate(StudyOptions):
    """Measure the test error against the learning rate, and that of the rate a range test chooses."""

    examples = ("dlcli study learning-rate", "dlcli study learning-rate --rates 9 --steps 600")
    rates: Annotated[int, Field(ge=3, le=50, description="Learning rates to compare, a factor of √10 apart.")] = 7
    center: Annotated[float, Field(gt=0, le=1e3, description="Learning rate in the middle of the grid.")] = 3e-3


class DropoutEnsemble(StudyOptions):
    """Compare weight scaling, Monte Carlo dropout with n masks, and ensembles of n networks."""

    examples = ("dlcli study dropout-ensemble", "dlcli study dropout-ensemble --masks 64 --networks 8 --seeds 10")
    train_examples: TrainExamples = 200
    dropout: Annotated[float, Field(gt=0, lt=1, description="Dropout probability of hidden units.")] = 0.5
    masks: Annotated[int, Field(ge=1, le=1_000, description="Largest number of dropout masks to average over.")] = 32
    networks: Annotated[int, Field(ge=2, le=64, description="Largest number of networks to average over.")] = 8
