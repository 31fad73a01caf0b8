import numpy as np
import pytest

from dlcli.optim.directions import coordinates, filter_normalized, flat, principal, unflat


@pytest.fixture
def weights():
    random = np.random.default_rng(0)
    return {
        "conv/kernel": random.normal(size=[3, 3, 2, 4]).astype(np.float32),
        "tokens/embedding": random.normal(size=[5, 3]).astype(np.float32),
        "conv/bias": np.ones(4, np.float32),
    }


def test_each_filter_of_a_direction_has_the_norm_of_the_filter_of_the_weights(weights):
    found = filter_normalized(weights, 0, 0)
    kernel, given = found["conv/kernel"], weights["conv/kernel"]
    np.testing.assert_allclose(
        np.linalg.norm(kernel.reshape(-1, 4), axis=0), np.linalg.norm(given.reshape(-1, 4), axis=0), rtol=1e-5
    )
    rows = np.linalg.norm(found["tokens/embedding"], axis=1)
    np.testing.assert_allclose(rows, np.linalg.norm(weights["tokens/embedding"], axis=1), rtol=1e-5)


def test_biases_do_not_move(weights):
    assert not filter_normalized(weights, 0, 0)["conv/bias"].any()


def test_directions_of_different_numbers_differ(weights):
    one, two = (flat(filter_normalized(weights, 0, number)) for number in (0, 1))
    assert abs(one @ two) < 0.5 * np.linalg.norm(one) * np.linalg.norm(two)


def test_a_direction_scales_with_the_weights(weights):
    twice = {name: 2 * each for name, each in weights.items()}
    np.testing.assert_allclose(flat(filter_normalized(twice, 3, 1)), 2 * flat(filter_normalized(weights, 3, 1)))


def test_principal_components_span_a_path_in_a_plane(weights):
    one, two = (filter_normalized(weights, 0, number) for number in (0, 1))
    places = [(0.3, 0.1), (0.5, -0.4), (1.0, 0.2), (0.1, 0.9)]
    others = [{name: weights[name] + a * one[name] + b * two[name] for name in weights} for a, b in places]
    found, explained = principal(weights, others, 2)
    basis = np.stack([flat(each) for each in found])
    np.testing.assert_allclose(basis @ basis.T, np.eye(2), atol=1e-5)
    assert sum(explained) == pytest.approx(1)
    assert all(coordinates(weights, each, found)[1] < 1e-5 for each in others)


def test_coordinates_of_a_point_of_the_plane_are_its_own(weights):
    chosen = [filter_normalized(weights, 0, number) for number in (0, 1)]
    other = {name: each + 0.7 * chosen[0][name] - 0.2 * chosen[1][name] for name, each in weights.items()}
    found, left = coordinates(weights, other, chosen)
    assert found == pytest.approx([0.7, -0.2], abs=1e-5)
    assert left < 1e-5


def test_unflat_inverts_flat(weights):
    again = unflat(flat(weights), weights)
    assert {name: each.dtype for name, each in again.items()} == {name: each.dtype for name, each in weights.items()}
    for name, each in weights.items():
        np.testing.assert_array_equal(again[name], each)
