"""Data augmentation of images, on the device inside the compiled step.

`dlcli.options.augmentations` names the augmentations, with their default strengths and bounds. Pixels outside an image
are 0. No function calls the host, and each example depends on itself only (mixup: also on its neighbour), so a batch
may be sharded.
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
    key: jax.Array,
    images: jax.Array,
    targets: jax.Array,
    strengths: Mapping[str, float],
    parity: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array]:
    """Augment each image with its own random parameters; the same key gives the same result.

    The augmentations are applied in this order, whatever the order of `strengths`:

    - mixup: interpolate with the neighbouring example, lambda from Beta(strength, strength); targets too.
    - cutmix: replace a random box by that of the neighbouring example; targets by the area that remains.
    - crop: cut a random rectangle with sides of at least 1 − strength, and scale it to the whole image.
    - rotate, zoom: rotate counter-clockwise by ± strength degrees, and scale by a factor of 1 ± strength.
    - shift: translate by ± strength whole pixels down and right.
    - flip: flip horizontally with this probability.
    - alternating-flip: flip horizontally in every second epoch, at first half of the examples (Jordan, "94% on CIFAR-10
      in 3.29 Seconds on a Single GPU", 2024, arXiv:2404.00498, section 3.6).
    - light: multiply contrast and brightness by factors of 1 ± strength.
    - jitter: multiply the saturation by a factor of 1 ± strength, and turn the hue by ± strength · 180°.
    - randaugment: two of eight operations (rotation, zoom, two translations, contrast, brightness, solarization,
      posterization) with this magnitude and a random sign.
    - cutout: erase a square whose side is this fraction of the image's shorter side.
    - noise: add Gaussian noise with this standard deviation.

    Args:
        key: random key of this step.
        images: float [batch, height, width, channel] in [0, 1].
        targets: float [batch, class], probabilities.
        strengths: strengths by name, as `parse_augmentation` returns them.
        parity: 0 or 1, changing with each epoch, for alternating-flip, int [batch]; None: random.

    Returns:
        The augmented images and targets, with the same shapes and ranges.
    """
    # The order matters for speed: XLA on the CPU fuses an operation into the next one and computes it again at each
    # read, so mixup, which reads twice, comes before the resampling, and noise, the most expensive, comes last. In the
    # order of `AUGMENTATIONS` the first eight took ten times as long.
    drawn = draw(key, len(images), strengths)
    if "alternating-flip" in drawn and parity is not None:
        drawn["alternating-flip"] = parity == 1
    if "mixup" in drawn:
        images, targets = (mix(values, drawn["mixup"]) for values in (images, targets))
    if "cutmix" in drawn:
        images, targets = cutmix(images, targets, drawn["cutmix"])
    if "crop" in drawn:
        images = crop(images, drawn["crop"])
    images = _transform(images, drawn)
    for name, change in _CHANGES.items():
        if name in drawn:
            images = change(images, drawn[name])
    if "noise" in drawn:
        images = noise(jax.random.fold_in(key, 1), images, drawn["noise"])
    return images, targets


def draw(key: jax.Array, batch: int, strengths: Mapping[str, float]) -> dict[str, jax.Array]:
    """Return the random parameters with which `augment` changes a batch for this key.

    By name: `rotate` degrees [batch], `zoom` factor [batch], `light` factors of contrast and brightness [batch, 2],
    `noise` standard deviation [batch], `shift` pixels down and right [batch, 2], `flip` and `alternating-flip` bool
    [batch], `cutout` centre as fractions of height and width, and side as a fraction of the shorter one [batch, 3],
    `mixup` lambda, the weight of the example itself [batch], `crop` top and left corner as fractions of what is left
    over, and side as a fraction [batch, 3], `jitter` factor of saturation, and turn of the hue in degrees [batch, 2],
    `cutmix` centre as fractions of height and width, and side as a fraction [batch, 3], `randaugment` see there
    [batch, 8]. The parameters of one augmentation do not depend on the others.
    """
    # One call of the generator compiles faster than one per augmentation.
    shape = [len(AUGMENTATIONS), batch, _UNIFORM]
    uniform = dict(zip(AUGMENTATIONS, jax.random.uniform(jax.random.fold_in(key, 0), shape), strict=True))
    return {name: _DRAWS[name](uniform[name], strength) for name, strength in strengths.items()}


def mix(values: jax.Array, weight: jax.Array) -> jax.Array:
    """Interpolate each example's values [batch, …], weighted by lambda [batch], with those of the previous example.

    Reference: Zhang et al., "mixup", 2018, arXiv:1710.09412, equation 1. Unlike there, each example has its own lambda,
    and its partner is its neighbour, because batches are shuffled already.
    """
    weight = weight.reshape(-1, *[1] * (values.ndim - 1))
    return weight * values + (1 - weight) * jnp.roll(values, 1, axis=0)


def resample(
    images: jax.Array, degrees: jax.Array, factor: jax.Array, pixels: jax.Array, flipped: jax.Array
) -> jax.Array:
    """Rotate and scale about the centre, then translate, then flip, with one bilinear resampling.

    Args:
        images: [batch, height, width, channel].
        degrees: counter-clockwise rotation [batch].
        factor: scale [batch]; above 1 enlarges, so that the border is cropped.
        pixels: translation down and right [batch, 2].
        flipped: bool [batch].
    """
    _, height, width, _ = images.shape
    centre = (height - 1) / 2, (width - 1) / 2

    def one(
        image: jax.Array, degrees: jax.Array, factor: jax.Array, pixels: jax.Array, flipped: jax.Array
    ) -> jax.Array:
        # The source of each pixel of the result: the inverse transformations, last to first.
        right = jnp.arange(width)[None, :] - centre[1]
        right = jnp.where(flipped, -right, right) - pixels[1]
        down = jnp.arange(height)[:, None] - centre[0] - pixels[0]
        cosine, sine = jnp.cos(jnp.radians(degrees)) / factor, jnp.sin(jnp.radians(degrees)) / factor
        source = [cosine * down + sine * right + centre[0], cosine * right - sine * down + centre[1]]
        return jax.vmap(lambda plane: map_coordinates(plane, source, order=1), in_axes=2, out_axes=2)(image)

    return jax.vmap(one)(images, degrees, factor, pixels, flipped)


def shift(images: jax.Array, pixels: jax.Array) -> jax.Array:
    """Translate images by int [batch, 2] pixels down and right."""
    _, height, width, _ = images.shape
    padded = jnp.pad(images, ((0, 0), (height, height), (width, width), (0, 0)))

    def crop(image: jax.Array, pixels: jax.Array) -> jax.Array:
        return jax.lax.dynamic_slice(image, (height - pixels[0], width - pixels[1], 0), images.shape[1:])

    return jax.vmap(crop)(padded, pixels)


def flip(images: jax.Array, flipped: jax.Array) -> jax.Array:
    """Flip horizontally the images chosen by bool [batch]."""
    return jnp.where(flipped[:, None, None, None], images[:, :, ::-1], images)


def light(images: jax.Array, factors: jax.Array) -> jax.Array:
    """Multiply contrast (the difference to an image's mean), then brightness (the values); clip to [0, 1].

    Args:
        images: [batch, height, width, channel].
        factors: factors of contrast and of brightness [batch, 2].
    """
    contrast, brightness = factors[:, 0, None, None, None], factors[:, 1, None, None, None]
    mean = images.mean(axis=(1, 2, 3), keepdims=True)
    return ((mean + contrast * (images - mean)) * brightness).clip(0, 1)


def cutout(images: jax.Array, squares: jax.Array) -> jax.Array:
    """Set a square of each image to the mean colour of the image.

    The square may extend beyond the border, which improves accuracy according to the paper.

    Args:
        images: [batch, height, width, channel].
        squares: centre as fractions of height and width, and side as a fraction of the shorter one [batch, 3].

    Reference: DeVries and Taylor, "Cutout", 2017, arXiv:1708.04552, section 3.2; the 0 there is the mean colour of the
    data after normalization.
    """
    side = jnp.maximum(1, jnp.round(squares[:, 2] * min(images.shape[1:3])))
    box = _box(images, squares[:, :2], (side, side))
    return jnp.where(box, images.mean(axis=(1, 2), keepdims=True), images)


def cutmix(images: jax.Array, targets: jax.Array, boxes: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Replace a box of each image by that of the previous example; weight the targets by the areas.

    Args:
        images: [batch, height, width, channel].
        targets: [batch, class].
        boxes: centre as fractions of height and width, and side as a fraction of both [batch, 3].

    Reference: Yun et al., "CutMix", 2019, arXiv:1905.04899, section 3.1.
    """
    sides = tuple(jnp.round(boxes[:, 2] * length) for length in images.shape[1:3])
    box = _box(images, boxes[:, :2], (sides[0], sides[1]))
    kept = 1 - box.mean(axis=(1, 2, 3))
    return jnp.where(box, jnp.roll(images, 1, axis=0), images), mix(targets, kept)


def _box(images: jax.Array, centres: jax.Array, sides: tuple[jax.Array, jax.Array]) -> jax.Array:
    """Return the pixels within boxes with centres [batch, 2] and sides [batch], bool [batch, height, width, 1]."""

    def covered(centre: jax.Array, length: int, side: jax.Array) -> jax.Array:
        distance = jnp.arange(length)[None, :] - jnp.floor(centre * length)[:, None] + side[:, None] // 2
        return (distance >= 0) & (distance < side[:, None])  # [batch, length]

    rows, columns = (covered(centres[:, axis], images.shape[axis + 1], sides[axis]) for axis in (0, 1))
    return rows[:, :, None, None] & columns[:, None, :, None]


def crop(images: jax.Array, boxes: jax.Array) -> jax.Array:
    """Cut a rectangle of each image and scale it to the whole, bilinearly.

    Args:
        images: [batch, height, width, channel].
        boxes: top and left corner as fractions of what is left over, and side as a fraction of both [batch, 3].
    """
    _, height, width, _ = images.shape

    def one(image: jax.Array, box: jax.Array) -> jax.Array:
        places = [
            corner * (1 - box[2]) * (length - 1) + box[2] * jnp.arange(length)
            for corner, length in ((box[0], height), (box[1], width))
        ]
        source = jnp.meshgrid(*places, indexing="ij")
        return jax.vmap(lambda plane: map_coordinates(plane, source, order=1), in_axes=2, out_axes=2)(image)

    return jax.vmap(one)(images, boxes)


def jitter(images: jax.Array, changes: jax.Array) -> jax.Array:
    """Multiply the saturation (the difference to a pixel's mean), and turn the hue of images with three channels.

    Args:
        images: [batch, height, width, channel].
        changes: factor of the saturation, and turn of the hue in degrees [batch, 2].
    """
    gray = images.mean(axis=-1, keepdims=True)
    colours = changes[:, 0, None, None, None] * (images - gray)
    if images.shape[-1] == 3:
        # A rotation about the gray axis maps the difference to the mean to another one of the same length.
        angle = jnp.radians(changes[:, 1])[:, None, None, None]
        turned = (jnp.roll(colours, 1, axis=-1) - jnp.roll(colours, -1, axis=-1)) / jnp.sqrt(3.0)
        colours = jnp.cos(angle) * colours + jnp.sin(angle) * turned
    return (gray + colours).clip(0, 1)


def randaugment(images: jax.Array, changes: jax.Array) -> jax.Array:
    """Apply the operations that were drawn; those that were not have parameters without effect.

    Args:
        images: [batch, height, width, channel].
        changes: rotation in degrees, zoom factor, translations down and right as fractions, factors of contrast and of
            brightness, threshold of solarization (1: none), levels of posterization (0: none), [batch, 8].

    Reference: Cubuk et al., "RandAugment", 2019, arXiv:1909.13719. Unlike there, without shear, equalization and
    sharpness, and in a fixed order.
    """
    degrees, factor, down, right, contrast, brightness, threshold, levels = changes.T
    pixels = jnp.stack([down * images.shape[1], right * images.shape[2]], axis=1)
    images = resample(images, degrees, factor, pixels, jnp.zeros(len(images), bool))
    images = light(images, jnp.stack([contrast, brightness], axis=1))
    threshold, levels = threshold[:, None, None, None], levels[:, None, None, None]
    images = jnp.where(images > threshold, 1 - images, images)
    steps = jnp.maximum(levels - 1, 1)
    return jnp.where(levels > 0, jnp.round(images * steps) / steps, images)


def noise(key: jax.Array, images: jax.Array, std: jax.Array) -> jax.Array:
    """Add Gaussian noise with the standard deviations [batch], then clip to [0, 1]."""
    # Drawn flat: drawing the same numbers with four axes takes XLA on the CPU more than twice as long.
    field = jax.random.normal(key, [len(images), images[0].size])
    return (images + std[:, None, None, None] * field.reshape(images.shape)).clip(0, 1)


def _transform(images: jax.Array, drawn: Mapping[str, jax.Array]) -> jax.Array:
    """Rotate, zoom, shift and flip by the drawn parameters; without rotation and zoom no pixel is resampled."""
    none = jnp.zeros(len(images))
    pixels, flipped = drawn.get("shift", jnp.zeros([len(images), 2], int)), drawn.get("flip", none > 0)
    flipped = flipped ^ drawn.get("alternating-flip", none > 0)
    if drawn.keys() & {"rotate", "zoom"}:
        return resample(images, drawn.get("rotate", none), drawn.get("zoom", none + 1), pixels, flipped)
    if "shift" in drawn:
        images = shift(images, pixels)
    if drawn.keys() & {"flip", "alternating-flip"}:
        images = flip(images, flipped)
    return images


def _within(uniform: jax.Array, centre: float, spread: float) -> jax.Array:
    return centre + spread * (2 * uniform - 1)


def _pixels(uniform: jax.Array, most: float) -> jax.Array:
    # Rounding may move a number just below 1 to the next pixel.
    return (jnp.floor(uniform * (2 * most + 1)) - most).clip(-most, most).astype(int)


def _squares(uniform: jax.Array, side: float) -> jax.Array:
    return jnp.concatenate([uniform, jnp.full([len(uniform), 1], side)], axis=1)


def _jitter(uniform: jax.Array, strength: float) -> jax.Array:
    """Return the factor of the saturation and the turn of the hue in degrees, [batch, 2]."""
    change = _within(uniform, 0, strength)
    return jnp.stack([1 + change[:, 0], 180 * change[:, 1]], axis=1)


def _boxes(uniform: jax.Array, strength: float) -> jax.Array:
    """Return the boxes of CutMix, whose area is 1 − lambda of the image, lambda from Beta(strength, strength)."""
    side = jnp.sqrt(1 - _weights(uniform[:, 2:], strength))
    return jnp.concatenate([uniform[:, :2], side[:, None]], axis=1)


def _operations(uniform: jax.Array, magnitude: float) -> jax.Array:
    """Return the parameters of `randaugment`, with two operations of this magnitude in [0, 1]."""
    drawn = uniform.argsort(axis=1).argsort(axis=1) < 2  # the operations with the two smallest numbers
    # A digit of the numbers that decides nothing else.
    sign = jnp.where(jnp.floor(uniform * 2**12) % 2 == 0, -1.0, 1.0)
    same = jnp.full([len(uniform)], magnitude)
    changed = jnp.stack(
        [
            30 * magnitude * sign[:, 0],
            1 + 0.5 * magnitude * sign[:, 1],
            0.3 * magnitude * sign[:, 2],
            0.3 * magnitude * sign[:, 3],
            1 + 0.9 * magnitude * sign[:, 4],
            1 + 0.9 * magnitude * sign[:, 5],
            1 - 0.9 * same,
            2 ** jnp.round(8 - 6 * same),
        ],
        axis=1,
    )
    return jnp.where(drawn, changed, jnp.asarray(_NEUTRAL)[None])


def _weights(uniform: jax.Array, strength: float) -> jax.Array:
    # Inverse transform sampling with a table computed while tracing: the rejection loops of `jax.random.beta` take XLA
    # seconds to compile.
    levels = np.linspace(0, 1, 1025)
    quantiles = scipy.special.betaincinv(strength, strength, levels)
    return jnp.interp(uniform[:, 0], jnp.asarray(levels), jnp.asarray(quantiles))


# In this order, after the images are mixed and moved; each takes the images and its parameters.
_CHANGES: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
    "light": light,
    "jitter": jitter,
    "randaugment": randaugment,
    "cutout": cutout,
}
_NEUTRAL = (0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0)  # parameters of `randaugment` without effect
_UNIFORM = len(_NEUTRAL)  # random numbers per example and augmentation
# Each takes independent uniform random numbers in [0, 1), [batch, _UNIFORM], and the strength.
_DRAWS: dict[str, Callable[[jax.Array, float], jax.Array]] = {
    "rotate": lambda uniform, strength: _within(uniform[:, 0], 0, strength),
    "light": lambda uniform, strength: _within(uniform[:, :2], 1, strength),
    "zoom": lambda uniform, strength: _within(uniform[:, 0], 1, strength),
    "noise": lambda uniform, strength: jnp.full([len(uniform)], strength),
    "shift": lambda uniform, strength: _pixels(uniform[:, :2], strength),
    "flip": lambda uniform, strength: uniform[:, 0] < strength,
    "cutout": lambda uniform, strength: _squares(uniform[:, :2], strength),
    "mixup": _weights,
    "crop": lambda uniform, strength: jnp.stack([uniform[:, 0], uniform[:, 1], 1 - strength * uniform[:, 2]], axis=1),
    "jitter": lambda uniform, strength: _jitter(uniform[:, :2], strength),
    "cutmix": _boxes,
    "randaugment": _operations,
    "alternating-flip": lambda uniform, _: uniform[:, 0] < 0.5,
}
