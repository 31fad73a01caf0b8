"""The two kinds of things that are drawn: how they enter and leave the network."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.data.densities import DensityFacts
from dlcli.data.images.batches import ImageFacts
from dlcli.errors import UsageError
from dlcli.interface import Batch
from dlcli.nn.unet import PointMLP, UNet, UNetConfig
from dlcli.techniques.diffusion.options import Train

_UNITS = 4  # of a network for points, for each of --channels
_REACH = 5.0  # deviations from a mode, beyond which no point of a density is looked for


@dataclasses.dataclass(frozen=True)
class Pictures:
    """Images, which the network sees in [-1, 1].

    Attributes:
        facts: of the images.
        bound: no value of the data is beyond it.
    """

    facts: ImageFacts
    bound = 1.0

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one example."""
        return self.facts.image

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of what samples can be asked for."""
        return self.facts.classes

    def network(self, options: Train, rngs: nnx.Rngs) -> nnx.Module:
        """Build the untrained network.

        Raises:
            UsageError: the images are too small for so many stages.
        """
        classes = len(self.classes) if options.conditional else 0
        try:
            shape = UNetConfig(
                self.facts.image,
                options.channels,
                options.stages,
                options.blocks,
                options.attention,
                classes,
                options.dtype,
            )
        except ValueError as error:
            raise UsageError(f"--stages is too large: {error}") from error
        return UNet(shape, rngs=rngs)

    def encoded(self, batch: Batch) -> jax.Array:
        """Return the examples of a batch as the network sees them."""
        return batch["image"].astype(jnp.float32) / 127.5 - 1

    def decoded(self, x: jax.Array) -> jax.Array:
        """Map what was drawn to uint8 [batch, height, width, channel]."""
        return jnp.clip(jnp.round((x + 1) * 127.5), 0, 255).astype(jnp.uint8)


@dataclasses.dataclass(frozen=True)
class Points:
    """Points of a density, which the network sees with about the variance 1 along each axis.

    Attributes:
        facts: of the density.
    """

    facts: DensityFacts
    shape = (2,)
    classes = ()

    @property
    def scale(self) -> float:
        """The root of the variance of a coordinate, about the origin."""
        return float(np.sqrt(np.square(self.facts.modes).mean() + self.facts.deviation**2))

    @property
    def bound(self) -> float:
        """Hardly any coordinate, as the network sees it, is beyond it."""
        return (float(np.abs(self.facts.modes).max()) + _REACH * self.facts.deviation) / self.scale

    def network(self, options: Train, rngs: nnx.Rngs) -> nnx.Module:
        """Build the untrained network."""
        blocks = options.stages * options.blocks
        return PointMLP(_UNITS * options.channels, blocks, dtype=options.dtype, rngs=rngs)

    def encoded(self, batch: Batch) -> jax.Array:
        """Return the examples of a batch as the network sees them."""
        return batch["point"] / self.scale

    def decoded(self, x: jax.Array) -> jax.Array:
        """Map what was drawn to points of the plane, float32 [batch, 2]."""
        return x * self.scale


Space = Pictures | Points


def space(facts: ImageFacts | DensityFacts) -> Space:
    """Return what the facts are of."""
    return Pictures(facts) if isinstance(facts, ImageFacts) else Points(facts)
