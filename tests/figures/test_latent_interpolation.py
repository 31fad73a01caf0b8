import numpy as np
import pytest

from dlcli import figures
from dlcli.figures.latent_interpolation import spherical
from dlcli.figures.options.generative import LatentInterpolation

WEIGHTS = np.linspace(0, 1, 7)


def test_an_interpolation_keeps_the_norm_of_its_ends():
    start, end = (np.random.default_rng(seed).normal(size=64) for seed in (0, 1))
    end *= np.linalg.norm(start) / np.linalg.norm(end)
    path = spherical(start, end, WEIGHTS)
    np.testing.assert_allclose(path[[0, -1]], [start, end], atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), np.linalg.norm(start))


def test_steps_have_equal_angles():
    path = spherical(np.array([1.0, 0.0]), np.array([0.0, 1.0]), WEIGHTS)
    np.testing.assert_allclose(np.arctan2(path[:, 1], path[:, 0]), WEIGHTS * np.pi / 2, atol=1e-12)


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_between_parallel_vectors_the_interpolation_is_linear(factor):
    start = np.array([1.0, 2.0])
    np.testing.assert_allclose(
        spherical(start, factor * start, WEIGHTS), np.outer(1 + WEIGHTS * (factor - 1), start), atol=1e-12
    )


def test_samples_have_the_shape_count_by_steps(gan_run):
    numbers = figures.draw("latent-interpolation", LatentInterpolation(run=str(gan_run), count=2, steps=3)).numbers
    assert np.shape(numbers["samples"]) == (2, 3, 8, 8, 1)
    again = figures.draw(
        "latent-interpolation", LatentInterpolation(run=str(gan_run), count=2, steps=3, seed=1)
    ).numbers
    assert numbers["samples"] != again["samples"]
