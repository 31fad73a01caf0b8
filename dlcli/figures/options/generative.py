"""Options of the figures of generative models."""

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from dlcli.errors import UsageError
from dlcli.figures.options.base import (
    FigureOptions,
    FreeFigureOptions,
    FreeImageOptions,
    RunFigureOptions,
    parse_numbers,
)
from dlcli.options.common import Cli, Device, Needs, RunRef, Seed
from dlcli.options.datasets import DENSITIES, DensityName
from dlcli.options.generative import SamplingSeed
from dlcli.techniques.diffusion.options import NoiseSchedule as NoiseScheduleName
from dlcli.techniques.diffusion.options import SamplerOptions


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


class DiscriminatorField(FigureOptions):
    """The discriminator of a GAN of a 2-D density over the plane, beside the optimum p / (p + q)."""

    examples = ("dlcli viz discriminator-field", "dlcli viz discriminator-field --run gan --seed 1 --out field.svg")
    panel = "Figure"
    technique = "gan"
    requires = tuple(("dataset", name) for name in DENSITIES)
    use: ClassVar[str] = "last"  # the discriminator and the generator of the same step
    run: RunRef = ""
    device: Device = "auto"
    seed: Seed = 0


class NoiseSchedule(FreeFigureOptions):
    """The signal-to-noise ratio over the timesteps of each noise schedule, or of a diffusion run's."""

    examples = ("dlcli viz noise-schedule", "dlcli viz noise-schedule --run diffusion")
    panel = "Figure"
    technique = "diffusion"
    from_run = ("timesteps",)
    timesteps: Annotated[int, Field(ge=2, le=10_000, description="Number of timesteps.")] = 1_000


class ScoreField(RunFigureOptions):
    """The score that a diffusion model of a 2-D density has learned, beside the exact one."""

    examples = ("dlcli viz score-field --run diffusion", "dlcli viz score-field --run diffusion --count 5")
    panel = "Figure"
    technique = "diffusion"
    requires = tuple(("dataset", name) for name in DENSITIES)
    count: Annotated[int, Field(ge=1, le=8, description="Timesteps to show."), Cli(short="-k")] = 4
    seed: Seed = 0


def _guidance_scales(text: str) -> str:
    if text and not all(0 <= scale <= 100 for scale in parse_numbers(text)):
        raise ValueError("must be comma-separated guidance scales from 0 to 100")
    return text


def parse_counts(text: str) -> list[int]:
    """Parse comma-separated positive whole numbers, such as 5,10,50, to ascending ones without repetition.

    Raises:
        ValueError: an item is something else, or there are more than 20.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and len(part) < 6 and int(part) for part in parts) or len(parts) > 20:
        raise ValueError("must be 1 to 20 comma-separated positive whole numbers, such as 5,10,50")
    return sorted({int(part) for part in parts})


def _counts(text: str) -> str:
    parse_counts(text)
    return text


class SamplerQuality(RunFigureOptions):
    """The quality of samples against the number of sampling steps, for each sampler of a diffusion model."""

    examples = ("dlcli viz sampler-quality", "dlcli viz sampler-quality --steps 5,10,20,50 --samples 1000")
    panel = "Figure"
    technique = "diffusion"
    steps: Annotated[
        str,
        AfterValidator(_counts),
        Field(description="Numbers of sampling steps to compare, at most the --timesteps of the run."),
        Cli(metavar="N,…"),
    ] = "5,10,20,50"
    samples: Annotated[
        int, Field(ge=100, le=100_000, description="Samples per sampler and number of steps."), Cli(short="-k")
    ] = 1_000
    seed: SamplingSeed = 0


class ForwardProcess(FreeImageOptions):
    """The forward process q(x_t | x_0) of a diffusion model, in closed form and step by step."""

    examples = (
        "dlcli viz forward-process --noise-schedule linear --density grid --index 7",
        "dlcli viz forward-process --run diffusion --out process.svg",
    )
    panel = "Figure"
    technique = "diffusion"
    from_run = (*FreeImageOptions.from_run, "noise_schedule", "timesteps")
    noise_schedule: Annotated[NoiseScheduleName, Field(description="Noise schedule.")] = "cosine"
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
        "dlcli viz denoising --compare-guidance 0,1,3,6 --count 2",
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
    compare_guidance: Annotated[
        str,
        AfterValidator(_guidance_scales),
        Field(description="Show x_t of the same noise for each of these guidance scales, such as 0,1,2,5."),
        Needs("conditional", of_run=True),
        Cli(metavar="SCALE,…"),
    ] = ""
