"""Options of the figures of what networks represent: codes, encoded texts, features of layers."""

from typing import Annotated, Any

from pydantic import Field

from dlcli.errors import UsageError
from dlcli.figures.options.base import RunFigureOptions
from dlcli.options.common import Cli, DataDir

Examples = Annotated[
    int, Field(ge=4, le=10_000, description="Examples of the validation split to show."), Cli(short="-k")
]


class Reconstructions(RunFigureOptions):
    """Images of the validation split above their reconstructions by an autoencoder."""

    examples = ("dlcli viz reconstructions", "dlcli viz reconstructions --count 16 --out codes.svg")
    panel = "Figure"
    technique = "autoencoder"
    main_figure_of = ("autoencoder",)
    data_dir: DataDir = None
    count: Annotated[int, Field(ge=1, le=64, description="Images to show."), Cli(short="-k")] = 10


class LatentSpace(RunFigureOptions):
    """The codes of an autoencoder in the plane, by class, beside the images decoded from a grid of codes."""

    examples = ("dlcli viz latent-space", "dlcli viz latent-space --grid 21 --out latent.pdf")
    panel = "Figure"
    technique = "autoencoder"
    data_dir: DataDir = None
    count: Examples = 1_000
    grid: Annotated[int, Field(ge=2, le=41, description="Decoded images along each axis.")] = 13


class Representation(RunFigureOptions):
    """Encoded examples of the validation split in the plane, by class, layer by layer."""

    examples = (
        "dlcli viz representation --run cnn",
        "dlcli viz representation --run cnn --thumbnails",
        "dlcli viz representation --run transformer --count 400",
    )
    panel = "Figure"
    technique = ("cnn", "mlp", "transformer")
    data_dir: DataDir = None
    count: Examples = 600
    thumbnails: Annotated[
        bool, Field(description="Draw the images of a cnn in place of their points, as many as fit without overlap.")
    ] = False

    def require_fit(self, run: Any) -> None:
        if self.thumbnails and run.technique != "cnn":
            raise UsageError(f"--thumbnails needs a run of cnn, {run.folder} is one of {run.technique}")
        if not getattr(run.facts, "classes", ()):
            raise UsageError(f"--run must be a run of a classifier, {run.folder} is not")
