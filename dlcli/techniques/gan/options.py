"""Options of the generative adversarial network."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from dlcli.options.common import (
    BatchSize,
    Cli,
    DatasetName,
    EvalOptions,
    LearningRate,
    Needs,
    Out,
    ReadingOptions,
    Schedule,
    Steps,
    TrainOptions,
    with_defaults,
)
from dlcli.options.optimizers import WITH_BETAS
from dlcli.options.pictures import ShowOptions

ImageSize = Annotated[
    int | None, Field(ge=4, le=256, description="Side in pixels that images of a folder are resized to.")
]


DENSITIES = ("ring", "grid")
# What is chosen for a density where nothing is given. Its modes are narrow: with the penalty that images take, the
# discriminator is never steep enough to tell them from what is around them. Noise of as many numbers as a point has
# need only be torn apart, where that of 64 has to be flattened first: of `grid`, 13 % is of high quality then, 65 % so.
_OF_DENSITIES = {"batch_size": 256, "steps": 10_000, "latent": 2}
_OF_LOSSES = {
    "non-saturating": {"learning_rate": 4e-3, "gradient_penalty": 0.01, "beta1": 0.0},
    "wasserstein": {"learning_rate": 2e-3, "gradient_penalty": 0.1},
}


class Train(TrainOptions):
    """Options of `dlcli train gan`."""

    panel = "Model"
    dataset: Annotated[
        DatasetName,
        Field(
            description="Image set (an embedded name, tfds:NAME, folder:PATH, a file), or density: ring, grid, which "
            "bring other defaults: 10,000 steps of 256 points, noise of 2 numbers, less penalty."
        ),
        Cli(short="-d", metavar="NAME", complete="images"),
    ] = "digits"
    image_size: Annotated[ImageSize, Needs("dataset", but=DENSITIES)] = None
    batch_size: BatchSize = 64
    steps: Steps = 2_000
    learning_rate: LearningRate = 5e-4
    schedule: Schedule = "linear"
    loss: Annotated[
        Literal["non-saturating", "wasserstein"],
        Field(description="The game: Goodfellow's, or Wasserstein with penalty."),
    ] = "non-saturating"
    critic_steps: Annotated[
        int | None,
        Field(
            ge=1, le=100, description="Steps of the discriminator for one of the generator; default 1, wasserstein 5."
        ),
        Cli(rare=True),
    ] = None
    gradient_penalty: Annotated[
        float | None,
        Field(ge=0, description="Weight of the gradient penalty; default 1, wasserstein 10."),
        Cli(rare=True),
    ] = None
    conditional: Annotated[
        bool, Field(description="Tell both players the class, so that samples can be asked for by it.")
    ] = False
    latent: Annotated[int, Field(ge=1, le=4096, description="Numbers of noise that a sample is made of.")] = 64
    channels: Annotated[
        int, Field(ge=1, le=1024, description="Channels at full size; each halving doubles them. Densities: units / 4.")
    ] = 32
    beta1: Annotated[
        float | None,
        Field(ge=0, lt=1, description="First-moment decay of adam and adamw; default 0.5, wasserstein 0."),
        Needs("optimizer", WITH_BETAS),
        Cli(rare=True),
    ] = None
    beta2: Annotated[
        float | None,
        Field(ge=0, lt=1, description="Second-moment decay of adam and adamw; default 0.999, wasserstein 0.9."),
        Needs("optimizer", WITH_BETAS),
        Cli(rare=True),
    ] = None
    average: Annotated[
        float,
        Field(ge=0, lt=1, description="Decay of the averaged generator, which draws the samples."),
        Cli(rare=True),
    ] = 0.995

    @model_validator(mode="before")
    @classmethod
    def _choices_of_a_density(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("dataset") not in DENSITIES:
            return given
        return with_defaults(given, _OF_DENSITIES | _OF_LOSSES.get(given.get("loss", "non-saturating"), {}))


class Eval(EvalOptions):
    """Options of `dlcli eval` for a run of gan."""

    seed: Annotated[int, Field(ge=0, lt=2**31, description="Seed of the noise that the samples are made of.")] = 0


class Sample(ShowOptions, ReadingOptions):
    """Options of `dlcli sample gan`."""

    panel = "Samples"
    count: Annotated[int, Field(ge=1, le=10_000, description="Samples to draw."), Cli(short="-k")] = 64
    seed: Annotated[int, Field(ge=0, lt=2**31, description="Seed of the noise that the samples are made of.")] = 0
    class_: Annotated[
        str, Field(description="Class to draw; by default all in turn. Of a conditional run."), Cli(metavar="CLASS")
    ] = ""
    grid: Annotated[
        int,
        Field(ge=1, le=100, description="Images side by side in the picture."),
        Needs("dataset", but=DENSITIES, of_run=True),
    ] = 8
    out: Out = None
