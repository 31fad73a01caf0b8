import jax
import jax.numpy as jnp
import numpy as np
import pytest
from optax import contrib

from dlcli.optim.newton_schulz import orthogonalize


def matrix(rows, columns, smallest):
    """A matrix with singular values from 1 down to `smallest`."""
    random, rank = np.random.default_rng(rows), min(rows, columns)
    left, right = (np.linalg.qr(random.normal(size=[side, rank]))[0] for side in (rows, columns))
    return jnp.asarray((left * np.geomspace(1, smallest, rank)) @ right.T, jnp.float32)


def reference(given):
    """The same by optax, iteration by iteration on the whole matrix."""
    axes = {"kernel": contrib.MuonDimensionNumbers((0,), 1)}
    rule = contrib.scale_by_muon(beta=0.0, nesterov=False, weight_dimension_numbers=axes)
    return rule.update({"kernel": given}, rule.init({"kernel": given}))[0]["kernel"]


@pytest.mark.parametrize("smallest", [0.1, 1e-3, 1e-6])
@pytest.mark.parametrize("shape", [(24, 96), (96, 24), (40, 40)])
def test_it_is_that_of_iterations_on_the_whole_matrix(shape, smallest):
    given = matrix(*shape, smallest)
    found, expected = (np.asarray(jax.jit(each)(given)) for each in (orthogonalize, reference))
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("shape", [(32, 128), (128, 32)])
def test_singular_values_of_at_least_a_hundredth_come_near_1(shape):
    values = np.linalg.svd(np.asarray(orthogonalize(matrix(*shape, 0.05))))[1]
    assert 0.6 < values.min() <= values.max() < 1.3


def test_the_scale_of_a_kernel_does_not_matter():
    given = matrix(8, 16, 0.2)
    np.testing.assert_allclose(orthogonalize(1e-6 * given), orthogonalize(given), atol=0.02)


def test_zeros_stay_zeros():
    assert not np.asarray(orthogonalize(jnp.zeros([3, 3, 4, 8]))).any()
