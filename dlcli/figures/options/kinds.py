"""What figures of one kind have in common: where they are drawn from, and what they are drawn of."""

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from dlcli.options.common import Cli, DataDir, Dataset, Device, Needs, Options, Out, RunRef, Use
from dlcli.options.fields import flag
from dlcli.options.pictures import ShowOptions
from dlcli.techniques.cnn.options import ImageSize


class FigureOptions(ShowOptions):
    """Options of every figure.

    Attributes:
        technique: whose latest run is drawn where `--run` is left out, of one or of several; empty: of any.
        animated: whether it can move, so that it may be written as GIF.
        best_of: techniques of which it is the picture to look at first.
    """

    panel = "Figure"
    technique: ClassVar[str | tuple[str, ...]] = ""
    animated: ClassVar[bool] = False
    best_of: ClassVar[tuple[str, ...]] = ()
    out: Out = None


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
            raise ValueError(
                f"{flag(given[0])} is for a figure without a run, and --run {self.run} brings its own: give one"
            )
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
    dataset: Annotated[Dataset, Needs("image", absent=True)] = "shapes"
    image_size: Annotated[ImageSize, Needs("image", absent=True)] = None


class TextFigureOptions(RunFigureOptions):
    """Options of a figure that is drawn of a text."""

    text: Annotated[str, Field(description="Text that the network reads."), Cli(argument=True)]
