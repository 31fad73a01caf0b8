"""The catalogue of figures: one class each, in the order of the course; the name in kebab case is the command."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from dlcli.options import (
    Augment,
    Cli,
    DataDir,
    Dataset,
    Device,
    LearningRate,
    Options,
    Out,
    RunRef,
    ScheduleName,
    Seed,
    Steps,
    Use,
)
from dlcli.techniques.cnn.options import BackboneOptions, ImageSize

Layer = Annotated[str, Field(description="Layer to draw; a wrong name lists those there are."), Cli(metavar="NAME")]


def _unit(value: str) -> str:
    row, _, column = value.partition(",")
    if not (row.isdecimal() and column.isdecimal() and len(value) < 12):
        raise ValueError("must be a row and a column, such as 4,4")
    return value


class FigureOptions(Options):
    """Options of every figure.

    Attributes:
        technique: whose latest run is drawn where `--run` is left out; empty: of any.
    """

    panel = "Figure"
    technique: ClassVar[str] = ""
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


class Embeddings(RunFigureOptions):
    """Words by their vectors, brought into the plane: what is near in meaning is near."""

    examples = (
        "dlcli viz embeddings",
        "dlcli viz embeddings --words king,water,music,red --neighbors 12",
        "dlcli viz embeddings --count 300 --method pca --clusters 12 --out words.svg",
    )
    technique = "word2vec"
    words: Annotated[
        str, Field(description="Words to draw; by default the most frequent ones."), Cli(metavar="WORD,…")
    ] = ""
    neighbors: Annotated[
        int, Field(ge=0, le=100, description="Nearest words drawn around each of --words, as its group.")
    ] = 0
    count: Annotated[
        int, Field(ge=4, le=1000, description="How many of the most frequent words to draw without --words.")
    ] = 150
    method: Annotated[
        Literal["tsne", "pca"], Field(description="Projection: t-SNE keeps neighbours, PCA distances at large.")
    ] = "tsne"
    clusters: Annotated[
        int, Field(ge=1, le=32, description="Groups found by k-means, each named by the words at its middle.")
    ] = 8
    seed: Seed = 0

    @model_validator(mode="after")
    def _around_words(self) -> "Embeddings":
        given = self.model_fields_set
        if self.words and "count" in given:
            raise ValueError("give --words or --count, not both")
        if not self.words and "neighbors" in given:
            raise ValueError("--neighbors are drawn around words: give --words too")
        if self.neighbors and "clusters" in given:
            raise ValueError("with --neighbors each of --words is a group: leave --clusters out")
        return self
