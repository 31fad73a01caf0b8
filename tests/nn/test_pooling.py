import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dlcli.nn.pooling import POOLS, Pool, average_pool, max_pool, stride_pool

REFERENCES = {
    "max": lambda x: nnx.max_pool(x, (2, 2), (2, 2)),
    "average": lambda x: nnx.avg_pool(x, (2, 2), (2, 2)),
    "stride": lambda x: nnx.max_pool(x, (1, 1), (2, 2)),
}


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("size", [(4, 6), (5, 7)])
def test_values_and_gradients_are_those_of_flax(name, size):
    x, weights = np.random.default_rng(0).standard_normal([2, 3, *size, 3], dtype=np.float32)

    @jax.jit
    def of_both(x, weights):
        (ours, gradient), (theirs, expected) = jax.vjp(Pool(name), x), jax.vjp(REFERENCES[name], x)
        cotangent = weights[:, : ours.shape[1], : ours.shape[2]]
        return (ours, *gradient(cotangent)), (theirs, *expected(cotangent))

    for mine, flax in zip(*of_both(x, weights), strict=True):
        np.testing.assert_array_equal(mine, flax)


def test_among_equal_maxima_the_gradient_goes_to_the_first():
    blocks = jnp.array([[1, 1, 1, 1], [0, 2, 2, 2], [0, 0, 3, 3]], jnp.float32)
    gradient = jax.jit(jax.grad(lambda x: max_pool(x).sum()))(blocks.reshape(3, 2, 2, 1))
    np.testing.assert_array_equal(gradient.reshape(3, 4), [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])


def test_pooling_returns_the_maximum_the_mean_or_the_corner_of_a_block():
    x = jnp.array([1.0, 2.0, 3.0, 6.0]).reshape(1, 2, 2, 1)
    assert (max_pool(x).item(), average_pool(x).item(), stride_pool(x).item()) == (6.0, 3.0, 1.0)


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("size", [4, 5])
def test_the_window_gives_the_output_size(name, size):
    pool = Pool(name)
    pooled = jax.eval_shape(pool, jnp.zeros([1, size, size, 1]))
    assert pooled.shape[1] == pool.windows[0].output(size)


def test_an_unknown_pooling_is_refused():
    with pytest.raises(ValueError, match="one of max, average, stride, got 'median'"):
        Pool("median")
