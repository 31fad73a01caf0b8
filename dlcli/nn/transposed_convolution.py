"""Transposed convolution, which doubles the height and width of feature maps.

Axes: batch, height, width, channel.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.nn.initializers import he_normal


class TransposedConvolution(nnx.Module):
    """A transposed convolution of 4×4 with stride 2 and without bias, as in DCGAN's generator.

    Each output pixel depends on 2×2 input pixels, so the outputs at even and odd positions are four convolutions of
    2×2. They are computed as one matrix product with all 2×2 windows: on the CPU, XLA's gradients of the transposed
    convolution itself take ten times as long.

    Reference: Radford, Metz and Chintala, "Unsupervised Representation Learning with DCGAN", 2015,
    arXiv:1511.06434, figure 1.

    Attributes:
        kernel: float32 [position in the 2×2 window, input, position in the 2×2 output block, output]; both positions
            are in row-major order.
    """

    def __init__(self, inputs: int, outputs: int, *, dtype: jnp.dtype = jnp.float32, rngs: nnx.Rngs):
        self.dtype = jnp.dtype(dtype)
        kernel = he_normal()(rngs.params(), (4 * inputs, 4 * outputs), jnp.float32)
        self.kernel = nnx.Param(kernel.reshape(4, inputs, 4, outputs))

    def __call__(self, x: jax.Array) -> jax.Array:
        """Map [batch, height, width, input] to [batch, 2 · height, 2 · width, output], in the layer's dtype."""
        batch, height, width, _ = x.shape
        padded = jnp.pad(x.astype(self.dtype), [(0, 0), (1, 1), (1, 1), (0, 0)])
        windows = jnp.concatenate(
            [padded[:, row : row + height + 1, column : column + width + 1] for row in (0, 1) for column in (0, 1)],
            axis=-1,
        )
        kernel = self.kernel[...].astype(self.dtype)
        y = windows @ kernel.reshape(windows.shape[-1], -1)
        y = y.reshape(batch, height + 1, width + 1, 2, 2, -1)
        rows = [
            jnp.stack([y[:, row : row + height, column : column + width, row, column] for column in (0, 1)], axis=3)
            for row in (0, 1)
        ]  # each [batch, height, width, 2, channel]
        return jnp.stack(rows, axis=2).reshape(batch, 2 * height, 2 * width, -1)
