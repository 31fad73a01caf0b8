"""Changes of resolution in networks that halve images to small maps, or double small maps to images."""

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


def fold_patches(images: jax.Array, patch: int) -> jax.Array:
    """Make the pixels of each square patch the channels of one position; missing pixels at the ends are 0.

    Args:
        images: [batch, height, width, channel].
        patch: side of a patch in pixels.

    Returns:
        [batch, ⌈height / patch⌉, ⌈width / patch⌉, patch² · channel].
    """
    batch, height, width, channels = images.shape
    padded = jnp.pad(images, ((0, 0), (0, -height % patch), (0, -width % patch), (0, 0)))
    rows, columns = padded.shape[1] // patch, padded.shape[2] // patch
    parts = padded.reshape(batch, rows, patch, columns, patch, channels)
    return parts.transpose(0, 1, 3, 2, 4, 5).reshape(batch, rows, columns, patch**2 * channels)


def unfold_patches(x: jax.Array, patch: int, size: tuple[int, int]) -> jax.Array:
    """Invert `fold_patches` for images of this height and width."""
    batch, rows, columns, features = x.shape
    parts = x.reshape(batch, rows, columns, patch, patch, features // patch**2)
    whole = parts.transpose(0, 1, 3, 2, 4, 5).reshape(batch, rows * patch, columns * patch, -1)
    return whole[:, : size[0], : size[1]]
