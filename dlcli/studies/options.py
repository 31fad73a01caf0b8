"""The options of studies, one class each: `Regularization` has the options of `dlcli study regularization`."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from dlcli.options.common import BatchSize, Cli, DataDir, Dataset, Device, Options, Steps, TrainExamples
from dlcli.options.optimizers import OPTIMIZERS, OptimizerName


def _optimizers(value: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(value)) != len(value):
        raise ValueError("must name each optimizer once")
    return value


class StudyOptions(Options):
    """Options of every study: the data, the training and the number of repetitions."""

    panel = "Study"
    out: Annotated[
        Path | None,
        Field(description="Folder of the results; the same command continues a study in it."),
        Cli(short="-o", metavar="FOLDER"),
    ] = None
    show: Annotated[bool, Field(description="Print a small rendering of the figure in the terminal.")] = True
    dataset: Dataset = "digits"
    data_dir: DataDir = None
    train_examples: TrainExamples = None
    seeds: Annotated[int, Field(ge=2, le=1000, description="Repetitions, each with another seed.")] = 5
    steps: Steps = 300
    batch_size: BatchSize = 32
    device: Device = "auto"


class Regularization(StudyOptions):
    """Compare regularization methods on a small training set."""

    examples = (
        "dlcli study regularization",
        "dlcli study regularization --train-examples 60 --seeds 10",
    )
    train_examples: TrainExamples = 100


class Optimizers(StudyOptions):
    """Compare optimizers after equally many steps, each at the best of its tuned learning rates."""

    examples = (
        "dlcli study optimizers",
        "dlcli study optimizers --optimizer sgd --optimizer adam --rates 7",
    )
    optimizer: Annotated[
        tuple[OptimizerName, ...],
        AfterValidator(_optimizers),
        Field(min_length=1, description="Optimizer to compare; may be repeated."),
    ] = tuple(OPTIMIZERS)
    rates: Annotated[
        int, Field(ge=1, le=50, description="Learning rates to try per optimizer, a factor of √10 apart.")
    ] = 4
    seeds: Annotated[
        int, Field(ge=2, le=1000, description="Repetitions at the best learning rate, each with another seed.")
    ] = 3
    steps: Steps = 150
    batch_size: BatchSize = 64
