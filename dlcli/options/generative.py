"""Options of the generative models of images and of points in the plane."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from dlcli.options.common import Cli, DatasetName, Needs, ReadingOptions, TrainOptions
from dlcli.options.datasets import DENSITIES
from dlcli.options.pictures import ShowOptions

GENERATIVE_DATASET = (
    f"Image set (an embedded name, tfds:NAME, folder:PATH or a file), or a 2-D density: {', '.join(DENSITIES)}."
)
GenerativeDataset = Annotated[
    DatasetName, Field(description=GENERATIVE_DATASET), Cli(short="-d", metavar="NAME", complete="images")
]
SamplingSeed = Annotated[int, Field(ge=0, lt=2**31, description="Seed of the noise that is sampled.")]
Nearest = Annotated[
    bool, Field(description="Show below each sample the nearest training image, by Euclidean distance of pixels.")
]
ClassName = Annotated[
    str,
    Field(description="Class to sample; default: each class in turn (class-conditional runs only)."),
    Needs("conditional", of_run=True),
    Cli(metavar="CLASS"),
]


class GenerativeTrainOptions(TrainOptions):
    """Training options of every generative model of images and points."""

    panel = "Model"
    dataset: GenerativeDataset = "digits"
    image_size: Annotated[
        int | None,
        Field(ge=4, le=256, description="Resize the images of a folder to this height and width, in pixels."),
        Needs("dataset", but=DENSITIES),
    ] = None
    conditional: Annotated[bool, Field(description="Train a class-conditional model.")] = False
    channels: Annotated[
        int,
        Field(
            ge=1,
            le=1024,
            description="Channels at full resolution, doubled at each downsampling; for a density, a quarter of the "
            "hidden units.",
        ),
    ] = 32
    ema_decay: Annotated[
        float,
        Field(ge=0, lt=1, description="Decay of the exponential moving average of the weights that generates samples."),
        Cli(rare=True),
    ] = 0.995


class GenerativeSampleOptions(ShowOptions, ReadingOptions):
    """Options of `dlcli sample` for every generative model of images and points."""

    panel = "Samples"
    count: Annotated[int, Field(ge=1, le=10_000, description="Number of samples."), Cli(short="-k")] = 64
    seed: SamplingSeed = 0
    class_: ClassName = ""
    grid: Annotated[
        int,
        Field(ge=1, le=100, description="Images per row of the picture."),
        Needs("dataset", but=DENSITIES, of_run=True),
    ] = 8
    show_nearest: Annotated[Nearest, Needs("dataset", but=DENSITIES, of_run=True)] = False
    out: Annotated[
        Path | None,
        Field(description="Output: a picture (.png, .svg, .pdf), arrays (.npz), or a folder for one PNG per sample."),
        Cli(short="-o", metavar="PATH"),
    ] = None
