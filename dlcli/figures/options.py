"""The catalogue of figures: one class each, in the order of the course; the name in kebab case is the command."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import AfterValidator, Field, model_validator

from dlcli.options import (
    Augment,
    Cli,
    DataDir,
    Dataset,
    Device,
    LearningRate,
    Momentum,
    OptimizerName,
    Options,
    Out,
    RunRef,
    ScheduleName,
    Seed,
    Steps,
    Use,
)
from dlcli.techniques.cnn.options import BackboneOptions, ImageSize
from dlcli.techniques.diffusion.options import DrawingOptions, NoiseSchedule

_FURTHEST = 1e6  # coordinate or learning rate on a surface
_MOST_PATHS = 8  # as many as there are colours that everybody can tell apart

Layer = Annotated[str, Field(description="Layer to draw; a wrong name lists those there are."), Cli(metavar="NAME")]


def _unit(value: str) -> str:
    row, _, column = value.partition(",")
    if not (row.isdecimal() and column.isdecimal() and len(value) < 12):
        raise ValueError("must be a row and a column, such as 4,4")
    return value


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
        known = next((each for each in get_args(OptimizerName) if each == name), None)
        if known is None:
            raise ValueError(f"{name!r} is not one of {', '.join(get_args(OptimizerName))}")
        try:
            chosen.append((known, float(rate) if rate else None))
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


class FigureOptions(Options):
    """Options of every figure.

    Attributes:
        technique: whose latest run is drawn where `--run` is left out; empty: of any.
        animated: whether it can move, so that it may be written as GIF.
    """

    panel = "Figure"
    technique: ClassVar[str] = ""
    animated: ClassVar[bool] = False
    out: Out = None
    show: Annotated[bool, Field(description="Print a small rendering in the terminal.")] = True


class RunFigureOptions(FigureOptions):
    """Options of a figure that is drawn from a trained run."""

    run: RunRef = ""
    use: Use = "best"
    device: Device = "auto"


class FreeFigureOptions(FigureOptions):
    """Options of a figure that is drawn from a run where one is named, and else from nothing trained.

    Attributes:
        brought: options that a run brings along, so that they are refused beside `--run`.
    """

    brought: ClassVar[tuple[str, ...]] = ()
    run: Annotated[
        str | None,
        Field(
            description="Draw it of this run, its latest for a technique's name; by default nothing trained is used."
        ),
        Cli(short="-r", metavar="RUN", complete="runs"),
    ] = None
    device: Device = "auto"

    @model_validator(mode="after")
    def _one_source(self) -> "FreeFigureOptions":
        given = [name for name in self.brought if name in self.model_fields_set]
        if self.run is not None and given:
            flag = given[0].replace("_", "-")
            raise ValueError(f"--{flag} is for a figure without a run, and --run {self.run} brings its own: give one")
        return self


class ImageOptions(Options):
    """Which image a figure is drawn for."""

    panel = "Image"
    image: Annotated[
        Path | None, Field(description="Image file to draw it for; no data set is needed then."), Cli(metavar="FILE")
    ] = None
    index: Annotated[
        int, Field(ge=0, description="Image to draw it for, by its number in the validation split."), Cli(short="-i")
    ] = 0
    data_dir: DataDir = None

    @model_validator(mode="after")
    def _one_image(self) -> "ImageOptions":
        if self.image is not None and "index" in self.model_fields_set:
            raise ValueError("give --image or --index, not both")
        return self


class FreeImageOptions(ImageOptions, FreeFigureOptions):
    """Options of a figure that needs an image, and no more than that."""

    technique = "cnn"
    brought = ("dataset", "image_size")
    dataset: Dataset = "digits"
    image_size: ImageSize = None


BASES = (FigureOptions, RunFigureOptions, FreeFigureOptions, FreeImageOptions)


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


class Augmentation(FreeImageOptions):
    """An image under each random change of training, with the strengths drawn."""

    examples = (
        "dlcli viz augmentation",
        "dlcli viz augmentation --augment rotate:30,flip,cutout --count 6",
        "dlcli viz augmentation --image cat.jpg",
    )
    augment: Augment = ""
    count: Annotated[int, Field(ge=1, le=16, description="Draws of each change."), Cli(short="-k")] = 4
    seed: Seed = 0


class Filters(RunFigureOptions):
    """The kernels of a convolution: what its filters look for."""

    examples = ("dlcli viz filters", "dlcli viz filters --layer conv2 --out conv2.pdf")
    technique = "cnn"
    layer: Layer = ""


class Activations(ImageOptions, RunFigureOptions):
    """The activation maps that each layer makes of an image."""

    examples = ("dlcli viz activations --index 7", "dlcli viz activations --image 5.png --layer conv2 --maps 32")
    technique = "cnn"
    layer: Layer = ""
    maps: Annotated[int, Field(ge=1, le=64, description="Maps of each layer, the first ones."), Cli(short="-k")] = 8


class Pooling(FreeImageOptions):
    """A map before and after pooling by the maximum, the average and a stride."""

    examples = ("dlcli viz pooling", "dlcli viz pooling --run cnn --layer conv1 --channel 3")
    layer: Layer = ""
    channel: Annotated[
        int | None, Field(ge=0, description="Channel of the layer's maps; default the most active one.")
    ] = None
    use: Use = "best"

    @model_validator(mode="after")
    def _layer_of_a_run(self) -> "Pooling":
        if self.run is None and (self.layer or self.channel is not None):
            raise ValueError("--layer and --channel are of a network: give its --run too")
        return self


class ReceptiveField(BackboneOptions, FreeImageOptions):
    """What a unit can see: the field its layers allow, and the one its gradient measures."""

    examples = (
        "dlcli viz receptive-field",
        "dlcli viz receptive-field --arch small --stages 3 --image-size 64 --layer conv3 --unit 4,4",
        "dlcli viz receptive-field --run cnn --layer conv2",
    )
    panel = "Figure"
    brought = (*FreeImageOptions.brought, *BackboneOptions.model_fields, "seed")
    image_size: Annotated[int, Field(ge=4, le=1024, description="Side in pixels that images are scaled to.")] = 32
    layer: Layer = ""
    unit: Annotated[
        str,
        AfterValidator(_unit),
        Field(description="Unit of the layer, its row and column from 0; default the one in the middle."),
        Cli(metavar="ROW,COLUMN"),
    ] = ""
    samples: Annotated[
        int, Field(ge=1, le=1024, description="Images over which the gradient is averaged."), Cli(short="-k")
    ] = 16
    seed: Seed = 0
    use: Use = "best"


class Saliency(ImageOptions, RunFigureOptions):
    """Where an image speaks for a class: Grad-CAM and the input gradient."""

    examples = ("dlcli viz saliency --index 7", "dlcli viz saliency --image 5.png --label 3")
    technique = "cnn"
    layer: Layer = ""
    label: Annotated[str, Field(description="Class to explain; default the one predicted."), Cli(metavar="CLASS")] = ""


class Confusion(RunFigureOptions):
    """Which class is taken for which, on the validation split."""

    examples = ("dlcli viz confusion", "dlcli viz confusion --run cnn --percent --out confusion.svg")
    data_dir: DataDir = None
    percent: Annotated[bool, Field(description="Write shares of the true class instead of counts.")] = False


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
        Field(description=f"NAME or NAME:RATE, commas between them: {', '.join(get_args(OptimizerName))}."),
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
    momentum: Momentum = 0.9
    three_d: Annotated[bool, Field(description="Draw the surface in three dimensions too.")] = False


class GanTraining(FigureOptions):
    """Generator against discriminator: samples of the same noise over the run, and the curves of both."""

    examples = ("dlcli viz gan-training", "dlcli viz gan-training --run gan --out course.svg")
    technique = "gan"
    run: RunRef = ""
    device: Device = "auto"


class LatentWalk(RunFigureOptions):
    """What a generator makes of the noise between two draws of it."""

    examples = ("dlcli viz latent-walk", "dlcli viz latent-walk --seed 3 --count 6 --steps 9")
    technique = "gan"
    count: Annotated[int, Field(ge=1, le=32, description="Walks to draw."), Cli(short="-k")] = 5
    steps: Annotated[int, Field(ge=2, le=64, description="Samples on each walk, both ends included.")] = 8
    seed: Seed = 0


class DiffusionProcess(FreeImageOptions):
    """An image and points in the plane drown in noise: at once in closed form, and by single steps."""

    examples = (
        "dlcli viz diffusion-process --noise-schedule linear --density grid --index 7",
        "dlcli viz diffusion-process --run diffusion --out process.svg",
    )
    technique = "diffusion"
    brought = (*FreeImageOptions.brought, "noise_schedule", "timesteps")
    noise_schedule: Annotated[NoiseSchedule, Field(description="How fast data drown in noise.")] = "cosine"
    timesteps: Annotated[int, Field(ge=2, le=10_000, description="Levels of noise.")] = 1_000
    density: Annotated[Literal["ring", "grid"], Field(description="Density that the points are drawn from.")] = "ring"
    points: Annotated[int, Field(ge=10, le=10_000, description="Points of the density.")] = 400
    count: Annotated[int, Field(ge=2, le=16, description="Levels to show."), Cli(short="-k")] = 7
    seed: Seed = 0


class Denoising(DrawingOptions, RunFigureOptions):
    """The way back from noise to data, and what the network takes for the data on it; --out x.gif moves."""

    examples = (
        "dlcli viz denoising --run diffusion --sampler heun --sampler-steps 20 --count 2 --seed 5",
        "dlcli viz denoising --out denoising.gif --count 8",
    )
    panel = "Figure"
    technique = "diffusion"
    animated = True
    count: Annotated[
        int, Field(ge=1, le=16, description="Images to draw; a density is one picture."), Cli(short="-k")
    ] = 3
    class_: Annotated[
        str, Field(description="Class to draw; by default all in turn. Of a conditional run."), Cli(metavar="CLASS")
    ] = ""
    states: Annotated[int, Field(ge=2, le=16, description="States to show of each.")] = 8
