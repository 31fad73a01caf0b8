"""Random changes to training images, made on the device inside the compiled step.

`dlcli.options` names them, with their default strengths and bounds. What lies outside an
image is 0. Everything here is free of host code and looks at one example at a time (mixup: and at
its neighbour), so a batch may be sharded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special
from jax.scipy.ndimage import map_coordinates

from dlcli.options.augmentations import AUGMENTATIONS


def augment(
    key: jax.Array, images: jax.Array, targets: jax.Array, strengths: Mapping[str, float]
) -> tuple[jax.Array, jax.Array]:
    """Change each image by its own draw; the same key gives the same changes.

    They follow one another in this order, whatever the order of `strengths`:

    - mixup: mixed with its neighbour by a share from Beta(strength, strength); targets too.
    - rotate, zoom: turned counter-clockwise by ± strength degrees, and enlarged 1 ± strength times.
    - shift: moved by ± strength whole pixels down and right.
    - flip: mirrored left to right with this probability.
    - light: contrast and brightness multiplied by factors of 1 ± strength.
    - cutout: a square whose side is this share of the image's shorter side put out.
    - noise: Gaussian noise of this standard deviation added.

    Args:
        key: of this step.
        images: float [batch, height, width, channel] in [0, 1].
        targets: float [batch, class], probabilities.
        strengths: by name, as `parse_augmentation` returns them; changes left out are not made.

    Returns:
        The changed images and targets, in their shapes and ranges.
    """
    # The order is also for speed. XLA on the CPU fuses a change into the next one and computes it
    # anew at each read, so mixup, which reads twice, comes before the resampling, and the noise,
    # dearest of all, comes last. In the order of `AUGMENTATIONS` all eight took ten times as long.
    drawn = draw(key, len(images), strengths)
    if "mixup" in drawn:
        images, targets = (mix(values, drawn["mixup"]) for values in (images, targets))
    images = _move(images, drawn)
    if "light" in drawn:
        images = light(images, drawn["light"])
    if "cutout" in drawn:
        images = cutout(images, drawn["cutout"])
    if "noise" in drawn:
        images = noise(jax.random.fold_in(key, 1), images, drawn["noise"])
    return images, targets


def draw(key: jax.Array, batch: int, strengths: Mapping[str, float]) -> dict[str, jax.Array]:
    """Return the numbers by which `augment` changes a batch with this key.

    By name of the change: `rotate` degrees, `zoom` the factor, `light` the factors of contrast and
    brightness [batch, 2], `noise` the standard deviation (the same for all), `shift` pixels down
    and right [batch, 2], `flip` whether, `cutout` the centre in shares of height and width, and the
    side (the same for all) [batch, 3], `mixup` the share of the example itself; [batch] unless
    said. The numbers of one change do not depend on which others are made.
    """
    # Two numbers for each change there is: one call to the generator compiles faster than eight.
    even = dict(
        zip(AUGMENTATIONS, jax.random.uniform(jax.random.fold_in(key, 0), [len(AUGMENTATIONS), batch, 2]), strict=True)
    )
    return {name: _DRAWS[name](even[name], strength) for name, strength in strengths.items()}


def mix(values: jax.Array, share: jax.Array) -> jax.Array:
    """Keep a share [batch] of each example's values [batch, …] and add the rest of the one before it.

    Reference: Zhang et al., "mixup", 2018, arXiv:1710.09412, equation 1. Unlike there, each example
    has its own share, and its partner is its neighbour, since batches come shuffled already.
    """
    share = share.reshape(-1, *[1] * (values.ndim - 1))
    return share * values + (1 - share) * jnp.roll(values, 1, axis=0)


def resample(
    images: jax.Array, degrees: jax.Array, factor: jax.Array, pixels: jax.Array, mirrored: jax.Array
) -> jax.Array:
    """Turn and enlarge about the centre, then shift, then flip, all by one bilinear resampling.

    Args:
        images: [batch, height, width, channel].
        degrees: counter-clockwise [batch].
        factor: [batch]; above 1 enlarges, so that the border is lost.
        pixels: down and right [batch, 2].
        mirrored: bool [batch].
    """
    _, height, width, _ = images.shape
    centre = (height - 1) / 2, (width - 1) / 2

    def one(
        image: jax.Array, degrees: jax.Array, factor: jax.Array, pixels: jax.Array, mirrored: jax.Array
    ) -> jax.Array:
        # Where each pixel of the result comes from: the changes undone, last to first.
        right = jnp.arange(width)[None, :] - centre[1]
        right = jnp.where(mirrored, -right, right) - pixels[1]
        down = jnp.arange(height)[:, None] - centre[0] - pixels[0]
        cosine, sine = jnp.cos(jnp.radians(degrees)) / factor, jnp.sin(jnp.radians(degrees)) / factor
        source = [cosine * down + sine * right + centre[0], cosine * right - sine * down + centre[1]]
        return jax.vmap(lambda plane: map_coordinates(plane, source, order=1), in_axes=2, out_axes=2)(image)

    return jax.vmap(one)(images, degrees, factor, pixels, mirrored)


def shift(images: jax.Array, pixels: jax.Array) -> jax.Array:
    """Move images by int [batch, 2] pixels down and right."""
    _, height, width, _ = images.shape
    padded = jnp.pad(images, ((0, 0), (height, height), (width, width), (0, 0)))

    def crop(image: jax.Array, pixels: jax.Array) -> jax.Array:
        return jax.lax.dynamic_slice(image, (height - pixels[0], width - pixels[1], 0), images.shape[1:])

    return jax.vmap(crop)(padded, pixels)


def flip(images: jax.Array, mirrored: jax.Array) -> jax.Array:
    """Mirror left to right the images that are chosen, bool [batch]."""
    return jnp.where(mirrored[:, None, None, None], images[:, :, ::-1], images)


def light(images: jax.Array, factors: jax.Array) -> jax.Array:
    """Multiply contrast, the distance from an image's mean, then brightness, the values; clip to [0, 1].

    Args:
        images: [batch, height, width, channel].
        factors: of contrast and of brightness, [batch, 2].
    """
    contrast, brightness = factors[:, 0, None, None, None], factors[:, 1, None, None, None]
    mean = images.mean(axis=(1, 2, 3), keepdims=True)
    return ((mean + contrast * (images - mean)) * brightness).clip(0, 1)


def cutout(images: jax.Array, squares: jax.Array) -> jax.Array:
    """Put a square of each image to the image's mean colour.

    The square may reach over the border, which the paper found to matter.

    Args:
        images: [batch, height, width, channel].
        squares: centre as shares of height and width, and side as a share of the shorter, [batch, 3].

    Reference: DeVries and Taylor, "Cutout", 2017, arXiv:1708.04552, section 3.2, whose 0 is the
    data's mean colour after normalization.
    """
    _, height, width, _ = images.shape
    side = jnp.maximum(1, jnp.round(squares[:, 2] * min(height, width)))[:, None]

    def covered(share: jax.Array, length: int) -> jax.Array:
        distance = jnp.arange(length)[None, :] - jnp.floor(share * length)[:, None] + side // 2
        return (distance >= 0) & (distance < side)  # [batch, length]

    square = covered(squares[:, 0], height)[:, :, None, None] & covered(squares[:, 1], width)[:, None, :, None]
    return jnp.where(square, images.mean(axis=(1, 2), keepdims=True), images)


def noise(key: jax.Array, images: jax.Array, deviation: jax.Array) -> jax.Array:
    """Add Gaussian noise of the deviations [batch], then clip to [0, 1]."""
    # Drawn flat: the same numbers drawn in four axes take XLA on the CPU more than twice as long.
    field = jax.random.normal(key, [len(images), images[0].size])
    return (images + deviation[:, None, None, None] * field.reshape(images.shape)).clip(0, 1)


def _move(images: jax.Array, drawn: Mapping[str, jax.Array]) -> jax.Array:
    """Rotate, zoom, shift and flip as drawn; whole pixels are moved without resampling."""
    none = jnp.zeros(len(images))
    pixels, mirrored = drawn.get("shift", jnp.zeros([len(images), 2], int)), drawn.get("flip", none > 0)
    if drawn.keys() & {"rotate", "zoom"}:
        return resample(images, drawn.get("rotate", none), drawn.get("zoom", none + 1), pixels, mirrored)
    if "shift" in drawn:
        images = shift(images, pixels)
    if "flip" in drawn:
        images = flip(images, mirrored)
    return images


def _within(even: jax.Array, centre: float, spread: float) -> jax.Array:
    return centre + spread * (2 * even - 1)


def _pixels(even: jax.Array, most: float) -> jax.Array:
    # Rounding may take a number just below 1 to the next pixel.
    return (jnp.floor(even * (2 * most + 1)) - most).clip(-most, most).astype(int)


def _squares(even: jax.Array, side: float) -> jax.Array:
    return jnp.concatenate([even, jnp.full([len(even), 1], side)], axis=1)


def _shares(even: jax.Array, strength: float) -> jax.Array:
    # By the inverse of the distribution function, tabulated while tracing: the rejection loops of
    # `jax.random.beta` take XLA seconds to compile.
    levels = np.linspace(0, 1, 1025)
    quantiles = scipy.special.betaincinv(strength, strength, levels)
    return jnp.interp(even[:, 0], jnp.asarray(levels), jnp.asarray(quantiles))


# Each takes two independent numbers an example, evenly drawn from [0, 1), and the strength.
_DRAWS: dict[str, Callable[[jax.Array, float], jax.Array]] = {
    "rotate": lambda even, strength: _within(even[:, 0], 0, strength),
    "light": lambda even, strength: _within(even, 1, strength),
    "zoom": lambda even, strength: _within(even[:, 0], 1, strength),
    "noise": lambda even, strength: jnp.full([len(even)], strength),
    "shift": _pixels,
    "flip": lambda even, strength: even[:, 0] < strength,
    "cutout": _squares,
    "mixup": _shares,
}
