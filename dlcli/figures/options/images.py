"""Options of the figures of images and image classifiers."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from dlcli.errors import UsageError
from dlcli.figures.options.base import (
    ClassifierFigureOptions,
    FigureOptions,
    FreeImageOptions,
    ImageOptions,
    RunFigureOptions,
    parse_numbers,
)
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


KERNELS = {
    "vertical-edges": (-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0),  # Sobel
    "horizontal-edges": (-1.0, -2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0, 1.0),
    "laplacian": (0.0, 1.0, 0.0, 1.0, -4.0, 1.0, 0.0, 1.0, 0.0),
    "blur": (1 / 9,) * 9,
    "sharpen": (0.0, -1.0, 0.0, -1.0, 5.0, -1.0, 0.0, -1.0, 0.0),
}
_SIZES = {1: 1, 9: 3, 25: 5, 49: 7}  # number of weights: side of the kernel


def parse_kernel(text: str) -> list[list[float]]:
    """Return the rows of a kernel by name, or of comma-separated weights.

    Raises:
        ValueError: the text is neither.
    """
    weights = KERNELS.get(text) or parse_numbers(text)
    if len(weights) not in _SIZES:
        raise ValueError(f"must be {', '.join(KERNELS)}, or 1, 9, 25 or 49 numbers row by row, found {len(weights)}")
    side = _SIZES[len(weights)]
    return [list(weights[start : start + side]) for start in range(0, len(weights), side)]


def _kernel(text: str) -> str:
    if text not in KERNELS and not any(character.isdigit() for character in text):
        raise ValueError(f"must be {', '.join(KERNELS)}, or comma-separated numbers")
    parse_kernel(text)
    return text


class Convolution(ImageOptions, FigureOptions):
    """A kernel moving over an image, the products and the map that their sums fill; --out FILE.gif animates it."""

    examples = (
        "dlcli viz convolution --out convolution.gif",
        "dlcli viz convolution --kernel laplacian --stride 2 --padding 1",
        "dlcli viz convolution --image cat.jpg --side 24 --kernel 0,0,0,1,0,-1,0,0,0",
    )
    panel = "Figure"
    animated = True
    dataset: Annotated[Dataset, Needs("image", absent=True)] = "shapes"
    kernel: Annotated[
        str,
        AfterValidator(_kernel),
        Field(description=f"{', '.join(KERNELS)}, or 1, 9, 25 or 49 comma-separated weights, row by row."),
        Cli(metavar="NAME|WEIGHTS"),
    ] = "vertical-edges"
    side: Annotated[int, Field(ge=3, le=64, description="Side in pixels that the image is resized to.")] = 16
    stride: Annotated[int, Field(ge=1, le=8, description="Pixels between two windows.")] = 1
    padding: Annotated[int, Field(ge=0, le=8, description="Pixels of zeros added on each side.")] = 0


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


class Filters(ImageOptions, RunFigureOptions):
    """The kernels of a convolutional layer, beside the maps that they make of an image."""

    examples = ("dlcli viz filters", "dlcli viz filters --layer conv2 --index 7 --out conv2.pdf")
    panel = "Figure"
    technique = "cnn"
    layer: Layer = ""


class Activations(ImageOptions, RunFigureOptions):
    """The activation maps of each layer for an image."""

    examples = ("dlcli viz activations --index 7", "dlcli viz activations --image 5.png --layer conv2 --maps 32")
    panel = "Figure"
    technique = "cnn"
    layer: Layer = ""
    maps: Annotated[int, Field(ge=1, le=64, description="Number of maps to show per layer."), Cli(short="-k")] = 8


class DropoutMasks(ImageOptions, RunFigureOptions):
    """An image under several dropout masks: inputs and hidden units that remain, and the prediction of each."""

    examples = ("dlcli viz dropout-masks", "dlcli viz dropout-masks --index 7 --masks 6 --out masks.svg")
    panel = "Figure"
    technique = "cnn"
    masks: Annotated[int, Field(ge=1, le=16, description="Masks to show."), Cli(short="-k")] = 4
    seed: Seed = 0

    def require_fit(self, run: Any) -> None:
        if not (run.options.dropout or run.options.input_dropout):
            raise UsageError(f"--run must be a run with --dropout or --input-dropout, {run.folder} has neither")


class Features(RunFigureOptions):
    """The input that excites a unit most, optimized, beside the image patches that do."""

    examples = ("dlcli viz features --run cnn", "dlcli viz features --layer conv2 --units 8 --patches 6")
    panel = "Figure"
    technique = "cnn"
    data_dir: DataDir = None
    layer: Layer = ""
    units: Annotated[int, Field(ge=1, le=32, description="Channels to show."), Cli(short="-k")] = 6
    patches: Annotated[int, Field(ge=1, le=16, description="Patches per channel.")] = 5
    steps: Annotated[int, Field(ge=1, le=10_000, description="Steps of the optimization.")] = 128
    seed: Seed = 0


class Saliency(ImageOptions, RunFigureOptions):
    """The evidence for a class in an image: Grad-CAM, gradients, SmoothGrad, integrated gradients, occlusion."""

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
    errors: Annotated[
        int,
        Field(
            ge=0,
            le=64,
            description="Misclassified images to show, those predicted with the highest probability (runs of cnn).",
        ),
        Cli(short="-k"),
    ] = 8

    def require_fit(self, run: Any) -> None:
        if "errors" in self.model_fields_set and self.errors and run.technique != "cnn":
            raise UsageError(f"--errors needs a run of cnn, {run.folder} is a run of {run.technique}")

    main_figure_of = ("cnn",)
    data_dir: DataDir = None
    percent: Annotated[bool, Field(description="Show percentages of the true class instead of counts.")] = False


class Reliability(ClassifierFigureOptions):
    """The reliability diagram: accuracy against confidence on the validation split."""

    examples = ("dlcli viz reliability", "dlcli viz reliability --run cnn --out reliability.svg")


class Roc(ClassifierFigureOptions):
    """ROC curves on the validation split, each class against the others, with the areas under them."""

    examples = ("dlcli viz roc", "dlcli viz roc --run mlp --out roc.pdf")
