import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dlcli.nn.convolution import Convolution
from dlcli.nn.receptive_field import Window

# Small windows with one and with several channels, a large one, and a grouped convolution.
CASES = [
    (1, 1, Window(3, 1, 1)),
    (2, 1, Window(4, 3)),
    (6, 1, Window(3, 2, 1)),
    (6, 3, Window(3, 1, 1)),
]


@pytest.mark.parametrize(("inputs", "groups", "window"), CASES)
def test_values_and_gradients_are_those_of_flax(inputs, groups, window):
    ours = Convolution(inputs, 6, window, groups=groups, rngs=nnx.Rngs(0))
    side, stride = (window.kernel,) * 2, window.stride
    theirs = nnx.Conv(inputs, 6, side, stride, padding=window.padding, feature_group_count=groups, rngs=nnx.Rngs(1))
    x = jax.random.normal(jax.random.key(0), [2, 7, 8, inputs])

    @nnx.jit
    def run(layer, x, kernel):
        def energy(layer, x):
            y = layer(x)
            return (y**2).sum(), y

        layer.kernel[...], layer.bias[...] = kernel, jnp.arange(6.0)
        (_, y), gradients = nnx.value_and_grad(energy, argnums=(0, 1), has_aux=True)(layer, x)
        return [y, *jax.tree.leaves(gradients)]

    pairs = zip(run(ours, x, ours.kernel[...]), run(theirs, x, ours.kernel[...]), strict=True)
    for mine, flax in pairs:
        np.testing.assert_allclose(mine, flax, rtol=1e-4, atol=1e-3)


def test_the_initial_variance_of_the_kernel_is_two_over_fan_in():
    layer = Convolution(32, 64, Window(3), rngs=nnx.Rngs(0))
    np.testing.assert_allclose(layer.kernel[...].var(), 2 / (9 * 32), rtol=0.05)
    assert not layer.bias[...].any()


def test_bfloat16_applies_to_feature_maps_but_not_to_parameters():
    layer = Convolution(1, 2, Window(3), dtype=jnp.bfloat16, rngs=nnx.Rngs(0))
    assert layer(jnp.ones([1, 5, 5, 1])).dtype == jnp.bfloat16
    assert layer.kernel[...].dtype == layer.bias[...].dtype == jnp.float32


def test_groups_that_do_not_divide_the_channels_are_refused():
    with pytest.raises(ValueError, match="groups must divide the input and output channels, got groups=2 for 3 and 4"):
        Convolution(3, 4, Window(3), groups=2, rngs=nnx.Rngs(0))
