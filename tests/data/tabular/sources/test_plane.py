import numpy as np
import pytest

from dlcli.data.tabular.builder import ReadOptions
from dlcli.data.tabular.sources import plane

SETS = ("moons", "circles", "spirals", "xor")


def rows(name, **options):
    return plane.read(name, ReadOptions(**options))[0].parts["train"]


@pytest.mark.parametrize("name", SETS)
def test_the_same_seed_draws_the_same_points(name):
    one, same, other = rows(name), rows(name), rows(name, data_seed=1)
    assert np.array_equal(one.features, same.features)
    assert not np.array_equal(one.features, other.features)


@pytest.mark.parametrize("name", SETS)
def test_half_of_the_points_have_each_class(name):
    assert np.bincount(rows(name, points=500).target).tolist() == [250, 250]


def test_circles_without_noise_have_radius_1_and_one_half():
    found = rows("circles", noise=0.0)
    assert np.hypot(*found.features.T) == pytest.approx(np.where(found.target == 0, 1, 0.5))


def test_xor_without_noise_is_the_exclusive_or_of_the_signs():
    found = rows("xor", noise=0.0)
    assert np.array_equal((found.features > 0).sum(axis=1) == 1, found.target == 1)


@pytest.mark.parametrize("name", SETS)
def test_noise_is_the_standard_deviation_of_the_displacement(name):
    moved = rows(name, noise=0.3, points=4_000).features - rows(name, noise=0.0, points=4_000).features
    assert moved.std() == pytest.approx(0.3, rel=0.05)
