"""Base classes of the options of figures: of a run, of an image, of a text."""

from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from dlcli.errors import UsageError
from dlcli.options.common import Cli, DataDir, Dataset, Device, Needs, Options, Out, RunRef, Use
from dlcli.options.fields import flag
from dlcli.options.pictures import ShowOptions
from dlcli.techniques.cnn.options import ImageSize

LIMIT = 1e6  # largest magnitude of a number in a list


def parse_numbers(text: str) -> tuple[float, ...]:
    """Parse comma-separated finite numbers.

    Raises:
        ValueError: an item is not a number, or is too large.
    """
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ValueError("must be comma-separated numbers") from None
    if not all(abs(number) <= LIMIT for number in numbers):
        raise ValueError(f"must be numbers of magnitude at most {LIMIT:g}")
    return numbers


class FigureOptions(ShowOptions):
    """Options of every figure.

    Attributes:
        technique: technique, or techniques, of the latest run that `--run` defaults to; empty: any.
        animated: whether the figure can be written as an animated GIF.
        main_figure_of: techniques whose most important figure this is, suggested after training.
        main_figure_where: training options, one of which the run must have for this; empty: any.
    """

    panel = "Figure"
    technique: ClassVar[str | tuple[str, ...]] = ""
    animated: ClassVar[bool] = False
    main_figure_of: ClassVar[tuple[str, ...]] = ()
    main_figure_where: ClassVar[tuple[tuple[str, str], ...]] = ()
    out: Out = None


class RunFigureOptions(FigureOptions):
    """Options of a figure of a trained run."""

    run: RunRef = ""
    use: Use = "best"
    device: Device = "auto"


class FreeFigureOptions(FigureOptions):
    """Options of a figure that needs no trained run.

    Attributes:
        from_run: options whose values come from the run, and which are therefore rejected together with `--run`.
    """

    from_run: ClassVar[tuple[str, ...]] = ()
    run: Annotated[
        str | None,
        Field(description="Use this run, or the latest run of this technique; default: use no trained run."),
        Cli(short="-r", metavar="RUN", complete="runs"),
    ] = None
    device: Device = "auto"

    @model_validator(mode="after")
    def _one_source(self) -> "FreeFigureOptions":
        given = [name for name in self.from_run if name in self.model_fields_set]
        if self.run is not None and given:
            raise ValueError(f"{flag(given[0])} conflicts with --run {self.run}, which determines it: give one of them")
        return self


class ImageOptions(Options):
    """The image that a figure shows."""

    panel = "Image"
    image: Annotated[
        Path | None, Field(description="Image file to show, instead of an image of the data set."), Cli(metavar="FILE")
    ] = None
    index: Annotated[
        int, Field(ge=0, description="Index in the validation split of the image to show."), Cli(short="-i")
    ] = 0
    data_dir: DataDir = None

    @model_validator(mode="after")
    def _one_image(self) -> "ImageOptions":
        if self.image is not None and "index" in self.model_fields_set:
            raise ValueError("--image conflicts with --index: give one of them")
        return self


class FreeImageOptions(ImageOptions, FreeFigureOptions):
    """Options of a figure that needs an image but no trained run."""

    technique = "cnn"
    from_run: ClassVar[tuple[str, ...]] = ("dataset", "image_size")
    dataset: Annotated[Dataset, Needs("image", absent=True)] = "shapes"
    image_size: Annotated[ImageSize, Needs("image", absent=True)] = None


class TextFigureOptions(RunFigureOptions):
    """Options of a figure of a text."""

    text: Annotated[str, Field(description="Input text."), Cli(argument=True)]


class ClassifierFigureOptions(RunFigureOptions):
    """Options of a figure of a classifier of any technique on its validation split."""

    panel = "Figure"
    technique = ("cnn", "mlp", "rnn", "transformer")
    data_dir: DataDir = None

    def require_fit(self, run: Any) -> None:
        if not getattr(run.facts, "classes", ()):
            raise UsageError(f"--run must be a run of a classifier, {run.folder} is not")
