"""Convolution of activation maps.

Axes: batch, height, width, channel.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.nn.initial import he_normal
from dlcli.nn.receptive_field import Window

_FEW = 32  # numbers in a window, up to which a product of patches takes the CPU less time than a convolution


class Convolution(nnx.Module):
    """Slides a window over activation maps; each output channel is one filter.

    The weights start normal with variance 2 / inputs of a unit, which keeps the variance of ReLU
    activations from layer to layer (He et al., "Delving Deep into Rectifiers", 2015,
    arXiv:1502.01852, eq. 10); the biases start at zero.

    Attributes:
        kernel: the filters, float32 [height, width, input / groups, output].
        windows: the one window.
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
            raise ValueError(f"groups must divide both channels, got groups={groups} of {inputs} to {outputs} channels")
        self.windows = (window,)
        self.groups = groups
        self.dtype = jnp.dtype(dtype)
        shape = window.kernel, window.kernel, inputs // groups, outputs
        self.kernel = nnx.Param(he_normal()(rngs.params(), shape, jnp.float32))
        self.bias = nnx.data(nnx.Param(jnp.zeros([outputs])) if bias else None)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Map [batch, height, width, input] to [batch, height', width', output], in the layer's type."""
        x, kernel = x.astype(self.dtype), self.kernel[...].astype(self.dtype)
        if self.groups == 1 and kernel[..., 0].size <= _FEW:
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
        """Do as `_convolve` by one product with all windows.

        XLA on the CPU computes the gradient of a kernel as a convolution of transposed copies; for
        the few channels of an image this product takes half the time (16 against 9 ms of CPU time
        for the value and the gradient at 128×28×28×1, 3×3, 32 filters).
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
