"""Figures of images and of the networks that classify them."""

from typing import Annotated

from pydantic import AfterValidator, Field

from dlcli.figures.options.kinds import FreeImageOptions, ImageOptions, RunFigureOptions
from dlcli.options.common import Augment, Cli, DataDir, Dataset, Needs, Seed, Use
from dlcli.techniques.cnn.options import BackboneOptions, ImageSize

Layer = Annotated[
    str,
    Field(description="Layer to draw; a wrong name lists those there are."),
    Cli(metavar="NAME", complete="layers"),
]


def _unit(value: str) -> str:
    row, _, column = value.partition(",")
    if not (row.isdecimal() and column.isdecimal() and len(value) < 12):
        raise ValueError("must be a row and a column, such as 4,4")
    return value


class Augmentation(FreeImageOptions):
    """An image under each random change of training, with the strengths drawn."""

    examples = (
        "dlcli viz augmentation",
        "dlcli viz augmentation --augment rotate:30,flip,cutout --count 6",
        "dlcli viz augmentation --image cat.jpg",
    )
    # Without the rules of other figures: an image of one's own is mixed with one of the data set.
    dataset: Dataset = "shapes"
    image_size: ImageSize = None
    augment: Augment = ""
    count: Annotated[int, Field(ge=1, le=16, description="Draws of each change."), Cli(short="-k")] = 4
    seed: Seed = 0


class Pooling(FreeImageOptions):
    """A map before and after pooling by the maximum, the average and a stride."""

    examples = ("dlcli viz pooling", "dlcli viz pooling --run cnn --layer conv1 --channel 3")
    layer: Annotated[Layer, Needs("run")] = ""
    channel: Annotated[
        int | None, Field(ge=0, description="Channel of the layer's maps; default the most active one."), Needs("run")
    ] = None
    use: Annotated[Use, Needs("run")] = "best"


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
        int,
        Field(ge=1, le=1024, description="Images over which the gradient is averaged."),
        Cli(short="-k"),
        Needs("image", absent=True),
    ] = 16
    seed: Seed = 0
    use: Annotated[Use, Needs("run")] = "best"


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


class Saliency(ImageOptions, RunFigureOptions):
    """Where an image speaks for a class: Grad-CAM and the input gradient."""

    examples = ("dlcli viz saliency --index 7", "dlcli viz saliency --image 5.png --label 3")
    technique = "cnn"
    layer: Layer = ""
    label: Annotated[str, Field(description="Class to explain; default the one predicted."), Cli(metavar="CLASS")] = ""


class Confusion(RunFigureOptions):
    """Which class is taken for which, on the validation split."""

    examples = ("dlcli viz confusion", "dlcli viz confusion --run cnn --percent --out confusion.svg")
    technique = ("cnn", "rnn", "transformer")
    best_of = ("cnn",)
    data_dir: DataDir = None
    percent: Annotated[bool, Field(description="Write shares of the true class instead of counts.")] = False
