import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dlcli.nn.image_stages import fold_patches, unfold_patches
from dlcli.nn.unet import PointMLP, SelfAttention, UNet, UNetConfig, _upsample_nearest


def config(image=(5, 6, 1), **changes):
    small = {"channels": 4, "stages": 2, "blocks": 1, "attention": True, "classes": 3, "dtype": "float32"}
    return UNetConfig(image, **{**small, **changes})


# Compiled as a whole, which takes less time than compiling each operation.
predict = nnx.jit(lambda network, *given: network(*given))


def perturbed(network, seed=0):
    """Perturb all parameters, so that the layers that start at zero have an effect."""
    state = nnx.state(network, nnx.Param)
    leaves, tree = jax.tree.flatten(state)
    random = np.random.default_rng(seed)
    moved = [leaf + 0.1 * random.standard_normal(leaf.shape).astype(np.float32) for leaf in leaves]
    nnx.update(network, jax.tree.unflatten(tree, moved))
    return network


@pytest.fixture(scope="module")
def network():
    return perturbed(UNet(config(), rngs=nnx.Rngs(0)))


def images(count=2, image=(5, 6, 1), seed=0):
    return jnp.asarray(np.random.default_rng(seed).standard_normal([count, *image]), jnp.float32)


def test_an_untrained_unet_returns_zeros():
    assert not predict(UNet(config(), rngs=nnx.Rngs(0)), images(), jnp.array([0.1, 0.9])).any()


def test_an_untrained_mlp_returns_zeros():
    points = PointMLP(8, 2, dtype="float32", rngs=nnx.Rngs(0))
    assert not predict(points, jnp.ones([3, 2]), jnp.full([3], 0.5)).any()


@pytest.mark.parametrize("image", [(5, 6, 1), (7, 3, 3)])
def test_images_of_odd_sides_keep_their_shape(image):
    network = UNet(config(image, stages=2, attention=False), rngs=nnx.Rngs(0))
    assert jax.eval_shape(network, images(2, image), jnp.zeros(2)).shape == (2, *image)


@pytest.mark.parametrize("image", [(5, 6, 1), (4, 7, 3)])
def test_patches_fold_into_channels_and_back(image):
    whole = images(2, image)
    folded = fold_patches(whole, 2)
    assert folded.shape == (2, -(-image[0] // 2), -(-image[1] // 2), 4 * image[2])
    np.testing.assert_array_equal(folded[1, 1, 1], whole[1, 2:4, 2:4].reshape(-1))
    np.testing.assert_array_equal(unfold_patches(folded, 2, image[:2]), whole)


@pytest.mark.parametrize("image", [(5, 6, 1), (7, 4, 3)])
def test_a_network_of_patches_returns_images_of_any_size_from_fewer_positions(image):
    network = perturbed(UNet(config(image, patch=2), rngs=nnx.Rngs(0)))
    out = predict(network, images(2, image), jnp.array([0.1, 0.9]))
    assert out.shape == (2, *image)
    assert network.conv_in.kernel.shape[2] == network.conv_out.kernel.shape[3] == 4 * image[2]
    assert all(float(jnp.std(out[:, row::2, column::2])) > 1e-3 for row in (0, 1) for column in (0, 1))


def test_predictions_do_not_depend_on_the_rest_of_the_batch(network):
    x, time, label = images(3), jnp.array([0.1, 0.5, 0.9]), jnp.array([0, 1, 2])
    together = predict(network, x, time, label)
    np.testing.assert_allclose(predict(network, x[1:2], time[1:2], label[1:2]), together[1:2], atol=1e-5)


def test_predictions_depend_on_time_as_well_as_class(network):
    x = jnp.tile(images(1), (4, 1, 1, 1))
    base, other_class, no_class, later = predict(network, x, jnp.array([0.2, 0.2, 0.2, 0.7]), jnp.array([0, 1, 3, 0]))
    assert min(float(jnp.abs(base - each).max()) for each in (other_class, no_class, later)) > 1e-3


def test_no_label_is_the_row_after_the_last_class(network):
    x, time = images(), jnp.array([0.3, 0.6])
    np.testing.assert_allclose(predict(network, x, time), predict(network, x, time, jnp.array([3, 3])), atol=1e-6)


def test_attention_is_equivariant_to_permutations_of_positions():
    attention = perturbed(SelfAttention(8, dtype=jnp.float32, rngs=nnx.Rngs(0)))
    x = images(1, (2, 3, 8))
    order = np.array([3, 1, 5, 0, 4, 2])
    permuted = x.reshape(1, 6, 8)[:, order].reshape(x.shape)
    expected = attention(x).reshape(1, 6, 8)[:, order].reshape(x.shape)
    np.testing.assert_allclose(attention(permuted), expected, atol=1e-5)


def test_upsampling_repeats_pixels_before_it_crops():
    x = jnp.arange(4.0).reshape(1, 2, 2, 1)
    expected = [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3]]
    np.testing.assert_array_equal(_upsample_nearest(x, (1, 3, 4, 1))[0, :, :, 0], expected)


def test_images_too_small_for_the_stages_are_refused():
    with pytest.raises(ValueError, match="at least 8 pixels a side"):
        config((7, 9, 1), stages=4)
    with pytest.raises(ValueError, match="2 --stages of --patch-size 4 need images of at least 8 pixels a side"):
        config((7, 9, 1), patch=4)


def test_bfloat16_applies_to_activations_but_not_to_predictions():
    network = perturbed(UNet(config(dtype="bfloat16"), rngs=nnx.Rngs(0)))
    full = perturbed(UNet(config(), rngs=nnx.Rngs(0)))
    half, exact = (predict(each, images(), jnp.array([0.3, 0.6])) for each in (network, full))
    assert half.dtype == jnp.float32
    assert 0 < float(jnp.abs(half - exact).max()) < 0.2 * float(jnp.abs(exact).max())


def test_attention_follows_each_block_of_the_lowest_resolutions():
    network = nnx.eval_shape(lambda: UNet(config((8, 8, 1), stages=3, blocks=2, attention_stages=2), rngs=nnx.Rngs(0)))
    assert set(network.down_attention) == set(network.up_attention) == {"1", "2"}
    assert [len(network.up_attention[stage]) for stage in ("1", "2")] == [2, 2]
    with pytest.raises(ValueError, match="4 --attention-stages need as many --stages, got 3"):
        config((8, 8, 1), stages=3, attention_stages=4)


def test_attention_in_the_decoder_changes_the_prediction():
    with_it = perturbed(UNet(config(attention_stages=1), rngs=nnx.Rngs(0)))
    x, time = images(), jnp.array([0.1, 0.9])
    before = predict(with_it, x, time)
    layer = with_it.up_attention["1"][0]
    layer.out.kernel.set_value(jnp.zeros_like(layer.out.kernel[...]))
    assert not np.allclose(before, predict(with_it, x, time))
