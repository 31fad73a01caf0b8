import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dlcli.nn.unet import Attention, PointNetwork, Shape, UNet, _doubled


def shape(image=(5, 6, 1), **changes):
    usual = {"channels": 4, "stages": 2, "blocks": 1, "attention": True, "classes": 3, "dtype": "float32"}
    return Shape(image, **{**usual, **changes})


# Compiled as a whole, which takes less time than each operation by itself.
look = nnx.jit(lambda network, *given: network(*given))


def stirred(network, seed=0):
    """Give the layers that start at zero other weights, so that every part counts."""
    state = nnx.state(network, nnx.Param)
    leaves, tree = jax.tree.flatten(state)
    random = np.random.default_rng(seed)
    moved = [leaf + 0.1 * random.standard_normal(leaf.shape).astype(np.float32) for leaf in leaves]
    nnx.update(network, jax.tree.unflatten(tree, moved))
    return network


@pytest.fixture(scope="module")
def network():
    return stirred(UNet(shape(), rngs=nnx.Rngs(0)))


def images(count=2, image=(5, 6, 1), seed=0):
    return jnp.asarray(np.random.default_rng(seed).standard_normal([count, *image]), jnp.float32)


def test_an_untrained_network_says_nothing_of_images_and_of_points():
    assert not look(UNet(shape(), rngs=nnx.Rngs(0)), images(), jnp.array([0.1, 0.9])).any()
    points = PointNetwork(8, 2, dtype="float32", rngs=nnx.Rngs(0))
    assert not look(points, jnp.ones([3, 2]), jnp.full([3], 0.5)).any()


@pytest.mark.parametrize("image", [(5, 6, 1), (7, 3, 3)])
def test_images_of_odd_sides_keep_their_shape(image):
    network = UNet(shape(image, stages=2, attention=False), rngs=nnx.Rngs(0))
    assert jax.eval_shape(network, images(2, image), jnp.zeros(2)).shape == (2, *image)


def test_every_example_is_looked_at_by_itself(network):
    x, time, label = images(3), jnp.array([0.1, 0.5, 0.9]), jnp.array([0, 1, 2])
    together = look(network, x, time, label)
    np.testing.assert_allclose(look(network, x[1:2], time[1:2], label[1:2]), together[1:2], atol=1e-5)


def test_time_and_class_change_what_the_network_says(network):
    x = jnp.tile(images(1), (4, 1, 1, 1))
    said = look(network, x, jnp.array([0.2, 0.2, 0.2, 0.7]), jnp.array([0, 1, 3, 0]))
    usual, other, free, later = said
    assert min(float(jnp.abs(usual - each).max()) for each in (other, free, later)) > 1e-3


def test_no_class_is_the_one_behind_the_last(network):
    x, time = images(), jnp.array([0.3, 0.6])
    np.testing.assert_allclose(look(network, x, time), look(network, x, time, jnp.array([3, 3])), atol=1e-6)


def test_attention_does_not_depend_on_where_positions_lie():
    attention = stirred(Attention(8, dtype=jnp.float32, rngs=nnx.Rngs(0)))
    x = images(1, (2, 3, 8))
    order = np.array([3, 1, 5, 0, 4, 2])
    moved = x.reshape(1, 6, 8)[:, order].reshape(x.shape)
    expected = attention(x).reshape(1, 6, 8)[:, order].reshape(x.shape)
    np.testing.assert_allclose(attention(moved), expected, atol=1e-5)


def test_doubling_repeats_pixels_and_cuts_to_the_size_asked_for():
    x = jnp.arange(4.0).reshape(1, 2, 2, 1)
    np.testing.assert_array_equal(_doubled(x, (1, 3, 4, 1))[0, :, :, 0], [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3]])


def test_more_stages_than_the_image_has_halves_are_refused():
    with pytest.raises(ValueError, match="8 pixels a side"):
        shape((7, 9, 1), stages=4)


def test_half_precision_reaches_the_activations_and_not_the_result():
    network = stirred(UNet(shape(dtype="bfloat16"), rngs=nnx.Rngs(0)))
    full = stirred(UNet(shape(), rngs=nnx.Rngs(0)))
    said, exact = (look(each, images(), jnp.array([0.3, 0.6])) for each in (network, full))
    assert said.dtype == jnp.float32
    assert 0 < float(jnp.abs(said - exact).max()) < 0.2 * float(jnp.abs(exact).max())
