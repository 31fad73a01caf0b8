import numpy as np
import pytest

from dlcli import figures
from dlcli.figures.latent_walk import spherical
from dlcli.figures.options.generative import LatentWalk

SHARES = np.linspace(0, 1, 7)


def test_a_walk_begins_and_ends_at_its_ends_and_keeps_their_length():
    start, end = (np.random.default_rng(seed).normal(size=64) for seed in (0, 1))
    end *= np.linalg.norm(start) / np.linalg.norm(end)
    walk = spherical(start, end, SHARES)
    np.testing.assert_allclose(walk[[0, -1]], [start, end], atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(walk, axis=1), np.linalg.norm(start))


def test_steps_are_equally_long():
    walk = spherical(np.array([1.0, 0.0]), np.array([0.0, 1.0]), SHARES)
    np.testing.assert_allclose(np.arctan2(walk[:, 1], walk[:, 0]), SHARES * np.pi / 2, atol=1e-12)


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_between_parallel_vectors_the_walk_is_straight(factor):
    start = np.array([1.0, 2.0])
    np.testing.assert_allclose(
        spherical(start, factor * start, SHARES), np.outer(1 + SHARES * (factor - 1), start), atol=1e-12
    )


def test_a_figure_has_so_many_walks_of_so_many_samples(gan_run):
    numbers = figures.draw("latent-walk", LatentWalk(run=str(gan_run), count=2, steps=3)).numbers
    assert np.shape(numbers["samples"]) == (2, 3, 8, 8, 1)
    again = figures.draw("latent-walk", LatentWalk(run=str(gan_run), count=2, steps=3, seed=1)).numbers
    assert numbers["samples"] != again["samples"]
