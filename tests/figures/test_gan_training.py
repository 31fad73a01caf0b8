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


def test_the_probabilities_of_the_discriminator_are_drawn_in_place_of_its_logits(gan_run):
    panels = figures.draw("gan-training", GanTraining(run=str(gan_run))).drawing
    labels = {axes.get_ylabel() for part in panels.subfigs for axes in part.axes}
    assert "mean probability of being real" in labels
    assert "mean discriminator logit" not in labels


def test_probabilities_are_recorded_between_zero_and_one(numbers):
    for name in ("train real_probability", "train generated_probability"):
        assert all(0 < value < 1 for value in numbers["curves"][name]["values"])


def test_training_and_validation_curves_are_drawn(numbers):
    assert {"train loss", "train generator_loss", "validation frechet_distance"} <= numbers["curves"].keys()
    assert numbers["curves"]["train loss"]["steps"] == [2, 4, 6]
