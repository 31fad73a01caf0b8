"""Options of the convolutional classifier."""

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from dlcli.options.common import (
    ActivationName,
    AugmentOptions,
    Cli,
    DataDirOptions,
    Dataset,
    Dropout,
    DropoutOptions,
    EvalOptions,
    LabelSmoothing,
    Needs,
    Options,
    ReadingOptions,
    Remat,
    SubsetOptions,
    Top,
    TrainOptions,
)
from dlcli.options.initialization import Initialization

_BACKBONE = "network/backbone"
Depth = Literal[8, 18, 20, 32, 34, 44, 50, 56]
ImageSize = Annotated[
    int | None,
    Field(ge=4, le=1024, description="Resize the images of a folder to this height and width, in pixels."),
]


class BackboneOptions(Options):
    """Options of the backbone."""

    panel = "Model"
    arch: Annotated[
        Literal["small", "resnet", "plain", "convnext", "airbench"],
        Field(description="Architecture family; plain is a resnet without shortcuts."),
        Cli(short="-a"),
    ] = "small"
    depth: Annotated[
        Depth | None,
        Field(description="Layers (resnet and plain); 18, 34 and 50 as for ImageNet, the others as for CIFAR."),
        Needs("arch", ("resnet", "plain")),
    ] = None
    channels: Annotated[
        int | None, Field(ge=1, le=4096, description="Channels of the first stage; default: depends on --arch.")
    ] = None
    stages: Annotated[
        int | None,
        Field(ge=1, le=6, description="Stages, each at half the resolution of the one before (not resnet or plain)."),
        Needs("arch", but=("resnet", "plain")),
        Cli(rare=True),
    ] = None
    pool: Annotated[
        Literal["max", "average", "stride"] | None,
        Field(description="Downsampling between stages; default: depends on --arch."),
        Cli(rare=True),
    ] = None
    norm: Annotated[
        Literal["batch", "group", "none"] | None,
        Field(description="Normalization; default: depends on --arch."),
        Cli(rare=True),
    ] = None
    activation: Annotated[
        ActivationName | None,
        Field(description="Activation function; default: depends on --arch."),
        Cli(rare=True),
    ] = None


class Train(BackboneOptions, AugmentOptions, DropoutOptions, SubsetOptions, TrainOptions):
    """Options of `dlcli train cnn`."""

    panel = "Model"
    backbone = ("arch", "depth", "channels", "stages", "pool", "norm", "activation")
    architecture = (*backbone, "hidden", "image_size")
    dataset: Dataset = "digits"
    dropout: Dropout = 0.25
    image_size: ImageSize = None
    hidden: Annotated[
        int | None, Field(ge=0, le=65536, description="Units of the head's hidden layer; 0: none."), Cli(rare=True)
    ] = None
    label_smoothing: LabelSmoothing = 0.0
    label_noise: Annotated[
        float,
        Field(ge=0, le=1, description="Fraction of the training labels to replace by a random other class."),
        Cli(rare=True),
    ] = 0.0
    backbone_from: Annotated[
        str | None,
        Field(description="Initialize the backbone from this run; options of its architecture are those of the run."),
        Cli(metavar="RUN", complete="runs", rare=True),
    ] = None
    freeze_backbone: Annotated[bool, Field(description="Train only the head."), Cli(rare=True)] = False
    remat: Annotated[Remat, Needs("arch", ("resnet",))] = False

    @property
    def initialization(self) -> Initialization:
        found = super().initialization
        if self.freeze_backbone:
            found = dataclasses.replace(found, frozen=(*found.frozen, _BACKBONE))
        if self.backbone_from:
            found = dataclasses.replace(found, source=self.backbone_from, only=(_BACKBONE,), flag="--backbone-from")
        return found

    @model_validator(mode="after")
    def _one_source(self) -> "Train":
        if self.backbone_from and self.init_from:
            raise ValueError("give --init-from or --backbone-from, not both")
        return self

    @model_validator(mode="after")
    def _backbone_to_freeze(self) -> "Train":
        if self.freeze_backbone and not self.backbone_from:
            raise ValueError(
                "--freeze-backbone needs --backbone-from RUN, since an untrained backbone has no useful features"
            )
        return self


class Eval(DataDirOptions, EvalOptions):
    """Options of `dlcli eval` for a run of cnn."""

    mc_dropout: Annotated[
        int,
        Field(
            ge=0,
            le=10_000,
            description="Monte Carlo dropout: average this many predictions with active dropout; 0: none.",
        ),
        Needs(("dropout", "input_dropout"), of_run=True),
    ] = 0
    runs: Annotated[
        str,
        Field(description="Ensemble: average the predicted probabilities with these runs, separated by commas."),
        Cli(metavar="A,B,…"),
    ] = ""
    tta: Annotated[
        Literal["none", "flip", "flip-shift"],
        Field(
            description="Test-time augmentation: average the predicted probabilities with those of the mirror image "
            "(flip), and of both shifted by a pixel (flip-shift)."
        ),
    ] = "none"


class Predict(ReadingOptions):
    """Options of `dlcli predict cnn`."""

    images: Annotated[
        list[Path],
        Field(description="Image files, folders of images, or - for a list of paths on standard input."),
        Cli(argument=True),
    ]
    top: Top = 3
