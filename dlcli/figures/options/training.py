"""Figures of training: of any run, or of optimizers and schedules alone."""

from typing import Annotated

from pydantic import AfterValidator, Field

from dlcli.figures.options.kinds import FigureOptions, FreeFigureOptions
from dlcli.options.common import Cli, LearningRate, Needs, ScheduleName, Steps
from dlcli.options.optimizers import OPTIMIZERS, WITH_MOMENTUM, OptimizerName

_FURTHEST = 1e6  # coordinate or learning rate on a surface
_MOST_PATHS = 8  # as many as there are colours that everybody can tell apart


def parse_point(text: str) -> tuple[float, ...]:
    """Read finite numbers with commas between them.

    Raises:
        ValueError: something between the commas is no number.
    """
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ValueError("must be numbers with commas between them") from None
    if not all(abs(number) <= _FURTHEST for number in numbers):
        raise ValueError(f"must be numbers of at most {_FURTHEST:g}")
    return numbers


def parse_optimizers(text: str) -> tuple[tuple[OptimizerName, float | None], ...]:
    """Split "momentum,adam:0.1" into names and learning rates; None where no rate is given.

    Raises:
        ValueError: an unknown name, a rate that is not positive, none at all, or more than there are colours.
    """
    chosen: list[tuple[OptimizerName, float | None]] = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, rate = item.partition(":")
        if name not in OPTIMIZERS:
            raise ValueError(f"{name!r} is not one of {', '.join(OPTIMIZERS)}")
        try:
            chosen.append((name, float(rate) if rate else None))
        except ValueError:
            raise ValueError(f"the learning rate of {name} must be a number, got {rate!r}") from None
        if rate and not 0 < float(rate) <= _FURTHEST:
            raise ValueError(f"the learning rate of {name} must be positive and at most {_FURTHEST:g}, got {rate}")
    if not 1 <= len(chosen) <= _MOST_PATHS:
        raise ValueError(f"must be 1 to {_MOST_PATHS} optimizers, found {len(chosen)}")
    return tuple(chosen)


def _start(text: str) -> str:
    if text and len(parse_point(text)) != 2:
        raise ValueError("must be an x and a y, such as -1.5,2")
    return text


def _domain(text: str) -> str:
    if text:
        numbers = parse_point(text)
        if len(numbers) != 4 or not (numbers[0] < numbers[1] and numbers[2] < numbers[3]):
            raise ValueError("must be the least and the greatest x, then y, such as -3,3,-1,1")
    return text


def _runners(text: str) -> str:
    parse_optimizers(text)
    return text


class LearningCurves(FigureOptions):
    """Loss, accuracy and the like over the steps of one or several runs."""

    examples = (
        "dlcli viz learning-curves",
        "dlcli viz learning-curves --run small --run resnet --out curves.svg",
        "dlcli viz learning-curves --metric gradient_norm --log",
    )
    run: Annotated[
        tuple[str, ...],
        Field(description="A run, as often as there are runs to compare; default the latest run of all."),
        Cli(short="-r", metavar="RUN", complete="runs"),
    ] = ()
    metric: Annotated[
        tuple[str, ...],
        Field(description="Metric to draw; may be repeated. Default: those of training and validation alike."),
        Cli(short="-m", metavar="NAME"),
    ] = ()
    smoothing: Annotated[
        float, Field(ge=0, lt=1, description="Weight of a training value's neighbour in its average; 0: none.")
    ] = 0.0
    log: Annotated[bool, Field(description="Draw the values on a logarithmic axis.")] = False


class Schedule(FreeFigureOptions):
    """The learning rate over the steps, of a run or of the schedules by name."""

    examples = (
        "dlcli viz schedule",
        "dlcli viz schedule --schedule cosine --schedule one-cycle --steps 5000 --warmup-steps 500",
        "dlcli viz schedule --run cnn",
    )
    brought = ("schedule", "steps", "warmup_steps", "learning_rate")
    schedule: Annotated[
        tuple[ScheduleName, ...], Field(description="Schedule to draw; may be repeated. Default: all of them.")
    ] = ()
    steps: Steps = 1_000
    warmup_steps: Annotated[int, Field(ge=0, le=10**9, description="Steps of linear growth to the peak rate.")] = 0
    learning_rate: LearningRate = 1e-3


class OptimizerSurface(FigureOptions):
    """Paths of optimizers over a surface with minima, saddle points and plateaus."""

    examples = (
        "dlcli viz optimizer-surface",
        "dlcli viz optimizer-surface --surface beale --optimizers sgd:1e-4,momentum,adam:0.1 --three-d",
        "dlcli viz optimizer-surface --surface 'x**2 + 3*sin(y)' --start 2,1.4 --out paths.gif",
    )
    animated = True
    surface: Annotated[
        str,
        Field(
            min_length=1,
            description="rosenbrock, beale, himmelblau, rastrigin, saddle, plateau, ravine, or a formula in x and y.",
        ),
        Cli(metavar="NAME|FORMULA"),
    ] = "rosenbrock"
    optimizers: Annotated[
        str,
        AfterValidator(_runners),
        Field(description=f"NAME or NAME:RATE, commas between them, {_MOST_PATHS} at most: {', '.join(OPTIMIZERS)}."),
        Cli(metavar="NAME:RATE,…"),
    ] = "sgd,momentum,rmsprop,adam"
    start: Annotated[
        str,
        AfterValidator(_start),
        Field(description="Where all begin; default a telling place of the surface."),
        Cli(metavar="X,Y"),
    ] = ""
    domain: Annotated[
        str,
        AfterValidator(_domain),
        Field(description="What is drawn: the least and the greatest x, then y; default the surface's own."),
        Cli(metavar="X,X,Y,Y"),
    ] = ""
    steps: Annotated[int, Field(ge=1, le=100_000, description="Steps of each optimizer."), Cli(short="-s")] = 300
    momentum: Annotated[
        float,
        Field(ge=0, lt=1, description="Momentum coefficient (momentum, nesterov, rmsprop)."),
        Needs("optimizers", WITH_MOMENTUM),
    ] = 0.9
    three_d: Annotated[bool, Field(description="Draw the surface in three dimensions too.")] = False
