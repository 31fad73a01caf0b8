import jax
import numpy as np
import pytest

from dlcli.nn import initial

KEY = jax.random.key(3)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (initial.he_normal(), jax.nn.initializers.he_normal()),
        (initial.lecun_normal(), jax.nn.initializers.lecun_normal()),
        (initial.truncated_normal(0.02), jax.nn.initializers.truncated_normal(0.02)),
    ],
    ids=["he", "lecun", "truncated"],
)
@pytest.mark.parametrize("shape", [(6, 4), (3, 2, 4)])
def test_the_numbers_are_those_of_jax(ours, theirs, shape):
    np.testing.assert_allclose(ours(KEY, shape), theirs(KEY, shape), rtol=1e-5)
