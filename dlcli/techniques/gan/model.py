"""The two players of `train gan`, for images and for points.

Axes: batch, height, width, channel, latent, class.
"""

from __future__ import annotations

import itertools
import math

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.nn.convolution import Convolution
from dlcli.nn.initializers import he_normal, truncated_normal
from dlcli.nn.normalization import Norm
from dlcli.nn.receptive_field import Window
from dlcli.nn.transposed_convolution import TransposedConvolution

_SMALLEST = 4  # pixels a side of the first maps of the generator, and of the last of the discriminator
_SLOPE = 0.2  # of the discriminator's leaky ReLU below 0: Radford et al. 2015, section 3
_DEVIATION = 0.02  # of the first weights of labels: ibid., section 4


def halvings(image: tuple[int, int, int]) -> int:
    """Return how often the shorter side can be halved until fewer than eight pixels are left."""
    return max(0, int(math.log2(max(min(image[:2]), _SMALLEST) / _SMALLEST)))


class ImageGenerator(nnx.Module):
    """Maps noise to images by a dense layer and transposed convolutions.

    The first maps are as small as doubling them reaches or just exceeds the image's size: 4×4 for
    8×8, 7×7 for 28×28. What exceeds it is cut off on all sides.

    Reference: Radford, Metz and Chintala, "Unsupervised Representation Learning with DCGAN", 2015,
    arXiv:1511.06434. A class is told by numbers of its own beside the noise, as in Mirza and
    Osindero, "Conditional Generative Adversarial Nets", 2014, arXiv:1411.1784.
    """

    def __init__(
        self, image: tuple[int, int, int], *, latent: int, channels: int, classes: int, dtype: str, rngs: nnx.Rngs
    ):
        """Build the untrained network.

        Args:
            image: height, width and channels.
            latent: numbers of noise.
            channels: of the last maps; each halving of the size doubles them.
            classes: that samples can be asked for; 0: none.
            dtype: of the activations.
            rngs: for the initial weights.
        """
        doublings, self.image, kind = halvings(image), image, jnp.dtype(dtype)
        widths = [channels * 2**doubling for doubling in reversed(range(doublings + 1))]
        self.start = (*(-(-side // 2**doublings) for side in image[:2]), widths[0])
        self.label = nnx.data(_embedding(classes, latent, 1.0, rngs) if classes else None)
        inputs = 2 * latent if classes else latent
        self.project = nnx.Linear(
            inputs, math.prod(self.start), use_bias=False, kernel_init=he_normal(), dtype=kind, rngs=rngs
        )
        self.norms = nnx.List([Norm("batch", each, rngs=rngs) for each in widths])
        pairs = itertools.pairwise(widths)
        self.doublings = nnx.List([TransposedConvolution(*pair, dtype=kind, rngs=rngs) for pair in pairs])
        self.paint = Convolution(channels, image[2], Window(3, padding=1), dtype=kind, rngs=rngs)

    def __call__(self, noise: jax.Array, label: jax.Array | None = None) -> jax.Array:
        """Map [batch, latent] and int [batch] to float32 [batch, height, width, channel] in [-1, 1]."""
        x = self.project(_with_label(noise, self.label, label)).reshape(len(noise), *self.start)
        x = jax.nn.relu(self.norms[0](x))
        for double, norm in zip(self.doublings, self.norms[1:], strict=True):
            x = jax.nn.relu(norm(double(x)))
        return jnp.tanh(_cut(self.paint(x), self.image[:2]).astype(jnp.float32))


class ImageDiscriminator(nnx.Module):
    """Maps images to one number by convolutions that halve them.

    It has no normalization over the batch, which the gradient penalty forbids, since that is of
    single examples (Gulrajani et al. 2017, section 4). A class is told by a projection: the number
    grows by the product of the class's vector and the features (Miyato and Koyama, "cGANs with
    Projection Discriminator", 2018, arXiv:1802.05637, equation 3). Unlike there, features are not
    summed over positions: of small images, each position says something of the class.
    """

    def __init__(self, image: tuple[int, int, int], *, channels: int, classes: int, dtype: str, rngs: nnx.Rngs):
        """Build the untrained network; the arguments are those of `ImageGenerator`."""
        kind, widths = jnp.dtype(dtype), [channels * 2**halving for halving in range(halvings(image) + 1)]
        layers = [Convolution(image[2], channels, Window(3, padding=1), dtype=kind, rngs=rngs)]
        for pair in itertools.pairwise(widths):
            layers.append(Convolution(*pair, Window(4, stride=2, padding=1), dtype=kind, rngs=rngs))
        self.layers = nnx.List(layers)
        height, width = (_halved(side, len(widths) - 1) for side in image[:2])
        features = height * width * widths[-1]
        self.judge = nnx.Linear(features, 1, kernel_init=he_normal(), rngs=rngs)
        self.label = nnx.data(_embedding(classes, features, _DEVIATION, rngs) if classes else None)

    def __call__(self, images: jax.Array, label: jax.Array | None = None) -> jax.Array:
        """Map float [batch, height, width, channel] and int [batch] to float32 [batch]."""
        x = images
        for layer in self.layers:
            x = jax.nn.leaky_relu(layer(x), _SLOPE)
        features = x.astype(jnp.float32).reshape(len(x), -1)
        verdict = self.judge(features)[:, 0]
        return verdict if self.label is None else verdict + _projection(features, self.label, label)


class PointGenerator(nnx.Module):
    """Maps noise to points in the plane by two hidden layers."""

    def __init__(self, *, latent: int, units: int, dtype: str, rngs: nnx.Rngs):
        self.layers = _dense([latent, units, units, 2], dtype, rngs)

    def __call__(self, noise: jax.Array, label: jax.Array | None = None) -> jax.Array:
        """Map [batch, latent] to float32 [batch, 2]; points have no labels."""
        return _through(self.layers, noise, jax.nn.relu)


class PointDiscriminator(nnx.Module):
    """Maps points to one number by two hidden layers."""

    def __init__(self, *, units: int, dtype: str, rngs: nnx.Rngs):
        self.layers = _dense([2, units, units, 1], dtype, rngs)

    def __call__(self, points: jax.Array, label: jax.Array | None = None) -> jax.Array:
        """Map float [batch, 2] to float32 [batch]; points have no labels."""
        return _through(self.layers, points, lambda x: jax.nn.leaky_relu(x, _SLOPE))[:, 0]


def _dense(sizes: list[int], dtype: str, rngs: nnx.Rngs) -> nnx.List:
    pairs = list(itertools.pairwise(sizes))
    kinds = [jnp.dtype(dtype)] * (len(pairs) - 1) + [jnp.dtype("float32")]
    return nnx.List(
        [
            nnx.Linear(*pair, kernel_init=he_normal(), dtype=kind, rngs=rngs)
            for pair, kind in zip(pairs, kinds, strict=True)
        ]
    )


def _through(layers: nnx.List, x: jax.Array, activation: object) -> jax.Array:
    for layer in layers[:-1]:
        x = activation(layer(x))
    return layers[-1](x)


def _embedding(classes: int, features: int, deviation: float, rngs: nnx.Rngs) -> nnx.Embed:
    return nnx.Embed(classes, features, embedding_init=truncated_normal(deviation), rngs=rngs)


def _with_label(noise: jax.Array, embedding: nnx.Embed | None, label: jax.Array | None) -> jax.Array:
    return noise if embedding is None else jnp.concatenate([noise, embedding(label)], axis=-1)


def _projection(features: jax.Array, embedding: nnx.Embed, label: jax.Array) -> jax.Array:
    return jnp.einsum("bf,bf->b", features, embedding(label).astype(jnp.float32))


def _cut(images: jax.Array, size: tuple[int, int]) -> jax.Array:
    """Cut [batch, height, width, channel] to `size` about the centre."""
    top, left = ((there - wanted) // 2 for there, wanted in zip(images.shape[1:3], size, strict=True))
    return images[:, top : top + size[0], left : left + size[1]]


def _halved(side: int, times: int) -> int:
    for _ in range(times):
        side = Window(4, stride=2, padding=1).output(side)
    return side
