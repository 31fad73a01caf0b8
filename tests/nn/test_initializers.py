import jax
import numpy as np
import pytest

from dlcli.nn import initializers

KEY = jax.random.key(3)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (initializers.he_normal(), jax.nn.initializers.he_normal()),
        (initializers.truncated_normal(0.02), jax.nn.initializers.truncated_normal(0.02)),
        (initializers.normal(0.02), jax.nn.initializers.normal(0.02)),
    ],
    ids=["he", "truncated", "normal"],
)
@pytest.mark.parametrize("shape", [(6, 4), (3, 2, 4)])
def test_the_values_are_those_of_jax(ours, theirs, shape):
    np.testing.assert_allclose(ours(KEY, shape), theirs(KEY, shape), rtol=1e-5)


def test_xavier_draws_uniformly_between_the_bounds_of_its_fans():
    drawn = initializers.xavier_uniform()(KEY, (200, 100))
    bound = (6 / 300) ** 0.5
    assert 0.99 * bound < abs(drawn).max() <= bound
    np.testing.assert_allclose(drawn.std(), bound / 3**0.5, rtol=0.02)
