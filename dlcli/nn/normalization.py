"""Normalization layers by name."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from flax import nnx

NORMS = ("batch", "group", "layer", "none")


class Norm(nnx.Module):
    """Normalization by name, computed in float32 for activations of any dtype.

    - batch: over the batch and all positions (Ioffe and Szegedy 2015, arXiv:1502.03167); by running averages in
      evaluation mode.
    - group: over positions and groups of channels, at most 32 groups (Wu and He 2018, arXiv:1803.08494).
    - layer: over the channels of each position (Ba et al. 2016, arXiv:1607.06450).
    - none: the identity.
    """

    def __init__(self, name: str, channels: int, *, scale: bool = True, rngs: nnx.Rngs):
        """Create the layer.

        Args:
            name: one of the names above.
            channels: channels of the input.
            scale: whether the layer multiplies each channel by a learned factor.
            rngs: random streams of the layer.
        """
        self.norm = nnx.data(_build(name, channels, scale, rngs))
        self.windows = ()

    @property
    def scale(self) -> nnx.Param | None:
        """The learned factor of each channel, if the layer has one."""
        return None if self.norm is None else self.norm.scale

    def __call__(self, x: jax.Array) -> jax.Array:
        """Map [..., channel] to the same shape and dtype."""
        return x if self.norm is None else self.norm(x).astype(x.dtype)


def _build(name: str, channels: int, scale: bool, rngs: nnx.Rngs) -> nnx.Module | None:
    match name:
        case "batch":
            # The default of 0.99 averages over a few hundred steps: a short run would be evaluated with
            # the statistics of its first steps.
            return nnx.BatchNorm(channels, momentum=0.9, use_scale=scale, dtype=jnp.float32, rngs=rngs)
        case "group":
            return nnx.GroupNorm(
                channels, num_groups=math.gcd(channels, 32), use_scale=scale, dtype=jnp.float32, rngs=rngs
            )
        case "layer":
            return nnx.LayerNorm(channels, use_scale=scale, dtype=jnp.float32, rngs=rngs)
        case "none":
            return None
    raise ValueError(f"norm must be one of {', '.join(NORMS)}, got {name!r}")
