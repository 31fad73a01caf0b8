import numpy as np
import pytest
from sklearn.decomposition import PCA

from dlcli.metrics.projection import principal_components


@pytest.fixture
def vectors():
    return np.random.default_rng(0).normal(size=[40, 6]) * [5, 3, 1, 0.5, 0.2, 0.1] + 7


@pytest.mark.parametrize("count", [2, 3])
def test_the_projection_is_that_of_scikit_learn(vectors, count):
    found, expected = principal_components(vectors, count), PCA(count, svd_solver="full").fit(vectors)
    np.testing.assert_allclose(np.abs(found.components), np.abs(expected.components_), atol=1e-8)
    np.testing.assert_allclose(found.explained, expected.explained_variance_ratio_)
    np.testing.assert_allclose(np.abs(found.positions), np.abs(expected.transform(vectors)), atol=1e-8)


def test_the_inverse_returns_vectors_of_a_plane():
    plane = np.random.default_rng(1).normal(size=[20, 2]) @ np.random.default_rng(2).normal(size=[2, 5]) + 3
    found = principal_components(plane)
    np.testing.assert_allclose(found.inverse(found.positions), plane)


def test_one_feature_has_a_second_component_of_zeros():
    found = principal_components(np.arange(5.0)[:, None])
    assert found.positions[:, 1] == pytest.approx(np.zeros(5))
    assert found.explained == pytest.approx([1, 0])


def test_equal_vectors_have_no_variance():
    assert principal_components(np.ones([3, 4])).explained == pytest.approx([0, 0])
