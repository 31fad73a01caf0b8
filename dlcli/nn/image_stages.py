"""Sizes of feature maps in networks that halve images to small maps, or double small maps to images."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

# Height or width of the smallest feature maps: the first of a generator, the last of a discriminator.
_SMALLEST = 4


def halvings(image: tuple[int, int, int]) -> int:
    """Return how often the shorter side of an image can be halved without falling below `_SMALLEST` pixels."""
    return max(0, int(math.log2(max(min(image[:2]), _SMALLEST) / _SMALLEST)))


def center_crop(images: jax.Array, size: tuple[int, int]) -> jax.Array:
    """Crop [batch, height, width, channel] to `size` around the center."""
    top, left = ((actual - wanted) // 2 for actual, wanted in zip(images.shape[1:3], size, strict=True))
    return images[:, top : top + size[0], left : left + size[1]]


def upsample_nearest(x: jax.Array) -> jax.Array:
    """Double the height and width of [batch, height, width, channel] by repeating pixels."""
    batch, height, width, channel = x.shape
    wide = jnp.broadcast_to(x[:, :, None, :, None], (batch, height, 2, width, 2, channel))
    return wide.reshape(batch, 2 * height, 2 * width, channel)
