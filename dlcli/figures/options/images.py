"""Options of the figures of images and image classifiers."""

from typing import Annotated

from pydantic import AfterValidator, Field

from dlcli.figures.options.base import FreeImageOptions, ImageOptions, RunFigureOptions
from dlcli.options.common import Augment, Cli, DataDir, Dataset, Needs, Seed, Use
from dlcli.techniques.cnn.options import BackboneOptions, ImageSize

Layer = Annotated[
    str,
    Field(description="Layer to show; an unknown name lists all layers."),
    Cli(metavar="NAME", complete="layers"),
]


def _unit(value: str) -> str:
    row, _, column = value.partition(",")
    if not (row.isdecimal() and column.isdecimal() and len(value) < 12):
        raise ValueError("must be a row and a column, such as 4,4")
    return value


class Augmentation(FreeImageOptions):
    """An image under each random augmentation of training, with the sampled parameters."""

    examples = (
        "dlcli viz augmentation",
        "dlcli viz augmentation --augment rotate:30,flip,cutout --count 6",
        "dlcli viz augmentation --image cat.jpg",
    )
    panel = "Figure"
    # Without the `Needs` of other figures: mixup mixes an image file with images of the data set.
    dataset: Dataset = "shapes"
    image_size: ImageSize = None
    augment: Augment = ""
    count: Annotated[int, Field(ge=1, le=16, description="Samples of each augmentation."), Cli(short="-k")] = 4
    seed: Seed = 0


class Pooling(FreeImageOptions):
    """A feature map before and after max pooling, average pooling and striding."""

    examples = ("dlcli viz pooling", "dlcli viz pooling --run cnn --layer conv1 --channel 3")
    panel = "Figure"
    layer: Annotated[Layer, Needs("run")] = ""
    channel: Annotated[
        int | None,
        Field(ge=0, description="Channel of the layer; default: the one with the largest sum."),
        Needs("run"),
    ] = None
    use: Annotated[Use, Needs("run")] = "best"


class ReceptiveField(BackboneOptions, FreeImageOptions):
    """The receptive field of a unit: theoretical, and effective by its input gradient."""

    examples = (
        "dlcli viz receptive-field",
        "dlcli viz receptive-field --arch small --stages 3 --image-size 64 --layer conv3 --unit 4,4",
        "dlcli viz receptive-field --run cnn --layer conv2",
    )
    panel = "Figure"
    from_run = (*FreeImageOptions.from_run, *BackboneOptions.model_fields, "seed")
    image_size: Annotated[int, Field(ge=4, le=1024, description="Side in pixels that images are resized to.")] = 32
    layer: Layer = ""
    unit: Annotated[
        str,
        AfterValidator(_unit),
        Field(description="Row and column of the unit in its layer, from 0; default: the centre."),
        Cli(metavar="ROW,COLUMN"),
    ] = ""
    samples: Annotated[
        int,
        Field(ge=1, le=1024, description="Images to average the gradient over."),
        Cli(short="-k"),
        Needs("image", absent=True),
    ] = 16
    seed: Seed = 0
    use: Annotated[Use, Needs("run")] = "best"


class Filters(RunFigureOptions):
    """The kernels of a convolutional layer."""

    examples = ("dlcli viz filters", "dlcli viz filters --layer conv2 --out conv2.pdf")
    technique = "cnn"
    layer: Layer = ""


class Activations(ImageOptions, RunFigureOptions):
    """The activation maps of each layer for an image."""

    examples = ("dlcli viz activations --index 7", "dlcli viz activations --image 5.png --layer conv2 --maps 32")
    panel = "Figure"
    technique = "cnn"
    layer: Layer = ""
    maps: Annotated[int, Field(ge=1, le=64, description="Number of maps to show per layer."), Cli(short="-k")] = 8


class Saliency(ImageOptions, RunFigureOptions):
    """The evidence for a class in an image: Grad-CAM and the input gradient."""

    examples = ("dlcli viz saliency --index 7", "dlcli viz saliency --image 5.png --class 3")
    panel = "Figure"
    technique = "cnn"
    layer: Layer = ""
    class_: Annotated[str, Field(description="Class to explain; default: the predicted one."), Cli(metavar="CLASS")] = (
        ""
    )


class Confusion(RunFigureOptions):
    """The confusion matrix on the validation split."""

    examples = ("dlcli viz confusion", "dlcli viz confusion --run cnn --percent --out confusion.svg")
    technique = ("cnn", "mlp", "rnn", "transformer")
    main_figure_of = ("cnn",)
    data_dir: DataDir = None
    percent: Annotated[bool, Field(description="Show percentages of the true class instead of counts.")] = False
