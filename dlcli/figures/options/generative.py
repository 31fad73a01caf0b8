"""Options of the figures of generative models."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from dlcli.errors import UsageError
from dlcli.figures.options.base import FigureOptions, FreeImageOptions, RunFigureOptions
from dlcli.options.common import Cli, Device, Needs, RunRef, Seed
from dlcli.options.datasets import DENSITIES, DensityName
from dlcli.techniques.diffusion.options import NoiseSchedule, SamplerOptions


class GanTraining(FigureOptions):
    """Training of a GAN: samples for fixed noise over the steps, and the curves of generator and discriminator."""

    examples = ("dlcli viz gan-training", "dlcli viz gan-training --run gan --out gan-training.svg")
    technique = "gan"
    main_figure_of = ("gan",)
    use: ClassVar[str] = "last"  # the samples over time are part of the last state
    run: RunRef = ""
    device: Device = "auto"


class LatentInterpolation(RunFigureOptions):
    """Samples of a generator along spherical interpolations between two noise vectors."""

    examples = ("dlcli viz latent-interpolation", "dlcli viz latent-interpolation --seed 3 --count 6 --steps 9")
    technique = "gan"
    count: Annotated[int, Field(ge=1, le=32, description="Interpolations to show, one per row."), Cli(short="-k")] = 5
    steps: Annotated[int, Field(ge=2, le=64, description="Samples per interpolation, including both ends.")] = 8
    seed: Seed = 0


class ForwardProcess(FreeImageOptions):
    """The forward process q(x_t | x_0) of a diffusion model, in closed form and step by step."""

    examples = (
        "dlcli viz forward-process --noise-schedule linear --density grid --index 7",
        "dlcli viz forward-process --run diffusion --out process.svg",
    )
    panel = "Figure"
    technique = "diffusion"
    from_run = (*FreeImageOptions.from_run, "noise_schedule", "timesteps")
    noise_schedule: Annotated[NoiseSchedule, Field(description="Noise schedule.")] = "cosine"
    timesteps: Annotated[int, Field(ge=2, le=10_000, description="Number of timesteps.")] = 1_000
    density: Annotated[DensityName, Field(description="Two-dimensional density to sample points from.")] = "ring"
    points: Annotated[int, Field(ge=10, le=10_000, description="Points to sample.")] = 400
    count: Annotated[int, Field(ge=2, le=16, description="Timesteps to show."), Cli(short="-k")] = 7
    seed: Seed = 0

    def require_fit(self, run: Any) -> None:
        if run.options.parameterization == "flow":
            raise UsageError(f"--run must be a run that predicts noise or velocity, {run.folder} is a flow")


class Denoising(SamplerOptions, RunFigureOptions):
    """The reverse process of a diffusion model: x_t and the predicted x_0; --out FILE.gif animates it."""

    examples = (
        "dlcli viz denoising --run diffusion --sampler heun --sampler-steps 20 --count 2 --seed 5",
        "dlcli viz denoising --out denoising.gif --count 8",
    )
    panel = "Figure"
    technique = "diffusion"
    main_figure_of = ("diffusion",)
    animated = True
    count: Annotated[
        int,
        Field(ge=1, le=16, description="Images to sample; a density is one picture."),
        Cli(short="-k"),
        Needs("dataset", but=DENSITIES, of_run=True),
    ] = 3
    class_: Annotated[
        str,
        Field(description="Class to sample, of a conditional run; default: all classes in turn."),
        Needs("conditional", of_run=True),
        Cli(metavar="CLASS"),
    ] = ""
    states: Annotated[int, Field(ge=2, le=16, description="Timesteps to show.")] = 8
