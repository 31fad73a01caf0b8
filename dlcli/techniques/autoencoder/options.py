"""Options of the autoencoder."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from dlcli.options.common import (
    BatchSize,
    Cli,
    DataDirOptions,
    Dataset,
    EvalOptions,
    LearningRate,
    Needs,
    Out,
    ReadingOptions,
    Steps,
    SubsetOptions,
    TrainOptions,
)
from dlcli.options.generative import Nearest, SamplingSeed
from dlcli.options.pictures import ShowOptions
from dlcli.options.values import layer_sizes


class Train(SubsetOptions, TrainOptions):
    """Options of `dlcli train autoencoder`."""

    panel = "Model"
    architecture = ("arch", "hidden_sizes", "channels", "latent_dim", "variational", "image_size")
    dataset: Dataset = "digits"
    image_size: Annotated[
        int | None,
        Field(ge=4, le=256, description="Resize the images of a folder to this height and width, in pixels."),
    ] = None
    batch_size: BatchSize = 64
    steps: Steps = 2_000
    learning_rate: LearningRate = 1e-3
    arch: Annotated[
        Literal["dense", "convolutional"], Field(description="Fully connected or convolutional encoder and decoder.")
    ] = "dense"
    hidden_sizes: Annotated[
        str,
        AfterValidator(layer_sizes),
        Field(description="Units of each hidden layer of the encoder, in reverse order those of the decoder."),
        Cli(metavar="N,…"),
        Needs("arch", ("dense",)),
    ] = "256,64"
    channels: Annotated[
        int,
        Field(ge=1, le=1024, description="Channels at full resolution, doubled at each downsampling."),
        Needs("arch", ("convolutional",)),
    ] = 32
    latent_dim: Annotated[int, Field(ge=1, le=4096, description="Latent dimension: numbers in a code.")] = 8
    variational: Annotated[
        bool, Field(description="Encode to a normal distribution, regularized to the standard normal (VAE).")
    ] = False
    kl_weight: Annotated[
        float,
        Field(ge=0, le=1e6, description="Weight of the KL divergence; above 1: beta-VAE."),
        Needs("variational"),
    ] = 1.0


class Eval(DataDirOptions, EvalOptions):
    """Options of `dlcli eval` for a run of autoencoder."""


class Sample(ShowOptions, ReadingOptions):
    """Options of `dlcli sample autoencoder`."""

    panel = "Samples"
    requires = (("variational", True),)
    examples = ("dlcli sample autoencoder", "dlcli sample autoencoder --count 16 --seed 3 --out digits.png")
    count: Annotated[int, Field(ge=1, le=10_000, description="Number of samples."), Cli(short="-k")] = 64
    seed: SamplingSeed = 0
    grid: Annotated[int, Field(ge=1, le=100, description="Images per row of the picture.")] = 8
    show_nearest: Nearest = False
    out: Out = None
