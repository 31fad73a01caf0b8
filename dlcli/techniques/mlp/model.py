"""The network of `train mlp`: hidden layers and an output layer, all fully connected.

Axes: batch, feature, unit, output.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.nn.activation import activation
from dlcli.nn.initializers import he_normal
from dlcli.nn.normalization import Norm


@dataclasses.dataclass(frozen=True)
class Architecture:
    """Hyperparameters of the network.

    Attributes:
        sizes: units of each hidden layer; empty for a linear model.
        activation: activation function, one of `dlcli.nn.activation.ACTIVATIONS`.
        norm: normalization of each hidden layer, "batch", "layer" or "none".
        dropout: dropout probability of hidden units, in [0, 1).
        dtype: dtype of the activations.
    """

    sizes: tuple[int, ...]
    activation: str = "relu"
    norm: str = "none"
    dropout: float = 0.0
    dtype: str = "float32"


class HiddenLayer(nnx.Module):
    """A linear map, normalization, activation and dropout."""

    def __init__(self, config: Architecture, inputs: int, units: int, *, rngs: nnx.Rngs):
        self.linear = nnx.Linear(inputs, units, dtype=jnp.dtype(config.dtype), kernel_init=he_normal(), rngs=rngs)
        self.norm = Norm(config.norm, units, rngs=rngs)
        self.activation = activation(config.activation)
        self.dropout = nnx.Dropout(config.dropout, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Map [batch, feature] to activations [batch, unit]."""
        return self.dropout(self.activation(self.norm(self.linear(x))))


class Network(nnx.Module):
    """A multilayer perceptron.

    Attributes:
        hidden: the hidden layers, from the input to the output.
        output: the output layer. It is initialized with zeros, so that an untrained classifier predicts a uniform
            distribution.
    """

    def __init__(self, config: Architecture, features: int, outputs: int, *, rngs: nnx.Rngs):
        """Create the untrained network.

        Args:
            config: its hyperparameters.
            features: number of features.
            outputs: number of classes, or 1 for a regression.
            rngs: random streams of the initial weights and of dropout.
        """
        inputs = [features, *config.sizes]
        layers = zip(inputs, config.sizes, strict=False)
        self.hidden = nnx.List([HiddenLayer(config, width, units, rngs=rngs) for width, units in layers])
        zeros = nnx.initializers.zeros_init()
        self.output = nnx.Linear(inputs[-1], outputs, dtype=jnp.float32, kernel_init=zeros, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Map standardized rows, float32 [batch, feature], to float32 [batch, output]."""
        for layer in self.hidden:
            x = layer(x)
        return self.output(x)

    def activations(self, x: jax.Array) -> list[jax.Array]:
        """Return the activations of each hidden layer, [batch, unit]."""
        found = []
        for layer in self.hidden:
            x = layer(x)
            found.append(x)
        return found
