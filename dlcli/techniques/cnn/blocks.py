"""Blocks of the backbones.

Each block maps feature maps [batch, height, width, channel] to others. Its `windows` are the sliding windows along
the path with the largest receptive field.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.nn.activation import activation
from dlcli.nn.convolution import Convolution
from dlcli.nn.initializers import truncated_normal
from dlcli.nn.normalization import Norm
from dlcli.nn.pooling import Pool
from dlcli.nn.receptive_field import Window
from dlcli.techniques.cnn.architecture import Architecture


class Sequential(nnx.Module):
    """Layers that are applied one after the other."""

    def __init__(self, *layers: nnx.Module):
        self.layers = nnx.List(layers)
        self.windows = tuple(window for layer in layers for window in layer.windows)

    def __call__(self, x: jax.Array) -> jax.Array:
        for layer in self.layers:
            x = layer(x)
        return x


class ConvolutionBlock(nnx.Module):
    """A convolution, a normalization and, unless the block precedes a residual sum, an activation."""

    def __init__(self, inputs: int, outputs: int, window: Window, config: Architecture, *, rngs: nnx.Rngs):
        # A normalization subtracts the mean, which cancels a bias, and has its own bias.
        bias, dtype = config.norm == "none", jnp.dtype(config.dtype)
        self.convolution = Convolution(inputs, outputs, window, bias=bias, dtype=dtype, rngs=rngs)
        self.norm = Norm(config.norm, outputs, rngs=rngs)
        self.activation = activation(config.activation)
        self.windows = (window,)

    def __call__(self, x: jax.Array, *, active: bool = True) -> jax.Array:
        x = self.norm(self.convolution(x))
        return self.activation(x) if active else x

    def zero_initialize(self) -> None:
        """Set the scale of the normalization to zero, or the kernel where there is no normalization."""
        parameter = self.norm.scale or self.convolution.kernel
        parameter.set_value(jnp.zeros_like(parameter[...]))


class ResidualBlock(nnx.Module):
    """Convolutions with a shortcut, followed by an activation.

    Reference: He et al., "Deep Residual Learning for Image Recognition", 2015, arXiv:1512.03385,
    figures 2 and 5. Unlike there, the residual branch is initialized with zeros, so that an untrained
    block is its shortcut (Goyal et al. 2017, arXiv:1706.02677, section 5.1).
    """

    def __init__(
        self,
        channels: Sequence[int],
        windows: Sequence[Window],
        config: Architecture,
        *,
        projection: bool,
        rngs: nnx.Rngs,
    ):
        """Create a block.

        Args:
            channels: channels of the input and of the output of each convolution.
            windows: windows of the convolutions.
            config: normalization, activation and dtype.
            projection: whether a shortcut to another size is a 1×1 convolution (option B of section
                3.3) or strided positions padded with zero channels (option A).
            rngs: random streams of the initial weights.
        """
        self.windows = tuple(windows)
        shapes = zip(channels[:-1], channels[1:], windows, strict=True)
        self.branch = nnx.List([ConvolutionBlock(*shape, config, rngs=rngs) for shape in shapes])
        self.branch[-1].zero_initialize()
        self.stride = max(window.stride for window in windows)
        self.padding = channels[-1] - channels[0]
        self.shortcut = nnx.data(None)
        if projection and (self.stride > 1 or self.padding):
            self.shortcut = ConvolutionBlock(channels[0], channels[-1], Window(1, self.stride), config, rngs=rngs)
        self.activation = activation(config.activation)

    def __call__(self, x: jax.Array) -> jax.Array:
        if self.shortcut is None:
            shortcut = jnp.pad(x[:, :: self.stride, :: self.stride], [(0, 0)] * 3 + [(0, self.padding)])
        else:
            shortcut = self.shortcut(x, active=False)
        for number, convolution in enumerate(self.branch, start=1):
            x = convolution(x, active=number < len(self.branch))
        return self.activation(shortcut + x)


class ConvNextBlock(nnx.Module):
    """A depthwise 7×7 convolution and an MLP at each position, with a residual connection.

    Reference: Liu et al., "A ConvNet for the 2020s", 2022, arXiv:2201.03545, figure 4, and table 5
    for the initial values.
    """

    def __init__(self, channels: int, config: Architecture, *, rngs: nnx.Rngs):
        dtype, kernel_init = jnp.dtype(config.dtype), truncated_normal(0.02)
        window = Window(7, padding=3)
        self.windows = (window,)
        self.depthwise = Convolution(channels, channels, window, groups=channels, dtype=dtype, rngs=rngs)
        self.norm = Norm(config.norm, channels, rngs=rngs)
        self.expand = nnx.Linear(channels, 4 * channels, dtype=dtype, kernel_init=kernel_init, rngs=rngs)
        self.activation = activation(config.activation)
        self.contract = nnx.Linear(4 * channels, channels, dtype=dtype, kernel_init=kernel_init, rngs=rngs)
        self.layer_scale = nnx.Param(jnp.full([channels], 1e-6))

    def __call__(self, x: jax.Array) -> jax.Array:
        branch = self.contract(self.activation(self.expand(self.norm(self.depthwise(x)))))
        return x + self.layer_scale[...].astype(x.dtype).reshape(1, 1, 1, -1) * branch


class AirbenchBlock(nnx.Module):
    """Two 3×3 convolutions, the first followed by pooling, each normalized without a learned scale and activated.

    The first output channels of each convolution start as copies of its input channels.

    Reference: Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024, arXiv:2404.00498, section 3.1 for the
    block, and section 3.3 for the initial kernels.
    """

    def __init__(self, inputs: int, outputs: int, config: Architecture, *, rngs: nnx.Rngs):
        bias, dtype, window = config.norm == "none", jnp.dtype(config.dtype), Window(3, padding=1)
        self.conv1 = Convolution(inputs, outputs, window, bias=bias, dtype=dtype, rngs=rngs)
        self.conv2 = Convolution(outputs, outputs, window, bias=bias, dtype=dtype, rngs=rngs)
        self.pool = Pool(config.pool)
        self.norm1, self.norm2 = (Norm(config.norm, outputs, scale=False, rngs=rngs) for _ in range(2))
        self.activation = activation(config.activation)
        for convolution in (self.conv1, self.conv2):
            convolution.kernel.set_value(partial_identity(convolution.kernel[...]))
        self.windows = (*self.conv1.windows, *self.pool.windows, *self.conv2.windows)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.activation(self.norm1(self.pool(self.conv1(x))))
        return self.activation(self.norm2(self.conv2(x)))


def partial_identity(kernel: jax.Array) -> jax.Array:
    """Return a kernel whose first output channels copy the input channels; the others are scaled to variance 1/(3 n).

    Args:
        kernel: initialized by `he_normal`, [height, width, n / (height · width), output].
    """
    height, width, inputs, outputs = kernel.shape
    copies = min(inputs, outputs)
    # PyTorch's default initialization has the variance 1 / (3 fan-in), and He's has 2 / fan-in.
    identity = jnp.zeros_like(kernel[..., :copies]).at[height // 2, width // 2].set(jnp.eye(inputs, copies))
    return jnp.concatenate([identity, kernel[..., copies:] / 6**0.5], axis=-1)
