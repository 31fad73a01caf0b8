"""Generators and discriminators of residual blocks, for images.

Axes: batch, height, width, channel, latent, class.

References: Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018, arXiv:1802.05957,
appendix B.4, for the blocks; Mescheder, Geiger and Nowozin, "Which Training Methods for GANs do actually Converge?",
2018, arXiv:1801.04406, appendix D.3, for a discriminator without normalization, with R1.
"""

from __future__ import annotations

import itertools
import math
from typing import Literal

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.nn.convolution import Convolution
from dlcli.nn.image_stages import center_crop, halvings, upsample_nearest
from dlcli.nn.initializers import he_normal
from dlcli.nn.normalization import Norm
from dlcli.nn.pooling import average_pool
from dlcli.nn.receptive_field import Window
from dlcli.techniques.gan.conditioning import EMBEDDING_STD, NEGATIVE_SLOPE, conditional_logit, embedding

_RESIDUAL_SCALE = 0.1  # Mescheder et al. 2018, appendix D.3: keeps untrained blocks near their shortcuts


class ResidualBlock(nnx.Module):
    """Two 3×3 convolutions, each after a normalization and an activation, with a shortcut of 1×1.

    A generator's block doubles the height and width first (nearest neighbour) and uses batch normalization and ReLU; a
    discriminator's halves them last (average pooling) and uses leaky ReLU alone.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        role: Literal["generator", "discriminator"],
        *,
        dtype: jnp.dtype,
        rngs: nnx.Rngs,
    ):
        window, self.up = Window(3, padding=1), role == "generator"
        norm = "batch" if self.up else "none"
        self.norm1, self.norm2 = Norm(norm, inputs, rngs=rngs), Norm(norm, outputs, rngs=rngs)
        self.conv1 = Convolution(inputs, outputs, window, dtype=dtype, rngs=rngs)
        self.conv2 = Convolution(outputs, outputs, window, dtype=dtype, rngs=rngs)
        self.shortcut = nnx.Linear(inputs, outputs, use_bias=False, kernel_init=he_normal(), dtype=dtype, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Map [batch, height, width, input] to feature maps of twice or half the height and width."""
        shortcut = self.shortcut(x)  # a 1×1 convolution commutes with the resampling
        x = self._activate(self.norm1(x))
        x = self.conv1(upsample_nearest(x) if self.up else x)
        x = self.conv2(self._activate(self.norm2(x)))
        resample = upsample_nearest if self.up else average_pool
        return resample(shortcut) + _RESIDUAL_SCALE * (x if self.up else average_pool(x))

    def _activate(self, x: jax.Array) -> jax.Array:
        return jax.nn.relu(x) if self.up else jax.nn.leaky_relu(x, NEGATIVE_SLOPE)


class ResidualGenerator(nnx.Module):
    """Maps noise to images with a dense layer and residual blocks that upsample.

    The sizes and channels of the feature maps and the class embedding are those of `ImageGenerator`.
    """

    def __init__(
        self, image: tuple[int, int, int], *, latent_dim: int, channels: int, classes: int, dtype: str, rngs: nnx.Rngs
    ):
        """Create the untrained network; the arguments are those of `ImageGenerator`."""
        stages, self.image, kind = halvings(image), image, jnp.dtype(dtype)
        widths = [channels * 2**stage for stage in reversed(range(stages + 1))]
        self.start = (*(-(-side // 2**stages) for side in image[:2]), widths[0])
        self.class_embedding = nnx.data(embedding(classes, latent_dim, 1.0, rngs) if classes else None)
        inputs = 2 * latent_dim if classes else latent_dim
        self.fc_in = nnx.Linear(inputs, math.prod(self.start), kernel_init=he_normal(), dtype=kind, rngs=rngs)
        pairs = itertools.pairwise(widths)
        self.blocks = nnx.List([ResidualBlock(*pair, "generator", dtype=kind, rngs=rngs) for pair in pairs])
        self.norm_out = Norm("batch", channels, rngs=rngs)
        self.conv_out = Convolution(channels, image[2], Window(3, padding=1), dtype=kind, rngs=rngs)

    def __call__(self, noise: jax.Array, label: jax.Array | None = None) -> jax.Array:
        """Map [batch, latent] and int [batch] to float32 [batch, height, width, channel] in [-1, 1]."""
        if self.class_embedding is not None:
            noise = jnp.concatenate([noise, self.class_embedding(label)], axis=-1)
        x = self.fc_in(noise).reshape(noise.shape[0], *self.start)
        for block in self.blocks:
            x = block(x)
        x = self.conv_out(jax.nn.relu(self.norm_out(x)))
        return jnp.tanh(center_crop(x, self.image[:2]).astype(jnp.float32))


class ResidualDiscriminator(nnx.Module):
    """Maps images to logits with residual blocks that downsample; the class conditions the logit by projection."""

    def __init__(self, image: tuple[int, int, int], *, channels: int, classes: int, dtype: str, rngs: nnx.Rngs):
        """Create the untrained network; the arguments are those of `ImageGenerator`."""
        kind, stages = jnp.dtype(dtype), halvings(image)
        widths = [channels * 2**stage for stage in range(stages + 1)]
        self.conv_in = Convolution(image[2], channels, Window(3, padding=1), dtype=kind, rngs=rngs)
        pairs = itertools.pairwise(widths)
        self.blocks = nnx.List([ResidualBlock(*pair, "discriminator", dtype=kind, rngs=rngs) for pair in pairs])
        height, width = (side // 2**stages for side in image[:2])
        features = height * width * widths[-1]
        self.logit = nnx.Linear(features, 1, kernel_init=he_normal(), rngs=rngs)
        self.class_embedding = nnx.data(embedding(classes, features, EMBEDDING_STD, rngs) if classes else None)

    def __call__(self, images: jax.Array, label: jax.Array | None = None) -> jax.Array:
        """Map float [batch, height, width, channel] and int [batch] to logits, float32 [batch]."""
        x = self.conv_in(images)
        for block in self.blocks:
            x = block(x)
        return conditional_logit(self.logit, self.class_embedding, jax.nn.leaky_relu(x, NEGATIVE_SLOPE), label)
