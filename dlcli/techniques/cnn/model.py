"""The networks of `train cnn`: a backbone of convolutions, and a head that tells the classes apart.

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
    """Tells classes apart by the features of an image.

    The features are flattened, or averaged over all positions; then comes a hidden layer, if any.
    The last layer starts at zero, so that an untrained network holds all classes for equally likely.
    """

    def __init__(
        self, style: Architecture, features: tuple[int, int, int], classes: int, *, flat: bool, rngs: nnx.Rngs
    ):
        height, width, inputs = features
        self.flat = flat
        if flat:
            inputs *= height * width
        self.hidden = nnx.data(None)
        if style.hidden:
            start, dtype = he_normal(), jnp.dtype(style.dtype)
            self.hidden = nnx.Linear(inputs, style.hidden, dtype=dtype, kernel_init=start, rngs=rngs)
            inputs = style.hidden
        self.activation = activation(style.activation)
        self.dropout = nnx.Dropout(style.dropout, rngs=rngs)
        zero = nnx.initializers.zeros_init()
        self.logits = nnx.Linear(inputs, classes, dtype=jnp.float32, kernel_init=zero, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Map [batch, height, width, channel] to logits, float32 [batch, class]."""
        x = x.reshape(x.shape[0], -1) if self.flat else x.mean(axis=(1, 2), dtype=jnp.float32)  # [batch, feature]
        if self.hidden is not None:
            x = self.activation(self.hidden(x))
        return self.logits(self.dropout(x))


class Network(nnx.Module):
    """A backbone and a head.

    Attributes:
        backbone: from images to activation maps.
        head: from the last maps to logits.
    """

    def __init__(self, architecture: Architecture, image: tuple[int, int, int], classes: int, *, rngs: nnx.Rngs):
        """Build the untrained network.

        Args:
            architecture: what shapes it.
            image: height, width and channels.
            classes: to tell apart.
            rngs: for the initial weights and for dropout.

        Raises:
            UsageError: the architecture does not exist, or does not fit images this small.
        """
        style = architecture.resolved()
        self.backbone = Backbone(style, image, rngs=rngs)
        # Of a small network's maps each position counts; those of a deep one all see most of the image.
        flat = style.arch == "small" and bool(style.hidden)
        self.head = Head(style, self.backbone.features, classes, flat=flat, rngs=rngs)

    def __call__(self, images: jax.Array) -> jax.Array:
        """Map float [batch, height, width, channel] to logits, float32 [batch, class]."""
        return self.head(self.backbone(images))

    def convolutions(self) -> dict[str, jax.Array]:
        """Return the kernels of all convolutions, [height, width, input / groups, output], by name.

        They come layer by layer; where a layer has several, its name and their place in it make the name.
        """
        kernels = {}
        for name in self.backbone.names:
            modules = nnx.iter_modules(self.backbone.parts[name])
            found = {path: each for path, each in modules if isinstance(each, Convolution)}
            for path in sorted(found, key=lambda path: [str(part) for part in path]):
                place = "".join(f".{part}" for part in path if len(found) > 1 and part != "convolution")
                kernels[name + place] = found[path].kernel[...]
        return kernels
