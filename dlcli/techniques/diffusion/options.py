"""Options of the diffusion model."""

from typing import Annotated, Any, Literal

from pydantic import Field

from dlcli.errors import UsageError
from dlcli.options.common import (
    BatchSize,
    Cli,
    DatasetName,
    EvalOptions,
    LearningRate,
    Needs,
    Options,
    Out,
    ReadingOptions,
    Steps,
    TrainOptions,
)
from dlcli.options.pictures import ShowOptions

ImageSize = Annotated[
    int | None, Field(ge=4, le=256, description="Side in pixels that images of a folder are resized to.")
]
DENSITIES = ("ring", "grid")
NoiseSchedule = Literal["linear", "cosine"]
DrawingSeed = Annotated[int, Field(ge=0, lt=2**31, description="Seed of the noise that the samples are made of.")]


class Train(TrainOptions):
    """Options of `dlcli train diffusion`."""

    panel = "Model"
    dataset: Annotated[
        DatasetName,
        Field(description="Image set (an embedded name, tfds:NAME, folder:PATH, a file), or density: ring, grid."),
        Cli(short="-d", metavar="NAME", complete="images"),
    ] = "digits"
    image_size: Annotated[ImageSize, Needs("dataset", but=DENSITIES)] = None
    batch_size: BatchSize = 64
    steps: Steps = 1_500
    learning_rate: LearningRate = 2e-3
    clip_norm: Annotated[
        float, Field(ge=0, description="Bound on the gradients' global norm; 0: none."), Cli(rare=True)
    ] = 1.0
    parameterization: Annotated[
        Literal["noise", "velocity", "flow"],
        Field(description="What the network says of noisy data: their noise, their velocity, or the flow's direction."),
    ] = "velocity"
    noise_schedule: Annotated[
        NoiseSchedule | None,
        Field(description="How fast data drown in noise; default cosine. A flow has a straight path of its own."),
        Needs("parameterization", but=("flow",)),
        Cli(rare=True),
    ] = None
    timesteps: Annotated[int, Field(ge=2, le=100_000, description="Levels of noise."), Cli(rare=True)] = 1_000
    conditional: Annotated[bool, Field(description="Tell the network the class, so that it can be asked for.")] = False
    label_dropout: Annotated[
        float | None,
        Field(gt=0, lt=1, description="Share of examples whose class is not told, for guidance; default 0.1."),
        Needs("conditional"),
        Cli(rare=True),
    ] = None
    channels: Annotated[
        int, Field(ge=1, le=1024, description="Channels at full size; each halving doubles them. Densities: units / 4.")
    ] = 32
    stages: Annotated[
        int, Field(ge=1, le=6, description="Stages of the U-Net, each of half the size."), Cli(rare=True)
    ] = 2
    blocks: Annotated[
        int, Field(ge=1, le=8, description="Residual blocks of each stage, down and up."), Cli(rare=True)
    ] = 1
    attention: Annotated[
        bool,
        Field(description="Let positions attend to each other at the lowest size."),
        Needs("dataset", but=DENSITIES),
        Cli(rare=True),
    ] = True
    average_decay: Annotated[
        float,
        Field(ge=0, lt=1, description="Decay of the averaged weights, which score and draw; it warms up."),
        Cli(rare=True),
    ] = 0.995


class DrawingOptions(Options):
    """How samples are drawn."""

    panel = "Samples"
    sampler: Annotated[
        Literal["ddpm", "ddim", "euler", "heun"],
        Field(description="Way back from noise; ddpm draws new noise at each step and is not for flows."),
    ] = "ddim"
    sampler_steps: Annotated[
        int, Field(ge=1, le=100_000, description="Steps from noise to data, no more than --timesteps of the run.")
    ] = 50
    guidance: Annotated[
        float,
        Field(ge=0, le=100, description="How strongly to obey the class, 1: as learnt. Of a conditional run."),
        Needs("conditional", of_run=True),
    ] = 1.0
    seed: DrawingSeed = 0

    def require_fit(self, run: Any) -> None:
        trained: Train = run.options
        if self.sampler == "ddpm" and trained.parameterization == "flow":
            raise UsageError(
                f"--sampler ddpm needs a run of --parameterization noise or velocity; {run.folder} is a flow, which "
                "has no noising steps",
                hint="--sampler euler and heun follow a flow",
            )
        if self.sampler_steps > trained.timesteps:
            most = f"the {trained.timesteps} --timesteps of {run.folder}"
            raise UsageError(f"--sampler-steps must be at most {most}, got {self.sampler_steps}")


class Eval(DrawingOptions, EvalOptions):
    """Options of `dlcli eval` for a run of diffusion."""

    samples: Annotated[
        int | None,
        Field(ge=100, le=10**6, description="Samples to draw; default 1,000 or the test examples if there are more."),
        Cli(short="-k"),
    ] = None


class Sample(ShowOptions, DrawingOptions, ReadingOptions):
    """Options of `dlcli sample diffusion`."""

    panel = "Samples"
    examples = (
        "dlcli sample diffusion",
        "dlcli sample diffusion --count 16 --sampler heun --sampler-steps 20 --out digits.png",
    )
    count: Annotated[int, Field(ge=1, le=10_000, description="Samples to draw."), Cli(short="-k")] = 64
    class_: Annotated[
        str,
        Field(description="Class to draw; by default all in turn. Of a conditional run."),
        Needs("conditional", of_run=True),
        Cli(metavar="CLASS"),
    ] = ""
    grid: Annotated[
        int,
        Field(ge=1, le=100, description="Images side by side in the picture."),
        Needs("dataset", but=DENSITIES, of_run=True),
    ] = 8
    out: Out = None
