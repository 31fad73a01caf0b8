"""The generators and discriminators of `train gan`, for images and for points.

Axes: batch, height, width, channel, latent, class.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.data.domains import Domain, ImageDomain
from dlcli.nn.convolution import Convolution
from dlcli.nn.image_stages import center_crop, halvings
from dlcli.nn.initializers import he_normal
from dlcli.nn.normalization import Norm
from dlcli.nn.receptive_field import Window
from dlcli.nn.transposed_convolution import TransposedConvolution
from dlcli.techniques.gan.conditioning import EMBEDDING_STD, NEGATIVE_SLOPE, conditional_logit, embedding
from dlcli.techniques.gan.options import Train
from dlcli.techniques.gan.residual import ResidualDiscriminator, ResidualGenerator


def networks(options: Train, domain: Domain, rngs: nnx.Rngs) -> tuple[nnx.Module, nnx.Module]:
    """Return an untrained generator and an untrained discriminator."""
    if not isinstance(domain, ImageDomain):
        units = 4 * options.channels
        generator = PointGenerator(latent_dim=options.latent_dim, units=units, dtype=options.dtype, rngs=rngs)
        return generator, PointDiscriminator(units=units, dtype=options.dtype, rngs=rngs)
    common = {
        "channels": options.channels,
        "classes": len(domain.classes) if options.conditional else 0,
        "dtype": options.dtype,
        "rngs": rngs,
    }
    image = domain.facts.image
    if options.arch == "resnet":
        return ResidualGenerator(image, latent_dim=options.latent_dim, **common), ResidualDiscriminator(image, **common)
    return ImageGenerator(image, latent_dim=options.latent_dim, **common), ImageDiscriminator(image, **common)


class ImageGenerator(nnx.Module):
    """Maps noise to images with a dense layer and transposed convolutions.

    The first feature maps have the smallest size that upsampling takes to at least the image's size: 4×4 for 8×8, 7×7
    for 28×28. The result is center-cropped to the image's size.

    Reference: Radford, Metz and Chintala, "Unsupervised Representation Learning with DCGAN", 2015,
    arXiv:1511.06434. A class embedding is concatenated to the noise, as in Mirza and Osindero, "Conditional
    Generative Adversarial Nets", 2014, arXiv:1411.1784.
    """

    def __init__(
        self, image: tuple[int, int, int], *, latent_dim: int, channels: int, classes: int, dtype: str, rngs: nnx.Rngs
    ):
        """Create the untrained network.

        Args:
            image: height, width and channels.
            latent_dim: dimension of the noise.
            channels: channels of the last feature maps, doubled at each lower resolution.
            classes: number of classes of a class-conditional generator; 0: unconditional.
            dtype: dtype of the activations.
            rngs: random streams of the initial weights.
        """
        stages, self.image, kind = halvings(image), image, jnp.dtype(dtype)
        widths = [channels * 2**stage for stage in reversed(range(stages + 1))]
        self.start = (*(-(-side // 2**stages) for side in image[:2]), widths[0])
        self.class_embedding = nnx.data(embedding(classes, latent_dim, 1.0, rngs) if classes else None)
        inputs = 2 * latent_dim if classes else latent_dim
        self.fc_in = nnx.Linear(
            inputs, math.prod(self.start), use_bias=False, kernel_init=he_normal(), dtype=kind, rngs=rngs
        )
        self.norms = nnx.List([Norm("batch", each, rngs=rngs) for each in widths])
        pairs = itertools.pairwise(widths)
        self.upsample = nnx.List([TransposedConvolution(*pair, dtype=kind, rngs=rngs) for pair in pairs])
        self.conv_out = Convolution(channels, image[2], Window(3, padding=1), dtype=kind, rngs=rngs)

    def __call__(self, noise: jax.Array, label: jax.Array | None = None) -> jax.Array:
        """Map [batch, latent] and int [batch] to float32 [batch, height, width, channel] in [-1, 1]."""
        if self.class_embedding is not None:
            noise = jnp.concatenate([noise, self.class_embedding(label)], axis=-1)
        x = self.fc_in(noise).reshape(noise.shape[0], *self.start)
        x = jax.nn.relu(self.norms[0](x))
        for upsample, norm in zip(self.upsample, self.norms[1:], strict=True):
            x = jax.nn.relu(norm(upsample(x)))
        return jnp.tanh(center_crop(self.conv_out(x), self.image[:2]).astype(jnp.float32))


class ImageDiscriminator(nnx.Module):
    """Maps images to logits with strided convolutions.

    It has no batch normalization: the gradient penalty is defined for single examples (Gulrajani et al. 2017, section
    4). The class conditions the logit by projection, see `conditional_logit`.
    """

    def __init__(self, image: tuple[int, int, int], *, channels: int, classes: int, dtype: str, rngs: nnx.Rngs):
        """Create the untrained network; the arguments are those of `ImageGenerator`."""
        kind, widths = jnp.dtype(dtype), [channels * 2**stage for stage in range(halvings(image) + 1)]
        layers = [Convolution(image[2], channels, Window(3, padding=1), dtype=kind, rngs=rngs)]
        downsampling = Window(4, stride=2, padding=1)
        for pair in itertools.pairwise(widths):
            layers.append(Convolution(*pair, downsampling, dtype=kind, rngs=rngs))
        self.layers = nnx.List(layers)
        height, width = image[:2]
        for _ in widths[1:]:
            height, width = downsampling.output(height), downsampling.output(width)
        features = height * width * widths[-1]
        self.logit = nnx.Linear(features, 1, kernel_init=he_normal(), rngs=rngs)
        self.class_embedding = nnx.data(embedding(classes, features, EMBEDDING_STD, rngs) if classes else None)

    def __call__(self, images: jax.Array, label: jax.Array | None = None) -> jax.Array:
        """Map float [batch, height, width, channel] and int [batch] to logits, float32 [batch]."""
        x = images
        for layer in self.layers:
            x = jax.nn.leaky_relu(layer(x), NEGATIVE_SLOPE)
        return conditional_logit(self.logit, self.class_embedding, x, label)


class PointGenerator(nnx.Module):
    """Maps noise to points in the plane with an MLP of two hidden layers."""

    def __init__(self, *, latent_dim: int, units: int, dtype: str, rngs: nnx.Rngs):
        self.layers = _dense([latent_dim, units, units, 2], dtype, rngs)

    def __call__(self, noise: jax.Array, label: jax.Array | None = None) -> jax.Array:
        """Map [batch, latent] to float32 [batch, 2]; `label` is unused."""
        return _mlp(self.layers, noise, jax.nn.relu)


class PointDiscriminator(nnx.Module):
    """Maps points to logits with an MLP of two hidden layers."""

    def __init__(self, *, units: int, dtype: str, rngs: nnx.Rngs):
        self.layers = _dense([2, units, units, 1], dtype, rngs)

    def __call__(self, points: jax.Array, label: jax.Array | None = None) -> jax.Array:
        """Map float [batch, 2] to logits, float32 [batch]; `label` is unused."""
        return _mlp(self.layers, points, lambda x: jax.nn.leaky_relu(x, NEGATIVE_SLOPE))[:, 0]


def _dense(sizes: list[int], dtype: str, rngs: nnx.Rngs) -> nnx.List:
    """Return dense layers between these sizes; the last one computes in float32."""
    pairs = list(itertools.pairwise(sizes))
    kinds = [jnp.dtype(dtype)] * (len(pairs) - 1) + [jnp.dtype("float32")]
    return nnx.List(
        [
            nnx.Linear(*pair, kernel_init=he_normal(), dtype=kind, rngs=rngs)
            for pair, kind in zip(pairs, kinds, strict=True)
        ]
    )


def _mlp(layers: nnx.List, x: jax.Array, activation: Callable[[jax.Array], jax.Array]) -> jax.Array:
    for layer in layers[:-1]:
        x = activation(layer(x))
    return layers[-1](x)
