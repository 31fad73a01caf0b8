import numpy as np

from dlcli.plot import inputs
from dlcli.plot.tiles import Tile

IMAGE = np.random.default_rng(0).random((6, 6, 3))


def test_each_row_of_augmentation_begins_with_the_original():
    rows = inputs.augmentation(IMAGE, [("rotate", [Tile(IMAGE, "+4°")]), ("flip", [Tile(IMAGE)] * 2)], title="t").rows
    assert [(row.label, len(row.tiles), row.tiles[0].caption) for row in rows] == [
        ("rotate", 2, "original"),
        ("flip", 3, "original"),
    ]


def test_saliency_shows_the_input_the_overlay_and_the_gradient_side_by_side():
    importance, gradient = np.eye(6), -np.arange(36.0).reshape(6, 6)
    (row,) = inputs.saliency(IMAGE, importance, gradient, title="t").rows
    assert [tile.pixels.shape for tile in row.tiles] == [(6, 6, 3), (6, 6, 3), (6, 6)]
    assert row.tiles[2].ends == (0.0, 35.0)
    np.testing.assert_array_equal(row.tiles[2].pixels, -gradient)


def test_saliency_without_any_importance_shows_the_image_alone():
    overlay = inputs.saliency(IMAGE, np.zeros((6, 6)), np.zeros((6, 6)), title="t").rows[0].tiles[1].pixels
    np.testing.assert_allclose(np.ptp(overlay, axis=-1), 0, atol=1e-12)
