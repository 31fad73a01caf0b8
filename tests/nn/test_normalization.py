import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dlcli.nn.normalization import NORMS, GroupNorm, Norm

MAPS = 5 + 2 * jax.random.normal(jax.random.key(0), [4, 3, 3, 8])


@pytest.mark.parametrize(("name", "axes"), [("batch", (0, 1, 2)), ("group", (1, 2, 3)), ("layer", 3)])
def test_the_normalized_axes_have_mean_zero_with_variance_one(name, axes):
    maps = Norm(name, 1 if name == "group" else 8, rngs=nnx.Rngs(0))(MAPS[..., :1] if name == "group" else MAPS)
    np.testing.assert_allclose(maps.mean(axis=axes), 0, atol=1e-5)
    np.testing.assert_allclose(maps.var(axis=axes), 1, rtol=1e-3)


def test_batch_normalization_evaluates_with_running_averages_of_momentum_nine_tenths():
    norm = Norm("batch", 8, rngs=nnx.Rngs(0))
    norm(MAPS)
    norm.eval()
    mean, variance = 0.1 * MAPS.mean(axis=(0, 1, 2)), 0.9 + 0.1 * MAPS.var(axis=(0, 1, 2))
    one = MAPS[:1, :1, :1]
    expected = (one - mean.reshape(1, 1, 1, -1)) / jnp.sqrt(variance + 1e-5).reshape(1, 1, 1, -1)
    np.testing.assert_allclose(norm(one), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("groups", "shape"), [(4, (4, 3, 3, 8)), (8, (2, 5, 8)), (1, (3, 8)), (2, (2, 2, 3, 2, 8))])
def test_group_normalization_and_its_gradient_are_those_of_flax(groups, shape):
    maps, weights = (jax.random.normal(jax.random.key(seed), shape) for seed in (1, 2))
    layers = [each(8, num_groups=groups, rngs=nnx.Rngs(0)) for each in (GroupNorm, nnx.GroupNorm)]
    for layer in layers:
        layer.scale.set_value(jnp.linspace(0.5, 2, 8))
        layer.bias.set_value(jnp.linspace(-1, 1, 8))

    def value(layer, maps):
        return jnp.sum(weights * layer(maps)), layer(maps)

    found, expected = (nnx.grad(value, argnums=(0, 1), has_aux=True)(layer, 3 + maps) for layer in layers)
    for mine, theirs in zip(*map(jax.tree.leaves, (found, expected)), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4)


def test_the_norm_none_is_the_identity():
    norm = Norm("none", 8, rngs=nnx.Rngs(0))
    assert norm(MAPS) is MAPS
    assert norm.scale is None


@pytest.mark.parametrize("name", sorted(set(NORMS) - {"none"}))
def test_statistics_are_float32_for_bfloat16_activations(name):
    norm = Norm(name, 8, rngs=nnx.Rngs(0))
    # In bfloat16 the squares of these values would lose the variance.
    maps = (MAPS + 200).astype(jnp.bfloat16)
    exact = Norm(name, 8, rngs=nnx.Rngs(0))(maps.astype(jnp.float32))
    assert norm(maps).dtype == jnp.bfloat16
    np.testing.assert_allclose(norm(maps).astype(jnp.float32), exact, rtol=0.01, atol=0.01)


def test_an_unknown_norm_is_refused():
    with pytest.raises(ValueError, match="one of batch, group, layer, none, got 'weight'"):
        Norm("weight", 8, rngs=nnx.Rngs(0))
