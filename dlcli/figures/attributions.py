"""Attributions: how much each pixel of an image contributes to the logit of a class.

References: Smilkov et al., "SmoothGrad", 2017, arXiv:1706.03825; Sundararajan, Taly and Yan, "Axiomatic Attribution for
Deep Networks", 2017, arXiv:1703.01365; Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2014,
arXiv:1311.2901, section 4.2.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dlcli.nn import functional

_SAMPLES = 32  # noisy images, and points along the path of integrated gradients
_NOISE = 0.15  # standard deviation of the noise, of pixels in [0, 1]
_BATCH = 64  # images with a covered window that are computed at once


@dataclasses.dataclass(frozen=True, eq=False)
class Attributions:
    """Maps of one image and one class, float [height, width].

    Attributes:
        smooth_gradient: mean gradient over noisy images, the largest magnitude over the channels.
        integrated_gradients: sum over the channels; they sum to the logit minus that of a black image.
        occlusion: how much the logit falls where a window is gray, averaged over the windows that cover a pixel.
    """

    smooth_gradient: np.ndarray
    integrated_gradients: np.ndarray
    occlusion: np.ndarray


def attributions(learner: Any, label: int, image: np.ndarray) -> Attributions:
    """Return the maps of an image.

    Args:
        learner: a trained image classifier.
        label: index of the class whose logit is explained.
        image: uint8 [height, width, channel].
    """
    pixels = image.astype(np.float32) / 255

    def logits(learner: Any, images: jax.Array) -> jax.Array:
        return jnp.asarray(learner.network(learner.normalize(images))[:, label], jnp.float32)

    def gradients(learner: Any, images: jax.Array) -> jax.Array:
        return jax.grad(lambda images: logits(learner, images).sum())(images)

    gradient, value = functional.jit(gradients, learner), functional.jit(logits, learner)
    noise = np.random.default_rng(0).normal(0, _NOISE, (_SAMPLES, *pixels.shape)).astype(np.float32)
    smooth = np.abs(np.asarray(gradient(pixels + noise)).mean(axis=0)).max(axis=-1)
    # The midpoint rule.
    along = ((np.arange(_SAMPLES, dtype=np.float32) + 0.5) / _SAMPLES)[:, None, None, None]
    integrated = (pixels * np.asarray(gradient(along * pixels)).mean(axis=0)).sum(axis=-1)
    return Attributions(smooth, integrated, _occlusion(value, pixels))


def _occlusion(value: Any, pixels: np.ndarray) -> np.ndarray:
    height, width, _ = pixels.shape
    side = max(1, min(height, width) // 4)
    step = max(1, side // 2)
    corners = [(top, left) for top in _starts(height, side, step) for left in _starts(width, side, step)]
    covered = np.repeat(pixels[None], len(corners), axis=0)
    for each, (top, left) in zip(covered, corners, strict=True):
        each[top : top + side, left : left + side] = pixels.mean(axis=(0, 1))
    images = np.concatenate([pixels[None], covered])
    images = np.concatenate([images, np.repeat(pixels[None], -len(images) % _BATCH, axis=0)])
    values = np.concatenate([np.asarray(value(images[at : at + _BATCH])) for at in range(0, len(images), _BATCH)])
    falls, counts = np.zeros([height, width]), np.zeros([height, width])
    for fall, (top, left) in zip(values[0] - values[1 : len(corners) + 1], corners, strict=True):
        falls[top : top + side, left : left + side] += fall
        counts[top : top + side, left : left + side] += 1
    return falls / counts


def _starts(length: int, side: int, step: int) -> list[int]:
    """Return the first pixels of windows that together cover a side."""
    return sorted({*range(0, length - side + 1, step), length - side})
