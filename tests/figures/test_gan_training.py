import numpy as np
import pytest

from dlcli import engine, figures
from dlcli.figures.options.generative import GanTraining
from dlcli.techniques.gan.learner import Learner


@pytest.fixture(scope="module")
def numbers(gan_run):
    return figures.draw("gan-training", GanTraining(run=str(gan_run))).numbers


def test_the_last_samples_are_those_of_the_averaged_generator(gan_run, numbers):
    learner = engine.load(gan_run, Learner, "last")
    drawn = learner.sample(learner.fixed_noise[...], np.arange(10))
    assert np.abs(np.asarray(numbers["samples"]["6"]) - np.asarray(drawn, int)).max() <= 1  # rounding of pixels


def test_samples_change_over_the_run(numbers):
    assert list(numbers["samples"]) == ["1", "2", "3", "6"]
    assert numbers["samples"]["1"] != numbers["samples"]["6"]


def test_training_and_validation_curves_are_drawn(numbers):
    assert {"train loss", "train generator_loss", "validation frechet_distance"} <= numbers["curves"].keys()
    assert numbers["curves"]["train loss"]["steps"] == [2, 4, 6]
