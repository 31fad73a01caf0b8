"""Options of the multilayer perceptron."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from dlcli.options.common import (
    ActivationName,
    BatchSize,
    Cli,
    DatasetName,
    DropoutOptions,
    EvalOptions,
    LearningRate,
    Needs,
    NetworkOptions,
    Options,
    ReadingOptions,
    Steps,
    SubsetOptions,
    Top,
    ValidateEvery,
)
from dlcli.options.datasets import PLANE, TABLES
from dlcli.options.tables import TargetColumn
from dlcli.options.values import layer_sizes


class TableOptions(Options):
    """How a table of numbers is read."""

    panel = "Data"
    target_column: TargetColumn = None
    task: Annotated[
        Literal["classify", "regress"] | None,
        Field(description="Task; default: classify texts and integers of few values, regress other numbers."),
    ] = None
    points: Annotated[
        int, Field(ge=10, le=10**6, description="Points to draw in the plane."), Needs("dataset", PLANE), Cli(rare=True)
    ] = 1_000
    noise: Annotated[
        float | None,
        Field(ge=0, le=100, description="Standard deviation of the points' noise; default: depends on --dataset."),
        Needs("dataset", PLANE),
        Cli(rare=True),
    ] = None
    data_seed: Annotated[
        int, Field(ge=0, lt=2**31, description="Random seed of the points."), Needs("dataset", PLANE), Cli(rare=True)
    ] = 0


class Train(DropoutOptions, SubsetOptions, TableOptions, NetworkOptions):
    """Options of `dlcli train mlp`."""

    panel = "Model"
    architecture = ("hidden_sizes", "activation", "norm")
    dataset: Annotated[
        DatasetName,
        Field(
            description=f"Table: points in the plane ({', '.join(PLANE)}), {', '.join(TABLES)}, "
            "a .csv or .tsv file with a header, or an .npz file of x and y."
        ),
        Cli(short="-d", metavar="NAME", complete="tables"),
    ] = "moons"
    batch_size: BatchSize = 32
    learning_rate: LearningRate = 3e-3
    steps: Steps = 2_000
    validate_every: ValidateEvery = 50
    hidden_sizes: Annotated[
        str,
        AfterValidator(layer_sizes),
        Field(description="Units of each hidden layer; none: a linear model."),
        Cli(metavar="N,…"),
    ] = "64,64"
    activation: Annotated[ActivationName, Field(description="Activation function.")] = "relu"
    norm: Annotated[
        Literal["batch", "layer", "none"],
        Field(description="Normalization of each hidden layer."),
        Cli(rare=True),
    ] = "none"


class Eval(EvalOptions):
    """Options of `dlcli eval` for a run of mlp."""

    target_column: TargetColumn = None


class Predict(ReadingOptions):
    """Options of `dlcli predict mlp`."""

    examples = ("dlcli predict mlp 5.1,3.5,1.4,0.2", "dlcli predict mlp flowers.csv --top 1")
    rows: Annotated[
        list[str],
        Field(
            description="Rows of numbers such as 5.1,3.5,1.4,0.2, tables with a header, or - for rows on standard "
            "input; -- before a row that starts with a minus."
        ),
        Cli(argument=True, metavar="ROW"),
    ]
    top: Top = 3
