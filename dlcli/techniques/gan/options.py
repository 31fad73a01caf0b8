"""Options of the generative adversarial network."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from dlcli.options.augmentations import DIFFERENTIABLE
from dlcli.options.common import (
    BatchSize,
    Cli,
    DataDirOptions,
    EvalOptions,
    GivenLearningRate,
    Needs,
    Schedule,
    Steps,
)
from dlcli.options.datasets import DENSITIES
from dlcli.options.defaults import DependentDefaults
from dlcli.options.generative import (
    GENERATIVE_DATASET,
    GenerativeDataset,
    GenerativeSampleOptions,
    GenerativeTrainOptions,
    SamplingSeed,
)
from dlcli.options.optimizers import WITH_BETAS
from dlcli.options.values import differentiable_augmentation

# Defaults for a density. Its modes are narrow: with the penalty weight for images, the discriminator's gradient stays
# too small to separate them from their surroundings. A latent space of the dimension of the plane need not be
# projected first: on `grid`, 65 % of the samples are of high quality with it, and 13 % with 64 dimensions.
_DENSITY_DEFAULTS = {"batch_size": 256, "steps": 10_000, "latent_dim": 2}
_DENSITY_DEFAULTS_BY_LOSS = {
    "non-saturating": {"learning_rate": 4e-3, "gradient_penalty": 0.01, "beta1": 0.0},
    "wasserstein": {"learning_rate": 2e-3, "gradient_penalty": 0.1},
}


class Train(DependentDefaults, GenerativeTrainOptions):
    """Options of `dlcli train gan`."""

    panel = "Model"
    architecture = ("arch", "latent_dim", "channels", "conditional", "image_size")
    dataset: Annotated[
        GenerativeDataset,
        Field(
            description=f"{GENERATIVE_DATASET} Densities have other defaults: 10,000 steps, batch size 256, latent "
            "dimension 2, smaller penalty."
        ),
    ] = "digits"
    batch_size: BatchSize = 64
    steps: Steps = 2_000
    learning_rate: GivenLearningRate = 5e-4
    schedule: Schedule = "linear"
    loss: Annotated[
        Literal["non-saturating", "wasserstein"],
        Field(description="Loss: non-saturating, or wasserstein with gradient penalty."),
    ] = "non-saturating"
    critic_steps: Annotated[
        int | None,
        Field(ge=1, le=100, description="Discriminator steps per generator step; default 1, with wasserstein 5."),
        Cli(rare=True),
    ] = None
    gradient_penalty: Annotated[
        float | None,
        Field(ge=0, description="Weight of the gradient penalty; default 1, with wasserstein 10."),
        Cli(rare=True),
    ] = None
    penalty_every: Annotated[
        int,
        Field(
            ge=1,
            le=1000,
            description="Discriminator steps per gradient penalty; its weight is multiplied by as many (lazy "
            "regularization).",
        ),
        Needs("gradient_penalty", but=(0.0,)),
        Cli(rare=True),
    ] = 1
    arch: Annotated[
        Literal["dcgan", "resnet"],
        Field(description="Networks for images: dcgan (strided convolutions) or resnet (residual blocks)."),
        Needs("dataset", but=DENSITIES),
        Cli(short="-a"),
    ] = "dcgan"
    augment: Annotated[
        str,
        AfterValidator(differentiable_augmentation),
        Field(
            description="Augmentations of real and generated images before the discriminator (DiffAugment), NAME or "
            f"NAME:STRENGTH: {', '.join(DIFFERENTIABLE)}."
        ),
        Needs("dataset", but=DENSITIES),
        Cli(metavar="NAME,…"),
    ] = ""
    latent_dim: Annotated[int, Field(ge=1, le=4096, description="Latent dimension.")] = 64
    beta1: Annotated[
        float | None,
        Field(ge=0, lt=1, description="First-moment decay of adam and adamw; default 0.5, with wasserstein 0."),
        Needs("optimizer", WITH_BETAS),
        Cli(rare=True),
    ] = None
    beta2: Annotated[
        float | None,
        Field(ge=0, lt=1, description="Second-moment decay of adam and adamw; default 0.999, with wasserstein 0.9."),
        Needs("optimizer", WITH_BETAS),
        Cli(rare=True),
    ] = None

    @classmethod
    def defaults_for(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the defaults of a density; {} for images."""
        if given.get("dataset") not in DENSITIES:
            return {}
        return _DENSITY_DEFAULTS | _DENSITY_DEFAULTS_BY_LOSS.get(str(given.get("loss", "non-saturating")), {})


class Eval(DataDirOptions, EvalOptions):
    """Options of `dlcli eval` for a run of gan."""

    seed: SamplingSeed = 0


class Sample(GenerativeSampleOptions):
    """Options of `dlcli sample gan`."""
