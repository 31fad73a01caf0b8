import numpy as np
import pytest

from dlcli.optim.lanczos import eigenvalues


@pytest.fixture
def matrix():
    random = np.random.default_rng(0)
    vectors = np.linalg.qr(random.normal(size=[60, 60]))[0]
    return (vectors * np.concatenate([[-4.0], random.uniform(-1, 1, 57), [5.0, 9.0]])) @ vectors.T


def test_all_iterations_give_all_eigenvalues(matrix):
    np.testing.assert_allclose(eigenvalues(matrix.dot, 60, 60), np.linalg.eigvalsh(matrix), atol=1e-10)


def test_a_few_iterations_give_the_outer_eigenvalues(matrix):
    found = eigenvalues(matrix.dot, 60, 14)
    assert found[[0, -2, -1]] == pytest.approx([-4, 5, 9], abs=1e-3)


def test_a_matrix_of_low_rank_ends_the_iteration():
    column = np.arange(1.0, 31.0)
    found = eigenvalues(lambda vector: column * (column @ vector), 30, 30)
    assert len(found) == 2
    assert found == pytest.approx([0, column @ column], abs=1e-6)
