import numpy as np
import pytest

from dlcli import figures
from dlcli.errors import UsageError
from dlcli.figures import subject
from dlcli.figures.options.images import DropoutMasks
from dlcli.techniques.opening import open_run


@pytest.fixture(scope="module")
def numbers(dropped_cnn_run):
    return figures.draw("dropout-masks", DropoutMasks(run=str(dropped_cnn_run), masks=6)).numbers


def test_without_dropout_the_probabilities_are_those_of_the_network(dropped_cnn_run, numbers):
    trained = open_run(dropped_cnn_run)
    pixels = subject.example(DropoutMasks(run=str(dropped_cnn_run)), trained, trained.facts).pixels
    expected = np.exp(trained.learner.log_probabilities(pixels[None]))[0]
    np.testing.assert_allclose(numbers["probabilities"]["no dropout"], expected, rtol=1e-3)


def test_masks_differ(numbers):
    masks = [[unit is None for unit in numbers["units"][f"mask {number}"]] for number in range(1, 7)]
    assert len(set(map(tuple, masks))) == 6
    assert 0.25 < np.mean(masks) < 0.75  # half of the units are dropped


def test_the_mean_of_the_masks_is_that_of_their_probabilities(numbers):
    drawn = [values for name, values in numbers["probabilities"].items() if name != "no dropout"]
    np.testing.assert_allclose(numbers["mean_of_masks"], np.mean(drawn, axis=0), rtol=1e-3)


def test_a_run_without_dropout_is_refused(cnn_run):
    with pytest.raises(UsageError, match="must be a run with --dropout or --input-dropout"):
        figures.draw("dropout-masks", DropoutMasks(run=str(cnn_run)))
