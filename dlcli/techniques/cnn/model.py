"""The network of `train cnn`: a convolutional backbone and a classification head.

Axes: batch, height, width, channel, class.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.nn.activation import activation
from dlcli.nn.convolution import Convolution
from dlcli.nn.initializers import he_normal
from dlcli.techniques.cnn.architecture import Architecture
from dlcli.techniques.cnn.backbone import Backbone

__all__ = ["Architecture", "Head", "Network"]


class Head(nnx.Module):
    """Maps the features of an image to logits.

    The features are flattened, or reduced over all positions to their mean or (airbench) maximum, followed by an
    optional hidden layer. The last layer is initialized with zeros, so that an untrained network predicts a uniform
    distribution.
    """

    def __init__(
        self, config: Architecture, features: tuple[int, int, int], classes: int, *, flat: bool, rngs: nnx.Rngs
    ):
        height, width, inputs = features
        self.flat, self.max_pool = flat, config.arch == "airbench"
        if flat:
            inputs *= height * width
        self.hidden = nnx.data(None)
        if config.hidden:
            dtype = jnp.dtype(config.dtype)
            self.hidden = nnx.Linear(inputs, config.hidden, dtype=dtype, kernel_init=he_normal(), rngs=rngs)
            inputs = config.hidden
        self.activation = activation(config.activation)
        self.dropout = nnx.Dropout(config.dropout, rngs=rngs)
        zeros = nnx.initializers.zeros_init()
        self.logits = nnx.Linear(inputs, classes, dtype=jnp.float32, kernel_init=zeros, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Map [batch, height, width, channel] to logits, float32 [batch, class]."""
        return self.logits(self.dropout(self.units(x)))

    def units(self, x: jax.Array) -> jax.Array:
        """Map [batch, height, width, channel] to the units that dropout is applied to, [batch, unit]."""
        if self.flat:
            x = x.reshape(x.shape[0], -1)  # [batch, feature]
        else:
            x = x.astype(jnp.float32).max(axis=(1, 2)) if self.max_pool else x.mean(axis=(1, 2), dtype=jnp.float32)
        if self.hidden is not None:
            x = self.activation(self.hidden(x))
        return x


class Network(nnx.Module):
    """A backbone and a head.

    Attributes:
        backbone: maps images to feature maps.
        head: maps the last feature maps to logits.
    """

    def __init__(self, architecture: Architecture, image: tuple[int, int, int], classes: int, *, rngs: nnx.Rngs):
        """Create the untrained network.

        Args:
            architecture: its hyperparameters.
            image: height, width and channels.
            classes: number of classes.
            rngs: random streams of the initial weights and of dropout.

        Raises:
            UsageError: the architecture does not exist, or does not fit images of this size.
        """
        config = architecture.resolved()
        self.backbone = Backbone(config, image, rngs=rngs)
        # A small network has small receptive fields, so its head uses positions; a deep one averages over them.
        flat = config.arch == "small" and bool(config.hidden)
        self.head = Head(config, self.backbone.features, classes, flat=flat, rngs=rngs)

    def __call__(self, images: jax.Array) -> jax.Array:
        """Map float [batch, height, width, channel] to logits, float32 [batch, class]."""
        return self.head(self.backbone(images))

    def convolutions(self) -> dict[str, jax.Array]:
        """Return the kernels of all convolutions by name, [height, width, input / groups, output].

        The name is that of the layer, followed by the path in the layer where it has several convolutions.
        """
        kernels = {}
        for name in self.backbone.names:
            modules = nnx.iter_modules(self.backbone.layers[name])
            found = {path: each for path, each in modules if isinstance(each, Convolution)}
            for path in sorted(found, key=lambda path: [str(part) for part in path]):
                suffix = "".join(f".{part}" for part in path if len(found) > 1 and part != "convolution")
                kernels[name + suffix] = found[path].kernel[...]
        return kernels
