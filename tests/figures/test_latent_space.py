import numpy as np
import pytest

from dlcli.figures import held_out, latent_space
from dlcli.figures.options.representation import LatentSpace
from dlcli.techniques.opening import open_run
from tests.reading import draw


def test_the_codes_are_those_of_the_learner(autoencoder_run):
    found = draw(LatentSpace(run=str(autoencoder_run), count=5, grid=3)).numbers
    assert np.shape(found["codes"]) == (5, 3)
    assert len(found["labels"]) == 5
    learner = open_run(autoencoder_run).learner
    images = held_out.examples(LatentSpace(), open_run(autoencoder_run), 5)["image"]
    np.testing.assert_allclose(found["codes"], learner.encode(images), rtol=1e-4, atol=1e-5)


def test_codes_of_two_dimensions_are_shown_as_they_are():
    codes = np.random.default_rng(0).normal(size=[30, 2]) * [1, 4]
    found = latent_space._plane(codes)
    np.testing.assert_allclose(found.positions, codes - codes.mean(axis=0))
    assert found.explained.sum() == pytest.approx(1)


def test_the_images_of_a_grid_are_row_by_row():
    images = np.stack([np.full([2, 3, 1], number, np.uint8) for number in range(4)])
    found = latent_space._mosaic(images, 2)
    assert found.shape == (5, 7, 1)  # a line between two images
    assert [found[row, column, 0] for row, column in [(0, 0), (0, 6), (4, 0), (4, 6)]] == [0, 1, 2, 3]
