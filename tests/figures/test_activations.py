import numpy as np
import pytest

from dlcli import figures
from dlcli.errors import UsageError
from dlcli.figures.activations import activation_grid, most_active
from dlcli.figures.options.images import Activations
from dlcli.figures.subject import example
from dlcli.techniques.opening import open_run


def numbers(run, **options):
    return figures.draw("activations", Activations(run=str(run), **options)).numbers


def test_the_maps_of_the_last_layer_are_the_features_of_the_backbone(cnn_run):
    drawn = numbers(cnn_run, index=3, maps=8)
    run = open_run(cnn_run)
    learner = run.learner
    pixels = example(Activations(run=str(cnn_run), index=3), run, run.facts).pixels
    features = learner.network.backbone(learner.normalize(pixels[None] / np.float32(255)))[0]
    channels = drawn["layers"]["pool2"]["channels"]
    assert sorted(channels) == list(range(8))
    np.testing.assert_allclose(drawn["layers"]["pool2"]["maps"], features[..., channels], rtol=1e-4, atol=1e-6)


def test_the_most_active_maps_come_first():
    maps = np.stack([np.full((2, 2), 0.1), np.full((2, 2), -3.0), np.full((2, 2), 2.0)], axis=-1)
    assert most_active(maps, 2) == [1, 2]


def test_all_layers_are_drawn_in_order_by_default(cnn_run):
    assert list(numbers(cnn_run)["layers"]) == ["conv1", "pool1", "conv2", "pool2"]
    assert list(numbers(cnn_run, layer="conv2")["layers"]) == ["conv2"]


def test_rectified_maps_are_non_negative_with_zeros(cnn_run):
    conv1 = numbers(cnn_run, maps=4)["layers"]["conv1"]
    assert conv1["shape"] == [8, 8, 4]
    assert np.min(conv1["maps"]) >= 0
    assert conv1["sparsity"] == pytest.approx(np.mean(np.equal(conv1["maps"], 0)), rel=1e-4)


def test_a_page_is_wider_for_more_maps(cnn_run):
    few = figures.draw("activations", Activations(run=str(cnn_run), layer="conv2", maps=8)).drawing
    one = figures.draw("activations", Activations(run=str(cnn_run), layer="conv2", maps=1)).drawing
    assert few.get_figwidth() > one.get_figwidth()


def test_the_error_for_an_unknown_layer_lists_the_layers(cnn_run):
    with pytest.raises(UsageError, match="--layer must be one of conv1, pool1, conv2, pool2"):
        numbers(cnn_run, layer="conv3")


RANDOM = np.random.default_rng(0)


def test_each_layer_has_a_row_after_the_input():
    layers = {"conv": RANDOM.random((6, 6, 12)), "head": RANDOM.random((1, 1, 3))}
    rows = activation_grid(RANDOM.random((6, 6)), layers, title="t", channels=4).rows
    assert [row.label for row in rows] == ["input", "conv\n6 × 6 × 12\nthe 4 most active", "head\n1 × 1 × 3"]
    assert [len(row.tiles) for row in rows] == [1, 4, 3]


def test_the_maps_of_a_layer_share_a_colour_scale():
    layers = {"conv": RANDOM.random((4, 4, 3)) * [1, 2, 3]}
    row = activation_grid(RANDOM.random((4, 4)), layers, title="t", channels=8).rows[1]
    assert {tile.limits for tile in row.tiles} == {row.scale.limits}


def test_maps_with_negative_values_have_the_signed_palette():
    layers = {"conv": RANDOM.normal(size=(4, 4, 2))}
    assert activation_grid(np.zeros((4, 4)), layers, title="t", channels=8).rows[1].tiles[0].palette == "signed"
