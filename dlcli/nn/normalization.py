"""Normalization layers by name."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
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


class GroupNorm(nnx.GroupNorm):
    """Group normalization of flax in a form that is faster on a CPU.

    In flax's form XLA looks up the group of a channel at each position, and the loop over positions is not vectorized.
    """

    def __call__(self, x: jax.Array) -> jax.Array:
        """Map [batch, ..., channel] to float32 of the same shape."""
        rows = x.astype(jnp.float32).reshape(x.shape[0], math.prod(x.shape[1:-1]), x.shape[-1])
        mean = self._by_group(rows.mean(axis=1))
        variance = self._by_group(jnp.square(rows).mean(axis=1)) - jnp.square(mean)
        factor = jax.lax.rsqrt(jnp.maximum(variance, 0) + self.epsilon)
        factor = factor if self.scale is None else factor * self.scale[...][None]
        normalized = (rows - mean[:, None]) * factor[:, None]
        normalized = normalized if self.bias is None else normalized + self.bias[...][None, None]
        return normalized.reshape(x.shape)

    def _by_group(self, values: jax.Array) -> jax.Array:
        """Replace the value of each channel by the mean of its group, [batch, channel]."""
        group = np.arange(values.shape[-1]) // self.group_size
        # A product: XLA would compute a broadcast again at each position.
        average = (group[:, None] == group[None]).astype(np.float32) / self.group_size
        return jnp.matmul(values, average, precision=jax.lax.Precision.HIGHEST)


def _build(name: str, channels: int, scale: bool, rngs: nnx.Rngs) -> nnx.Module | None:
    match name:
        case "batch":
            # The default of 0.99 averages over a few hundred steps: a short run would be evaluated with
            # the statistics of its first steps.
            return nnx.BatchNorm(channels, momentum=0.9, use_scale=scale, dtype=jnp.float32, rngs=rngs)
        case "group":
            return GroupNorm(channels, num_groups=math.gcd(channels, 32), use_scale=scale, rngs=rngs)
        case "layer":
            return nnx.LayerNorm(channels, use_scale=scale, dtype=jnp.float32, rngs=rngs)
        case "none":
            return None
    raise ValueError(f"norm must be one of {', '.join(NORMS)}, got {name!r}")
