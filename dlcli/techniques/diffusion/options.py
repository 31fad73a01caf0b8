"""Options of the diffusion model."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from dlcli.errors import DatasetError, UsageError
from dlcli.options.common import (
    BatchSize,
    Cli,
    DataDirOptions,
    EvalOptions,
    LearningRate,
    MaxGradNorm,
    Needs,
    Options,
    Remat,
    Steps,
)
from dlcli.options.datasets import DENSITIES
from dlcli.options.generative import GenerativeSampleOptions, GenerativeTrainOptions, SamplingSeed

NoiseSchedule = Literal["linear", "cosine"]
DEFAULT_STRENGTH = 0.6  # of `sample --init-image`


class Train(GenerativeTrainOptions):
    """Options of `dlcli train diffusion`."""

    panel = "Model"
    architecture = (
        *("parameterization", "noise_schedule", "timesteps"),
        *("channels", "stages", "blocks", "attention", "attention_stages", "patch_size", "conditional", "image_size"),
    )
    batch_size: BatchSize = 64
    steps: Steps = 1_500
    learning_rate: LearningRate = 2e-3
    max_grad_norm: MaxGradNorm = 1.0
    parameterization: Annotated[
        Literal["noise", "velocity", "edm", "flow"],
        Field(description="Prediction target: noise (epsilon), velocity (v), edm (Karras et al. 2022) or flow."),
    ] = "velocity"
    noise_schedule: Annotated[
        NoiseSchedule | None,
        Field(description="Noise schedule; default cosine. A flow has a straight path instead, edm its own schedule."),
        Needs("parameterization", but=("flow", "edm")),
        Cli(rare=True),
    ] = None
    time_distribution: Annotated[
        Literal["uniform", "logit-normal"],
        Field(description="Distribution of the timesteps in training; that of edm is log-normal."),
        Needs("parameterization", but=("edm",)),
        Cli(rare=True),
    ] = "uniform"
    timesteps: Annotated[
        int, Field(ge=2, le=100_000, description="Timesteps of the forward process."), Cli(rare=True)
    ] = 1_000
    label_dropout: Annotated[
        float | None,
        Field(gt=0, lt=1, description="Label dropout probability, for classifier-free guidance; default 0.1."),
        Needs("conditional"),
        Cli(rare=True),
    ] = None
    stages: Annotated[
        int, Field(ge=1, le=6, description="Resolutions of the U-Net, each half of the one before."), Cli(rare=True)
    ] = 2
    blocks: Annotated[
        int, Field(ge=1, le=8, description="Residual blocks per resolution, in encoder and decoder."), Cli(rare=True)
    ] = 1
    attention: Annotated[
        bool,
        Field(description="Self-attention between encoder and decoder, at the lowest resolution."),
        Needs("dataset", but=DENSITIES),
        Cli(rare=True),
    ] = True
    attention_stages: Annotated[
        int,
        Field(
            ge=0,
            le=6,
            description="Lowest resolutions at which self-attention follows each block, in encoder and decoder too.",
        ),
        Needs("attention"),
        Cli(rare=True),
    ] = 0
    patch_size: Annotated[
        int,
        Field(
            ge=1, le=16, description="Side of the square of pixels that is one position of the U-Net; 1: each pixel."
        ),
        Needs("dataset", but=DENSITIES),
        Cli(rare=True),
    ] = 1
    remat: Annotated[Remat, Needs("dataset", but=DENSITIES)] = False


class SamplerOptions(Options):
    """Options of the sampler."""

    panel = "Samples"
    sampler: Annotated[
        Literal["ddpm", "ddim", "euler", "heun"],
        Field(description="Sampler; ddpm is stochastic and not available for a flow."),
    ] = "ddim"
    sampler_steps: Annotated[
        int, Field(ge=1, le=100_000, description="Sampling steps, at most the --timesteps of the run.")
    ] = 50
    guidance_scale: Annotated[
        float,
        Field(ge=0, le=100, description="Classifier-free guidance scale, 1 = none (class-conditional runs only)."),
        Needs("conditional", of_run=True),
    ] = 1.0
    seed: SamplingSeed = 0

    def require_fit(self, run: Any) -> None:
        trained: Train = run.options
        if self.sampler == "ddpm" and trained.parameterization == "flow":
            raise UsageError(
                f"--sampler ddpm needs a run of --parameterization noise or velocity, and {run.folder} is a flow",
                hint="use --sampler euler or heun",
            )
        if self.sampler_steps > trained.timesteps:
            limit = f"the {trained.timesteps} --timesteps of {run.folder}"
            raise UsageError(f"--sampler-steps must be at most {limit}, got {self.sampler_steps}")


class Eval(SamplerOptions, DataDirOptions, EvalOptions):
    """Options of `dlcli eval` for a run of diffusion."""

    samples: Annotated[
        int | None,
        Field(
            ge=100,
            le=10**6,
            description="Number of samples; default 1,000, or the number of test examples if that is larger.",
        ),
        Cli(short="-k"),
    ] = None


class Sample(SamplerOptions, GenerativeSampleOptions):
    """Options of `dlcli sample diffusion`."""

    panel = "Samples"
    examples = (
        "dlcli sample diffusion",
        "dlcli sample diffusion --count 16 --sampler heun --sampler-steps 20 --out digits.png",
        "dlcli sample diffusion --init-image sketch.png --strength 0.5",
    )
    init_image: Annotated[
        Path | None,
        Field(description="Start from this image with noise added, instead of from pure noise (SDEdit)."),
        Needs("dataset", but=DENSITIES, of_run=True),
        Cli(metavar="IMAGE"),
    ] = None
    strength: Annotated[
        float | None,
        Field(
            gt=0,
            le=1,
            description=f"Fraction of the sampling steps made from the --init-image; 1 keeps nothing of it. Default "
            f"{DEFAULT_STRENGTH}, with --inpaint 1.",
        ),
        Needs("init_image"),
    ] = None
    inpaint: Annotated[
        Path | None,
        Field(description="Image whose white pixels mark the part of the --init-image to generate; the rest is kept."),
        Needs("init_image"),
        Cli(metavar="MASK"),
    ] = None
    resamplings: Annotated[
        int,
        Field(ge=1, le=1_000, description="Times that --inpaint makes each step (RePaint); 1: no resampling."),
        Needs("inpaint"),
        Cli(rare=True),
    ] = 5

    def require_fit(self, run: Any) -> None:
        super().require_fit(run)
        for path in (self.init_image, self.inpaint):
            if path is not None and not path.is_file():
                raise DatasetError(f"{path} must be an image file, and is {'a folder' if path.is_dir() else 'missing'}")
