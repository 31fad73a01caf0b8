import numpy as np
import pytest

from dlcli import engine, figures
from dlcli.errors import UsageError
from dlcli.figures.options.images import Activations
from dlcli.figures.subject import example
from dlcli.techniques.cnn.learner import Learner


def numbers(run, **options):
    return figures.draw("activations", Activations(run=str(run), **options)).numbers


def test_the_maps_of_the_last_layer_are_the_features_of_the_backbone(cnn_run):
    drawn = numbers(cnn_run, index=3, maps=8)
    learner = engine.load(cnn_run, Learner)
    pixels = example(Activations(run=str(cnn_run), index=3), learner.facts).pixels
    features = learner.network.backbone(learner.normalize(pixels[None] / np.float32(255)))[0]
    np.testing.assert_allclose(drawn["layers"]["pool2"]["maps"], features, rtol=1e-4, atol=1e-6)


def test_all_layers_are_drawn_in_order_unless_one_is_named(cnn_run):
    assert list(numbers(cnn_run)["layers"]) == ["conv1", "pool1", "conv2", "pool2"]
    assert list(numbers(cnn_run, layer="conv2")["layers"]) == ["conv2"]


def test_rectified_maps_have_zeros_and_nothing_below(cnn_run):
    conv1 = numbers(cnn_run, maps=4)["layers"]["conv1"]
    assert conv1["shape"] == [8, 8, 4]
    assert np.min(conv1["maps"]) >= 0
    assert conv1["share_of_zeros"] == pytest.approx(np.mean(np.equal(conv1["maps"], 0)), rel=1e-4)


def test_many_maps_of_a_layer_take_several_rows_of_a_page(cnn_run):
    few = figures.draw("activations", Activations(run=str(cnn_run), layer="conv2", maps=8)).drawing
    one = figures.draw("activations", Activations(run=str(cnn_run), layer="conv2", maps=1)).drawing
    assert few.get_figwidth() > one.get_figwidth()


def test_an_unknown_layer_names_those_there_are(cnn_run):
    with pytest.raises(UsageError, match="--layer must be one of conv1, pool1, conv2, pool2"):
        numbers(cnn_run, layer="conv3")
