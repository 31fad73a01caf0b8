import itertools

import numpy as np
import pytest

from dlcli.metrics.kernel_distance import kernel_distance, squared_mmd


def features(seed, count, shift=0.0):
    return np.random.default_rng(seed).normal(shift, 1.0, [count, 5])


def test_the_estimate_is_the_mean_over_pairs_without_those_of_an_image_with_itself():
    x, y = features(0, 4), features(1, 3, shift=1.0)

    def kernel(a, b):
        return (a @ b / 5 + 1) ** 3

    within_x = np.mean([kernel(a, b) for a, b in itertools.permutations(x, 2)])
    within_y = np.mean([kernel(a, b) for a, b in itertools.permutations(y, 2)])
    between = np.mean([kernel(a, b) for a in x for b in y])
    assert squared_mmd(x, y) == pytest.approx(within_x + within_y - 2 * between)


def test_the_estimate_is_unbiased_for_equal_distributions():
    values = [squared_mmd(features(seed, 30), features(seed + 1_000, 30)) for seed in range(300)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values))


def test_a_shifted_distribution_is_farther_than_its_own_samples():
    real = features(0, 400)
    same, shifted = (kernel_distance(features(1, 300, shift), real) for shift in (0.0, 1.0))
    assert abs(same["value"]) < 0.3 < shifted["value"]
    assert same["subset_size"] == 150
    assert same["n"] == [300, 400]
    assert same["std"] > 0


def test_the_distance_is_reproducible():
    assert kernel_distance(features(0, 20), features(1, 20)) == kernel_distance(features(0, 20), features(1, 20))
