"""Convolution of feature maps.

Axes: batch, height, width, channel.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.nn.initializers import he_normal
from dlcli.nn.receptive_field import Window

# Largest number of inputs per window for which, on the CPU, a product with patches is faster than a convolution.
_MAX_PATCH_INPUTS = 32


class Convolution(nnx.Module):
    """A 2-D convolution; each output channel is one filter.

    The kernel is initialized with variance 2 / fan-in, which preserves the variance of ReLU activations from layer
    to layer (He et al., "Delving Deep into Rectifiers", 2015, arXiv:1502.01852, eq. 10), and the bias with zeros.

    Attributes:
        kernel: the filters, float32 [height, width, input / groups, output].
        windows: the sliding window of the layer, a tuple of one.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        window: Window,
        *,
        groups: int = 1,
        bias: bool = True,
        dtype: jnp.dtype = jnp.float32,
        rngs: nnx.Rngs,
    ):
        if inputs % groups or outputs % groups:
            raise ValueError(
                f"groups must divide the input and output channels, got groups={groups} for {inputs} and {outputs}"
            )
        self.windows = (window,)
        self.groups = groups
        self.dtype = jnp.dtype(dtype)
        shape = window.kernel, window.kernel, inputs // groups, outputs
        self.kernel: nnx.Variable = nnx.Param(he_normal()(rngs.params(), shape, jnp.float32))
        self.bias = nnx.data(nnx.Param(jnp.zeros([outputs])) if bias else None)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Map [batch, height, width, input] to [batch, height', width', output], in the layer's dtype."""
        x, kernel = x.astype(self.dtype), self.kernel[...].astype(self.dtype)
        if self.groups == 1 and kernel[..., 0].size <= _MAX_PATCH_INPUTS:
            y = jax.lax.platform_dependent(x, kernel, cpu=self._multiply_patches, default=self._convolve)
        else:
            y = self._convolve(x, kernel)
        return y if self.bias is None else y + self.bias[...].astype(self.dtype).reshape(1, 1, 1, -1)

    def _convolve(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        (window,) = self.windows
        return jax.lax.conv_general_dilated(
            x,
            kernel,
            (window.stride, window.stride),
            [(window.padding, window.padding)] * 2,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=self.groups,
        )

    def _multiply_patches(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """Compute the same as `_convolve` as one matrix product with all windows (im2col).

        On the CPU, XLA computes the gradient of a kernel as a convolution of transposed copies. For the few channels
        of an image this product takes about half the time: 9 instead of 16 ms of CPU time for the value and the
        gradient at 128×28×28×1, 3×3, 32 filters.
        """
        (window,) = self.windows
        stride = window.stride
        height, width = (window.output(size) for size in x.shape[1:3])
        padding = [(0, 0), (0, 0), *[(window.padding, window.padding)] * 2]
        planes = jnp.pad(x.transpose(3, 0, 1, 2), padding)  # [input, batch, height, width]
        patches = jnp.stack(
            [
                planes[:, :, row : row + stride * height : stride, column : column + stride * width : stride]
                for row in range(window.kernel)
                for column in range(window.kernel)
            ]
        )  # [window, input, batch, height, width]
        weights = kernel.reshape(window.kernel**2, *kernel.shape[2:])
        return jnp.einsum("kibhw,kio->bhwo", patches, weights)
