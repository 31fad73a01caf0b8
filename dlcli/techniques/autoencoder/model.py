"""The encoder and the decoder of `train autoencoder`.

Axes: batch, height, width, channel, latent.
"""

from __future__ import annotations

import dataclasses
import itertools
import math

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.nn.convolution import Convolution
from dlcli.nn.image_stages import center_crop, halvings
from dlcli.nn.initializers import he_normal
from dlcli.nn.receptive_field import Window
from dlcli.nn.transposed_convolution import TransposedConvolution

_DOWNSAMPLING = Window(4, stride=2, padding=1)


@dataclasses.dataclass(frozen=True)
class Architecture:
    """Hyperparameters of both networks.

    Attributes:
        sizes: hidden units of the layers of a dense encoder; None: convolutional.
        channels: channels at full resolution of a convolutional network.
        dtype: dtype of the activations.
    """

    sizes: tuple[int, ...] | None
    channels: int = 32
    dtype: str = "float32"


def networks(
    config: Architecture, image: tuple[int, int, int], codes: tuple[int, int], rngs: nnx.Rngs
) -> tuple[nnx.Module, nnx.Module]:
    """Return an untrained encoder and an untrained decoder.

    Args:
        config: their hyperparameters.
        image: height, width and channels.
        codes: outputs of the encoder, and inputs of the decoder.
        rngs: random streams of the initial weights.
    """
    if config.sizes is None:
        return ConvolutionalEncoder(config, image, codes[0], rngs=rngs), ConvolutionalDecoder(
            config, image, codes[1], rngs=rngs
        )
    pixels = math.prod(image)
    encoder = DenseLayers((pixels, *config.sizes, codes[0]), (codes[0],), dtype=config.dtype, rngs=rngs)
    decoder = DenseLayers((codes[1], *reversed(config.sizes), pixels), image, dtype=config.dtype, rngs=rngs)
    return encoder, decoder


class DenseLayers(nnx.Module):
    """Fully connected layers with ReLU between them."""

    def __init__(self, sizes: tuple[int, ...], shape: tuple[int, ...], *, dtype: str, rngs: nnx.Rngs):
        """Create the untrained layers.

        Args:
            sizes: number of inputs, then of the outputs of each layer.
            shape: shape of one output.
            dtype: dtype of the activations; the output is float32.
            rngs: random streams of the initial weights.
        """
        self.shape = shape
        pairs = list(itertools.pairwise(sizes))
        kinds = [jnp.dtype(dtype)] * (len(pairs) - 1) + [jnp.dtype("float32")]
        self.layers = nnx.List(
            [
                nnx.Linear(*pair, dtype=kind, kernel_init=he_normal(), rngs=rngs)
                for pair, kind in zip(pairs, kinds, strict=True)
            ]
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        """Map [batch, ...] to float32 [batch, *shape]."""
        x = x.reshape(x.shape[0], -1)
        for layer in self.layers[:-1]:
            x = jax.nn.relu(layer(x))
        return self.layers[-1](x).reshape(x.shape[0], *self.shape)


class ConvolutionalEncoder(nnx.Module):
    """Strided convolutions that halve the maps to 4×4 or a little more, and a dense layer."""

    def __init__(self, config: Architecture, image: tuple[int, int, int], outputs: int, *, rngs: nnx.Rngs):
        kind = jnp.dtype(config.dtype)
        widths = [config.channels * 2**stage for stage in range(halvings(image) + 1)]
        layers = [Convolution(image[2], config.channels, Window(3, padding=1), dtype=kind, rngs=rngs)]
        layers += [Convolution(*pair, _DOWNSAMPLING, dtype=kind, rngs=rngs) for pair in itertools.pairwise(widths)]
        self.layers = nnx.List(layers)
        height, width = image[:2]
        for _ in widths[1:]:
            height, width = _DOWNSAMPLING.output(height), _DOWNSAMPLING.output(width)
        self.fc_out = nnx.Linear(height * width * widths[-1], outputs, kernel_init=he_normal(), rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Map [batch, height, width, channel] to float32 [batch, output]."""
        for layer in self.layers:
            x = jax.nn.relu(layer(x))
        return self.fc_out(x.astype(jnp.float32).reshape(x.shape[0], -1))


class ConvolutionalDecoder(nnx.Module):
    """A dense layer, and transposed convolutions that double the maps to the size of the image."""

    def __init__(self, config: Architecture, image: tuple[int, int, int], inputs: int, *, rngs: nnx.Rngs):
        stages, kind = halvings(image), jnp.dtype(config.dtype)
        widths = [config.channels * 2**stage for stage in reversed(range(stages + 1))]
        self.image = image
        self.start = (*(-(-side // 2**stages) for side in image[:2]), widths[0])
        self.fc_in = nnx.Linear(inputs, math.prod(self.start), kernel_init=he_normal(), dtype=kind, rngs=rngs)
        pairs = itertools.pairwise(widths)
        self.upsample = nnx.List([TransposedConvolution(*pair, dtype=kind, rngs=rngs) for pair in pairs])
        self.conv_out = Convolution(config.channels, image[2], Window(3, padding=1), dtype=kind, rngs=rngs)

    def __call__(self, codes: jax.Array) -> jax.Array:
        """Map [batch, latent] to logits of pixels, float32 [batch, height, width, channel]."""
        x = jax.nn.relu(self.fc_in(codes)).reshape(codes.shape[0], *self.start)
        for upsample in self.upsample:
            x = jax.nn.relu(upsample(x))
        return center_crop(self.conv_out(x), self.image[:2]).astype(jnp.float32)
