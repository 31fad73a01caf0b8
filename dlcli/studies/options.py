"""The catalogue of studies: one class each; the name in kebab case is the command."""

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
    """Options of every study: a small network, small data, and how often all is repeated."""

    panel = "Study"
    out: Annotated[
        Path | None,
        Field(description="Folder of the results; a second call with the same options goes on in it."),
        Cli(short="-o", metavar="FOLDER"),
    ] = None
    show: Annotated[bool, Field(description="Print a small rendering of the figure in the terminal.")] = True
    dataset: Dataset = "digits"
    data_dir: DataDir = None
    train_examples: TrainExamples = None
    seeds: Annotated[int, Field(ge=2, le=1000, description="Repetitions, each with a seed of its own.")] = 5
    steps: Steps = 300
    batch_size: BatchSize = 32
    device: Device = "auto"


class Regularization(StudyOptions):
    """What each way of regularization does for a network that has few examples to learn from."""

    examples = (
        "dlcli study regularization",
        "dlcli study regularization --train-examples 60 --seeds 10",
    )
    train_examples: TrainExamples = 100


class Optimizers(StudyOptions):
    """How far each optimizer comes in the same number of steps, at the best of the learning rates tried."""

    examples = (
        "dlcli study optimizers",
        "dlcli study optimizers --optimizer sgd --optimizer adam --rates 7",
    )
    optimizer: Annotated[
        tuple[OptimizerName, ...],
        AfterValidator(_optimizers),
        Field(min_length=1, description="Optimizer to compare; may be repeated. Default: all of them."),
    ] = tuple(OPTIMIZERS)
    rates: Annotated[
        int, Field(ge=1, le=50, description="Learning rates tried for each, half a power of ten apart.")
    ] = 4
    seeds: Annotated[int, Field(ge=2, le=1000, description="Repetitions at the best rate.")] = 3
    steps: Steps = 150
    batch_size: BatchSize = 64
