import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.nn.upsampling import Upsample


def test_it_is_a_transposed_convolution_of_4_by_4_with_stride_2():
    layer = Upsample(3, 2, rngs=nnx.Rngs(0))
    x = jax.random.normal(jax.random.key(1), [2 * 5 * 4 * 3]).reshape(2, 5, 4, 3)
    kernel = np.zeros([4, 4, 3, 2], np.float32)
    for window_row, window_column, row, column in np.ndindex(2, 2, 2, 2):
        # Window w and place p of an axis meet at tap 2w + p of the kernel.
        tap = 2 * window_row + row, 2 * window_column + column
        kernel[tap] = layer.kernel[2 * window_row + window_column, :, 2 * row + column]
    expected = jax.lax.conv_general_dilated(
        x, kernel, (1, 1), [(2, 2), (2, 2)], lhs_dilation=(2, 2), dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    np.testing.assert_allclose(layer(x), expected, atol=1e-5)


def test_its_result_has_the_type_of_the_layer():
    layer = Upsample(1, 1, dtype=jnp.bfloat16, rngs=nnx.Rngs(0))
    assert layer(jnp.ones([1, 2, 3, 1])).shape == (1, 4, 6, 1)
    assert layer(jnp.ones([1, 2, 3, 1])).dtype == jnp.bfloat16
