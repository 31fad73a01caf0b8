"""Options of the convolutional classifier."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from dlcli.options.common import (
    AugmentOptions,
    Cli,
    Dataset,
    Dropout,
    DropoutOptions,
    EvalOptions,
    Needs,
    Options,
    ReadingOptions,
    SubsetOptions,
    TrainOptions,
)

Depth = Literal[8, 20, 32, 44, 56, 18, 34, 50]


ImageSize = Annotated[
    int | None, Field(ge=4, le=1024, description="Side in pixels that images of a folder are resized to.")
]


class BackboneOptions(Options):
    """What shapes a backbone."""

    panel = "Model"
    arch: Annotated[
        Literal["small", "resnet", "convnext"], Field(description="Family of the network."), Cli(short="-a")
    ] = "small"
    depth: Annotated[
        Depth | None,
        Field(description="Layers of a resnet: 8 to 56 for small images, 18, 34, 50 wide."),
        Needs("arch", ("resnet",)),
    ] = None
    channels: Annotated[
        int | None, Field(ge=1, le=4096, description="Channels of the first stage; the default is the family's.")
    ] = None
    stages: Annotated[
        int | None,
        Field(ge=1, le=6, description="Stages, each of half the size; small and convnext."),
        Needs("arch", but=("resnet",)),
        Cli(rare=True),
    ] = None
    pool: Annotated[
        Literal["max", "average", "stride"] | None,
        Field(description="How a stage halves the image; the default is the family's."),
        Cli(rare=True),
    ] = None
    norm: Annotated[
        Literal["batch", "group", "none"] | None,
        Field(description="Normalization; the default is the family's."),
        Cli(rare=True),
    ] = None
    activation: Annotated[
        Literal["relu", "leaky-relu", "gelu", "silu", "elu", "tanh"] | None,
        Field(description="Activation; the default is the family's."),
        Cli(rare=True),
    ] = None


class Train(BackboneOptions, AugmentOptions, DropoutOptions, SubsetOptions, TrainOptions):
    """Options of `dlcli train cnn`."""

    panel = "Model"
    dataset: Dataset = "digits"
    dropout: Dropout = 0.25
    image_size: ImageSize = None
    hidden: Annotated[
        int | None, Field(ge=0, le=65536, description="Units of the head's hidden layer; 0: none."), Cli(rare=True)
    ] = None
    label_smoothing: Annotated[
        float, Field(ge=0, lt=1, description="Share of each target spread over all classes."), Cli(rare=True)
    ] = 0.0
    backbone_from: Annotated[
        str | None,
        Field(description="Run whose trained backbone to start from; the head is new."),
        Cli(metavar="RUN", complete="runs", rare=True),
    ] = None
    freeze_backbone: Annotated[bool, Field(description="Train the head alone."), Cli(rare=True)] = False

    @model_validator(mode="after")
    def _backbone_to_freeze(self) -> "Train":
        if self.freeze_backbone and not self.backbone_from:
            raise ValueError("--freeze-backbone needs --backbone-from RUN: an untrained backbone is no use frozen")
        return self


class Eval(EvalOptions):
    """Options of `dlcli eval` for a run of cnn."""

    mc_dropout: Annotated[
        int,
        Field(ge=0, le=10_000, description="Average this many predictions with dropout left on; 0: dropout off."),
        Needs(("dropout", "input_dropout"), of_run=True),
    ] = 0
    runs: Annotated[
        str,
        Field(description="Average the predictions of these further runs, a comma between them."),
        Cli(metavar="A,B,…"),
    ] = ""


class Predict(ReadingOptions):
    """Options of `dlcli predict cnn`."""

    images: Annotated[
        list[Path], Field(description="Images, folders of them, or - for a list on standard input."), Cli(argument=True)
    ]
    top: Annotated[
        int, Field(ge=1, le=1000, description="Classes to show for each image, likeliest first."), Cli(short="-k")
    ] = 3
