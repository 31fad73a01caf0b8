import numpy as np
import pytest

from dlcli.metrics import manifold
from dlcli.metrics.manifold import on_manifold, precision_recall


def features(seed, count, std=1.0):
    return np.random.default_rng(seed).normal(0, std, [count, 4]).astype(np.float32)


def test_the_manifold_is_the_union_of_the_balls_to_the_third_neighbour(monkeypatch):
    monkeypatch.setattr(manifold, "_ROWS", 7)
    queries, examples = features(0, 40, std=2.0), features(1, 30)
    radii = [sorted(np.linalg.norm(examples - each, axis=1))[3] for each in examples]
    expected = [any(np.linalg.norm(query - examples, axis=1) <= radii) for query in queries]
    np.testing.assert_array_equal(on_manifold(queries, examples), expected)
    assert 0 < sum(expected) < 40


def test_samples_of_one_mode_have_a_high_precision_and_a_low_recall():
    real = np.concatenate([features(0, 200), features(1, 200) + 50])
    found = precision_recall(features(2, 400), real)
    assert found["precision"]["value"] > 0.8
    assert found["recall"]["value"] == pytest.approx(0.5, abs=0.1)
    assert found["recall"]["n"] == 400


def test_samples_far_from_the_data_have_a_low_precision_and_a_high_recall():
    real = features(0, 300)
    found = precision_recall(np.concatenate([features(1, 300), features(2, 300) + 50]), real)
    assert found["precision"]["value"] == pytest.approx(0.45, abs=0.1)
    assert found["recall"]["value"] > 0.8
