"""Options of the figures of training: learning curves, schedules, optimizers."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from dlcli.errors import UsageError
from dlcli.figures.options.base import LIMIT, FigureOptions, FreeFigureOptions, RunFigureOptions, parse_numbers
from dlcli.nearest import did_you_mean
from dlcli.options.common import Cli, GivenLearningRate, Needs, Options, ScheduleName, Seed, Steps
from dlcli.options.datasets import PLANE
from dlcli.options.optimizers import OPTIMIZERS, WITH_MOMENTUM, OptimizerName
from dlcli.options.surfaces import SURFACES, is_formula

_MAX_PATHS = 8  # the number of colours that are distinguishable with every kind of colour blindness


def parse_optimizers(text: str) -> tuple[tuple[OptimizerName, float | None], ...]:
    """Parse "momentum,adam:0.1" to names and learning rates; None where no rate is given.

    Raises:
        ValueError: a name is unknown, a rate is not positive, or there are none or too many optimizers.
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
        if rate and not 0 < float(rate) <= LIMIT:
            raise ValueError(f"the learning rate of {name} must be positive and at most {LIMIT:g}, got {rate}")
    if not 1 <= len(chosen) <= _MAX_PATHS:
        raise ValueError(f"must be 1 to {_MAX_PATHS} optimizers, found {len(chosen)}")
    return tuple(chosen)


def _start(text: str) -> str:
    if text and len(parse_numbers(text)) != 2:
        raise ValueError("must be X,Y, such as -1.5,2")
    return text


def _domain(text: str) -> str:
    if text:
        numbers = parse_numbers(text)
        if len(numbers) != 4 or not (numbers[0] < numbers[1] and numbers[2] < numbers[3]):
            raise ValueError("must be XMIN,XMAX,YMIN,YMAX, such as -3,3,-1,1")
    return text


def _optimizers(text: str) -> str:
    parse_optimizers(text)
    return text


class DecisionBoundary(RunFigureOptions):
    """The decision boundary of a classifier of two features, and its hidden units; --out FILE.gif animates training."""

    examples = (
        "dlcli viz decision-boundary",
        "dlcli viz decision-boundary --out boundary.gif",
        "dlcli viz decision-boundary --run mlp --units 4 --use last --out boundary.svg",
        "dlcli viz decision-boundary --run plain --compare l2 --compare dropout",
    )
    animated = True
    technique = "mlp"
    main_figure_of = ("mlp",)
    main_figure_where = tuple(("dataset", name) for name in PLANE)
    units: Annotated[
        int,
        Field(ge=0, le=32, description="Hidden units per layer to show, those with the largest variance."),
        Needs("hidden_sizes", but=("none",), of_run=True),
        Needs("compare", absent=True),
    ] = 8
    compare: Annotated[
        tuple[str, ...],
        Field(description="Run of the same data to show beside, such as one with a regularizer; may be repeated."),
        Cli(metavar="RUN", complete="runs"),
    ] = ()

    def require_fit(self, run: Any) -> None:
        if len(run.facts.features) != 2 or not run.facts.classes:
            task = "classifier" if run.facts.classes else "regression"
            count = len(run.facts.features)
            raise UsageError(
                f"--run must be a classifier of 2 features, {run.folder} is a {task} of {count}",
                hint="train one: dlcli train mlp --dataset moons",
            )


class LearningCurves(FigureOptions):
    """Loss, accuracy and other metrics over the steps of one or several runs."""

    main_figure_of = ("mlp",)
    examples = (
        "dlcli viz learning-curves",
        "dlcli viz learning-curves --run small --run resnet --out curves.svg",
        "dlcli viz learning-curves --metric gradient_norm --log",
        "dlcli viz learning-curves --run a-seed0 --run a-seed1 --run b-seed0 --run b-seed1 --seeds",
    )
    run: Annotated[
        tuple[str, ...],
        Field(description="Run to show; may be repeated. Default: the latest run."),
        Cli(short="-r", metavar="RUN", complete="runs"),
    ] = ()
    metric: Annotated[
        tuple[str, ...],
        Field(
            description="Metric to show; may be repeated. Default: all that are measured in training and in validation."
        ),
        Cli(short="-m", metavar="NAME"),
    ] = ()
    smoothing: Annotated[
        float, Field(ge=0, lt=1, description="Smoothing of the training curves: decay of a moving average; 0: none.")
    ] = 0.0
    log: Annotated[bool, Field(description="Use a logarithmic vertical axis.")] = False
    seeds: Annotated[
        bool, Field(description="Average runs that differ in --seed alone, with a band from the lowest to the highest.")
    ] = False


WITH_A_LOSS = ("mlp", "cnn", "rnn", "transformer", "diffusion")  # techniques that minimize one loss
Batches = Annotated[int, Field(ge=1, le=10_000, description="Batches of each split to measure.")]


class LossLandscape(RunFigureOptions):
    """Training and validation loss around the weights of a run, along a line or over a plane."""

    examples = (
        "dlcli viz loss-landscape --run cnn",
        "dlcli viz loss-landscape --run cnn --directions pca --points 31",
        "dlcli viz loss-landscape --run small --to large --points 41",
    )
    panel = "Figure"
    technique = WITH_A_LOSS
    directions: Annotated[
        Literal["random", "pca"],
        Field(description="Random filter-normalized directions, or the principal components of the kept checkpoints."),
        Needs("to", absent=True),
    ] = "random"
    dimensions: Annotated[Literal[1, 2], Field(description="A line or a plane."), Needs("to", absent=True)] = 2
    to: Annotated[
        str | None,
        Field(description="Draw the line from the weights of --run to those of this run of the same network."),
        Cli(metavar="RUN", complete="runs"),
    ] = None
    points: Annotated[int, Field(ge=3, le=501, description="Points along each direction.")] = 21
    radius: Annotated[
        float,
        Field(gt=0, le=1e3, description="Distance from the weights to each end, in norms of each filter."),
        Needs("directions", but=("pca",)),
    ] = 1.0
    batches: Batches = 8
    seed: Annotated[Seed, Needs("directions", but=("pca",))] = 0


class Curvature(RunFigureOptions):
    """The largest and smallest Hessian eigenvalues of the training loss at each kept checkpoint."""

    examples = ("dlcli viz curvature --run cnn", "dlcli viz curvature --run mlp --eigenvalues 3 --iterations 40")
    panel = "Figure"
    technique = WITH_A_LOSS
    eigenvalues: Annotated[int, Field(ge=1, le=20, description="Number of largest eigenvalues to show.")] = 5
    iterations: Annotated[
        int, Field(ge=2, le=500, description="Lanczos iterations; the outer eigenvalues converge first.")
    ] = 30
    batches: Batches = 8
    seed: Seed = 0


class Schedule(FreeFigureOptions):
    """The learning rate over the steps, of a run or of schedules by name."""

    examples = (
        "dlcli viz schedule",
        "dlcli viz schedule --schedule cosine --schedule one-cycle --steps 5000 --warmup-steps 500",
        "dlcli viz schedule --run cnn",
    )
    from_run = ("schedule", "steps", "warmup_steps", "learning_rate")
    schedule: Annotated[
        tuple[ScheduleName, ...], Field(description="Schedule to show; may be repeated. Default: all.")
    ] = ()
    steps: Steps = 1_000
    warmup_steps: Annotated[
        int, Field(ge=0, le=10**9, description="Steps of linear warm-up to the peak learning rate.")
    ] = 0
    learning_rate: Annotated[GivenLearningRate, Field(description="Peak learning rate.")] = 1e-3


def _surface(text: str) -> str:
    if text not in SURFACES and not is_formula(text):
        raise ValueError(f"must be {', '.join(SURFACES)} or a formula in x and y{did_you_mean(text, SURFACES)}")
    return text


SurfaceName = Annotated[
    str,
    AfterValidator(_surface),
    Field(min_length=1, description=f"{', '.join(SURFACES)}, or a formula in x and y."),
    Cli(metavar="NAME|FORMULA"),
]


class SurfaceOptions(Options):
    """A surface, and the optimizers that descend on it."""

    panel = "Figure"
    surface: SurfaceName = "rosenbrock"
    optimizers: Annotated[
        str,
        AfterValidator(_optimizers),
        Field(description=f"NAME or NAME:RATE, comma-separated, at most {_MAX_PATHS}: {', '.join(OPTIMIZERS)}."),
        Cli(metavar="NAME:RATE,…"),
    ] = "sgd,momentum,rmsprop,adam"
    domain: Annotated[
        str,
        AfterValidator(_domain),
        Field(description="XMIN,XMAX,YMIN,YMAX to draw; default: those of the surface."),
        Cli(metavar="LIMITS", rare=True),
    ] = ""
    steps: Annotated[int, Field(ge=1, le=100_000, description="Steps of each optimizer."), Cli(short="-s")] = 300
    momentum: Annotated[
        float,
        Field(ge=0, lt=1, description="Momentum coefficient (momentum, nesterov, rmsprop)."),
        Needs("optimizers", WITH_MOMENTUM),
        Cli(rare=True),
    ] = 0.9


class OptimizerSurface(SurfaceOptions, FigureOptions):
    """Paths of optimizers over a surface with minima, saddle points and plateaus; --out FILE.gif animates them."""

    examples = (
        "dlcli viz optimizer-surface",
        "dlcli viz optimizer-surface --surface beale --optimizers sgd:1e-4,momentum,adam:0.1 --three-d",
        "dlcli viz optimizer-surface --surface 'x**2 + 3*sin(y)' --start 2,1.4 --out paths.gif",
    )
    panel = "Figure"
    animated = True
    start: Annotated[
        str,
        AfterValidator(_start),
        Field(description="Initial point; default: that of the surface."),
        Cli(metavar="X,Y"),
    ] = ""
    gradient_noise: Annotated[
        float,
        Field(ge=0, le=LIMIT, description="Standard deviation of Gaussian noise on each gradient component; 0: none."),
        Cli(metavar="STD"),
    ] = 0.0
    seed: Annotated[Seed, Needs("gradient_noise", but=(0.0,)), Cli(rare=True)] = 0
    three_d: Annotated[bool, Field(description="Also draw the surface in three dimensions.")] = False


class Basins(SurfaceOptions, FigureOptions):
    """The minimum that each optimizer reaches from every start of a grid: its basins of attraction."""

    examples = (
        "dlcli viz basins",
        "dlcli viz basins --surface styblinski-tang --optimizers sgd,momentum,adam --steps 500",
    )
    panel = "Figure"
    surface: SurfaceName = "himmelblau"
    starts: Annotated[int, Field(ge=5, le=201, description="Starts along each axis of the grid.")] = 61
