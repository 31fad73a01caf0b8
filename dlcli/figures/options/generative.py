"""Figures of generative networks: images and points out of noise."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from dlcli.errors import UsageError
from dlcli.figures.options.kinds import FigureOptions, FreeImageOptions, RunFigureOptions
from dlcli.options.common import Cli, Device, Needs, RunRef, Seed
from dlcli.options.generative import DENSITIES
from dlcli.techniques.diffusion.options import NoiseSchedule, SamplerOptions


class GanTraining(FigureOptions):
    """Generator against discriminator: samples of the same noise over the run, and the curves of both."""

    examples = ("dlcli viz gan-training", "dlcli viz gan-training --run gan --out course.svg")
    technique = "gan"
    best_of = ("gan",)
    use: ClassVar[str] = "last"  # a run's samples over time are in its last state
    run: RunRef = ""
    device: Device = "auto"


class LatentWalk(RunFigureOptions):
    """What a generator makes of the noise between two draws of it."""

    examples = ("dlcli viz latent-walk", "dlcli viz latent-walk --seed 3 --count 6 --steps 9")
    technique = "gan"
    count: Annotated[int, Field(ge=1, le=32, description="Walks to draw."), Cli(short="-k")] = 5
    steps: Annotated[int, Field(ge=2, le=64, description="Samples on each walk, both ends included.")] = 8
    seed: Seed = 0


class DiffusionProcess(FreeImageOptions):
    """An image and points in the plane drown in noise: at once in closed form, and by single steps."""

    examples = (
        "dlcli viz diffusion-process --noise-schedule linear --density grid --index 7",
        "dlcli viz diffusion-process --run diffusion --out process.svg",
    )
    technique = "diffusion"
    brought = (*FreeImageOptions.brought, "noise_schedule", "timesteps")
    noise_schedule: Annotated[NoiseSchedule, Field(description="How fast data drown in noise.")] = "cosine"
    timesteps: Annotated[int, Field(ge=2, le=10_000, description="Levels of noise.")] = 1_000
    density: Annotated[Literal["ring", "grid"], Field(description="Density that the points are drawn from.")] = "ring"
    points: Annotated[int, Field(ge=10, le=10_000, description="Points of the density.")] = 400
    count: Annotated[int, Field(ge=2, le=16, description="Levels to show."), Cli(short="-k")] = 7
    seed: Seed = 0

    def require_fit(self, run: Any) -> None:
        if run.options.parameterization == "flow":
            raise UsageError(f"--run {run.folder} is a flow, which has no noising steps to draw")


class Denoising(SamplerOptions, RunFigureOptions):
    """The way back from noise to data, and what the network takes for the data on it; --out x.gif moves."""

    examples = (
        "dlcli viz denoising --run diffusion --sampler heun --sampler-steps 20 --count 2 --seed 5",
        "dlcli viz denoising --out denoising.gif --count 8",
    )
    panel = "Figure"
    technique = "diffusion"
    best_of = ("diffusion",)
    animated = True
    count: Annotated[
        int,
        Field(ge=1, le=16, description="Images to draw; a density is one picture."),
        Cli(short="-k"),
        Needs("dataset", but=DENSITIES, of_run=True),
    ] = 3
    class_: Annotated[
        str,
        Field(description="Class to draw; by default all in turn. Of a conditional run."),
        Needs("conditional", of_run=True),
        Cli(metavar="CLASS"),
    ] = ""
    states: Annotated[int, Field(ge=2, le=16, description="States to show of each.")] = 8
