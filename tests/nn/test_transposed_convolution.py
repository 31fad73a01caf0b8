import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.nn.transposed_convolution import TransposedConvolution


def test_values_are_those_of_jax_for_a_4_by_4_kernel_with_stride_2():
    layer = TransposedConvolution(3, 2, rngs=nnx.Rngs(0))
    x = jax.random.normal(jax.random.key(1), [2 * 5 * 4 * 3]).reshape(2, 5, 4, 3)
    kernel = np.zeros([4, 4, 3, 2], np.float32)
    for window_row, window_column, row, column in np.ndindex(2, 2, 2, 2):
        # Along an axis, window position w and output position p correspond to kernel index 2w + p.
        index = 2 * window_row + row, 2 * window_column + column
        kernel[index] = layer.kernel[2 * window_row + window_column, :, 2 * row + column]
    expected = jax.lax.conv_general_dilated(
        x, kernel, (1, 1), [(2, 2), (2, 2)], lhs_dilation=(2, 2), dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    np.testing.assert_allclose(layer(x), expected, atol=1e-5)


def test_the_output_has_the_dtype_of_the_layer():
    layer = TransposedConvolution(1, 1, dtype=jnp.bfloat16, rngs=nnx.Rngs(0))
    assert layer(jnp.ones([1, 2, 3, 1])).shape == (1, 4, 6, 1)
    assert layer(jnp.ones([1, 2, 3, 1])).dtype == jnp.bfloat16
