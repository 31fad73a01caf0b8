"""What the backbones are made of.

Each block maps [batch, height, width, channel] to maps of other sizes, and names in `windows` the
windows that a pixel passes on the deepest path through the block.
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
from dlcli.nn.receptive_field import Window
from dlcli.techniques.cnn.architecture import Architecture


class Chain(nnx.Module):
    """Layers without further connections, taken as one."""

    def __init__(self, *layers: nnx.Module):
        self.layers = nnx.List(layers)
        self.windows = tuple(window for layer in layers for window in layer.windows)

    def __call__(self, x: jax.Array) -> jax.Array:
        for layer in self.layers:
            x = layer(x)
        return x


class ConvolutionBlock(nnx.Module):
    """A convolution, its normalization, and its activation where it does not end in a sum."""

    def __init__(self, inputs: int, outputs: int, window: Window, style: Architecture, *, rngs: nnx.Rngs):
        # A normalization takes the mean away, and a bias with it, and brings a bias of its own.
        bias, dtype = style.norm == "none", jnp.dtype(style.dtype)
        self.convolution = Convolution(inputs, outputs, window, bias=bias, dtype=dtype, rngs=rngs)
        self.norm = Norm(style.norm, outputs, rngs=rngs)
        self.activation = activation(style.activation)
        self.windows = (window,)

    def __call__(self, x: jax.Array, *, active: bool = True) -> jax.Array:
        x = self.norm(self.convolution(x))
        return self.activation(x) if active else x

    def start_at_zero(self) -> None:
        """Set the factor before the block's bias to zero: the norm's scale, or else the kernel."""
        factor = self.norm.scale or self.convolution.kernel
        factor.set_value(jnp.zeros_like(factor[...]))


class ResidualBlock(nnx.Module):
    """Convolutions whose result is added to their input, then activated.

    Reference: He et al., "Deep Residual Learning for Image Recognition", 2015, arXiv:1512.03385,
    figures 2 and 5. Unlike there, the branch starts at zero, so that a network of any depth begins
    as a shallow one (Goyal et al. 2017, arXiv:1706.02677, section 5.1).
    """

    def __init__(
        self,
        channels: Sequence[int],
        windows: Sequence[Window],
        style: Architecture,
        *,
        projected: bool,
        rngs: nnx.Rngs,
    ):
        """Build a block.

        Args:
            channels: of the input, and behind each convolution.
            windows: of the convolutions.
            style: normalization, activation and type.
            projected: whether a shortcut to other sizes is a 1×1 convolution (kind B of section
                3.3) or every n-th position, filled up with channels of zeros (kind A).
            rngs: for the initial weights.
        """
        self.windows = tuple(windows)
        shapes = zip(channels[:-1], channels[1:], windows, strict=True)
        self.branch = nnx.List([ConvolutionBlock(*shape, style, rngs=rngs) for shape in shapes])
        self.branch[-1].start_at_zero()
        self.stride = max(window.stride for window in windows)
        self.added = channels[-1] - channels[0]
        self.shortcut = nnx.data(None)
        if projected and (self.stride > 1 or self.added):
            self.shortcut = ConvolutionBlock(channels[0], channels[-1], Window(1, self.stride), style, rngs=rngs)
        self.activation = activation(style.activation)

    def __call__(self, x: jax.Array) -> jax.Array:
        if self.shortcut is None:
            kept = jnp.pad(x[:, :: self.stride, :: self.stride], [(0, 0)] * 3 + [(0, self.added)])
        else:
            kept = self.shortcut(x, active=False)
        for number, convolution in enumerate(self.branch, start=1):
            x = convolution(x, active=number < len(self.branch))
        return self.activation(kept + x)


class ConvNextBlock(nnx.Module):
    """A wide convolution of each channel by itself, and a network for each position, added to the input.

    Reference: Liu et al., "A ConvNet for the 2020s", 2022, arXiv:2201.03545, figure 4, and table 5
    for the initial values.
    """

    def __init__(self, channels: int, style: Architecture, *, rngs: nnx.Rngs):
        dtype, start = jnp.dtype(style.dtype), truncated_normal(0.02)
        window = Window(7, padding=3)
        self.windows = (window,)
        self.convolution = Convolution(channels, channels, window, groups=channels, dtype=dtype, rngs=rngs)
        self.norm = Norm(style.norm, channels, rngs=rngs)
        self.expand = nnx.Linear(channels, 4 * channels, dtype=dtype, kernel_init=start, rngs=rngs)
        self.activation = activation(style.activation)
        self.contract = nnx.Linear(4 * channels, channels, dtype=dtype, kernel_init=start, rngs=rngs)
        self.scale = nnx.Param(jnp.full([channels], 1e-6))

    def __call__(self, x: jax.Array) -> jax.Array:
        branch = self.contract(self.activation(self.expand(self.norm(self.convolution(x)))))
        return x + self.scale[...].astype(x.dtype).reshape(1, 1, 1, -1) * branch
