import numpy as np
import pytest

from dlcli.plot import maps
from dlcli.plot.palette import as_colors

RANDOM = np.random.default_rng(0)


def test_kernels_over_one_input_are_signed_maps_on_one_scale():
    kernels = RANDOM.normal(size=(3, 3, 1, 10))
    tiles = [tile for row in maps.filters(kernels, title="t").rows for tile in row.tiles]
    bound = np.abs(kernels).max()
    assert {(tile.palette, tile.ends) for tile in tiles} == {("signed", (-bound, bound))}
    np.testing.assert_array_equal(tiles[7].pixels, kernels[:, :, 0, 7])


def test_kernels_over_three_inputs_are_colours_with_zero_gray():
    kernels = RANDOM.normal(size=(3, 3, 3, 2))
    kernels[0, 0, :, 0] = 0
    tile = maps.filters(kernels, title="t").rows[0].tiles[0]
    np.testing.assert_allclose(as_colors(tile.pixels)[0, 0], 0.5)
    assert as_colors(tile.pixels).argmax() == kernels[..., 0].argmax()


def test_kernels_over_many_inputs_have_a_row_for_each_output():
    kernels = RANDOM.normal(size=(3, 3, 5, 4))
    rows = maps.filters(kernels, title="t").rows
    assert [row.label for row in rows] == ["output 0", "output 1", "output 2", "output 3"]
    np.testing.assert_array_equal(rows[2].tiles[4].pixels, kernels[:, :, 4, 2])


def test_kernels_that_are_left_out_are_counted():
    note = maps.filters(RANDOM.normal(size=(3, 3, 32, 64)), title="t", outputs=8, inputs=4).note
    assert "the first 8 of 64 kernels" in note
    assert "the first 4 of 32 inputs" in note


def test_kernels_of_zeros_are_drawn():
    tile = maps.filters(np.zeros((3, 3, 1, 1)), title="t").rows[0].tiles[0]
    np.testing.assert_allclose(np.ptp(as_colors(tile.pixels, tile.palette, tile.ends), axis=(0, 1)), 0)


def test_each_layer_has_a_row_with_its_shape_after_the_input():
    layers = [maps.Layer("conv", RANDOM.random((6, 6, 12))), maps.Layer("head", RANDOM.random((1, 1, 3)))]
    rows = maps.activations(RANDOM.random((6, 6)), layers, title="t", channels=4).rows
    assert [row.label for row in rows] == ["input", "conv\n6 × 6 × 12\nthe first 4 maps", "head\n1 × 1 × 3"]
    assert [len(row.tiles) for row in rows] == [1, 4, 3]


@pytest.mark.parametrize(("shared", "scales"), [(True, 1), (False, 3)])
def test_maps_of_a_layer_share_their_scale_or_not(shared, scales):
    layer = maps.Layer("conv", RANDOM.random((4, 4, 3)) * [1, 2, 3])
    tiles = maps.activations(RANDOM.random((4, 4)), [layer], title="t", shared=shared).rows[1].tiles
    greatest = {as_colors(tile.pixels, tile.palette, tile.ends).sum(axis=-1).max().round(6) for tile in tiles}
    assert len(greatest) == (1 if scales == 3 else 3)


def test_maps_with_negative_values_are_signed():
    layer = maps.Layer("conv", RANDOM.normal(size=(4, 4, 2)))
    assert maps.activations(np.zeros((4, 4)), [layer], title="t").rows[1].tiles[0].palette == "signed"


def test_pooled_maps_share_the_scale_of_the_map_before():
    before = RANDOM.random((4, 4))
    windows = before.reshape(2, 2, 2, 2)
    after = {"maximum": windows.max(axis=(1, 3)), "average": windows.mean(axis=(1, 3))}
    tiles = maps.pooling(before, after, window=2, title="t").rows[0].tiles
    assert [tile.caption for tile in tiles] == ["before, 4 × 4", "maximum, 2 × 2", "average, 2 × 2"]
    assert {tile.ends for tile in tiles} == {(before.min(), before.max())}
    assert [tile.window for tile in tiles] == [(2, 2), (1, 1), (1, 1)]


@pytest.mark.parametrize(("side", "numbers"), [(8, True), (28, False)])
def test_only_small_maps_show_their_numbers(side, numbers):
    assert maps.pooling(RANDOM.random((side, side)), {}, window=2, title="t").rows[0].tiles[0].numbers == numbers
