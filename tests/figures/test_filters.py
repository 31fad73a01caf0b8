import numpy as np
import pytest

from dlcli import engine, figures
from dlcli.errors import UsageError
from dlcli.figures.filters import kernel_grid
from dlcli.figures.options.images import Activations, Filters
from dlcli.plot.palette import as_colors
from dlcli.techniques.cnn.learner import Learner


def numbers(run, **options):
    return figures.draw("filters", Filters(run=str(run), **options)).numbers


def test_the_first_convolution_is_drawn_by_default(cnn_run):
    assert numbers(cnn_run)["layer"] == "conv1"
    assert np.shape(numbers(cnn_run, layer="conv2")["kernels"]) == (3, 3, 4, 8)


def test_the_kernels_are_those_of_the_network(cnn_run):
    kernel = engine.load(cnn_run, Learner).network.convolutions()["conv1"]
    np.testing.assert_allclose(numbers(cnn_run)["kernels"], kernel, rtol=1e-5)


def test_the_error_for_an_unknown_layer_lists_the_layers(cnn_run):
    with pytest.raises(UsageError, match="--layer must be one of conv1, conv2, got 'pool1'"):
        numbers(cnn_run, layer="pool1")


RANDOM = np.random.default_rng(0)


def grid(kernels, outputs=64, inputs=16):
    return kernel_grid(kernels, "t", outputs, inputs)


def test_kernels_of_one_input_channel_are_signed_maps_on_one_scale():
    kernels = RANDOM.normal(size=(3, 3, 1, 10))
    tiles = [tile for row in grid(kernels).rows for tile in row.tiles]
    bound = np.abs(kernels).max()
    assert {(tile.palette, tile.limits) for tile in tiles} == {("signed", (-bound, bound))}
    assert grid(kernels).scale.limits == (-bound, bound)
    np.testing.assert_array_equal(tiles[7].pixels, kernels[:, :, 0, 7])


def test_kernels_of_three_input_channels_are_colours_with_gray_zero():
    kernels = RANDOM.normal(size=(3, 3, 3, 2))
    kernels[0, 0, :, 0] = 0
    tile = grid(kernels).rows[0].tiles[0]
    np.testing.assert_allclose(as_colors(tile.pixels)[0, 0], 0.5)
    assert as_colors(tile.pixels).argmax() == kernels[..., 0].argmax()


def test_kernels_of_many_input_channels_have_a_row_per_output():
    kernels = RANDOM.normal(size=(3, 3, 5, 4))
    rows = grid(kernels).rows
    assert [row.label for row in rows] == ["output 0", "output 1", "output 2", "output 3"]
    np.testing.assert_array_equal(rows[2].tiles[4].pixels, kernels[:, :, 4, 2])


def test_the_note_counts_the_kernels_shown():
    note = grid(RANDOM.normal(size=(3, 3, 32, 64)), outputs=8, inputs=4).note
    assert "first 8 of 64 kernels" in note
    assert "first 4 of 32 input channels" in note


def test_kernels_of_zeros_are_one_colour():
    tile = grid(np.zeros((3, 3, 1, 1))).rows[0].tiles[0]
    np.testing.assert_allclose(np.ptp(as_colors(tile.pixels, tile.palette, tile.limits), axis=(0, 1)), 0)


def test_the_maps_beside_the_kernels_are_those_of_the_layer(cnn_run):
    drawn = numbers(cnn_run, index=3)
    shown = figures.draw("activations", Activations(run=str(cnn_run), index=3, maps=4)).numbers["layers"]["conv1"]
    np.testing.assert_allclose(np.array(drawn["maps"])[..., shown["channels"]], shown["maps"], rtol=1e-4)


def test_each_kernel_of_many_inputs_stands_beside_its_map(cnn_run):
    sketch = figures.draw("filters", Filters(run=str(cnn_run), layer="conv2")).sketch(80, False)
    assert sum(line.startswith("output ") for line in sketch) == 8
