import numpy as np
import pytest
from PIL import Image

from dlcli import figures
from dlcli.errors import DatasetError, UsageError
from dlcli.figures.options.images import Pooling
from dlcli.figures.pooling import pooling_grid


def numbers(**options):
    return figures.draw("pooling", Pooling(**options)).numbers


def windows(before):
    height, width = (side // 2 for side in before.shape)
    return [
        [before[2 * row : 2 * row + 2, 2 * column : 2 * column + 2] for column in range(width)] for row in range(height)
    ]


@pytest.mark.parametrize(
    ("way", "of"), [("max", np.max), ("average", np.mean), ("stride", lambda window: window[0, 0])]
)
def test_each_kind_of_pooling_has_one_value_per_window(way, of):
    drawn = numbers(index=5)
    expected = [[of(window) for window in row] for row in windows(np.array(drawn["input"]))]
    np.testing.assert_allclose(drawn["outputs"][way], expected, atol=1e-5)


def test_a_run_pools_a_feature_map(cnn_run):
    drawn = numbers(run=str(cnn_run), layer="conv2", channel=2)
    assert drawn["feature_map"].startswith("channel 2 of conv2, ")
    assert np.shape(drawn["input"]) == (4, 4)


def test_the_channel_with_the_largest_sum_is_drawn_by_default(cnn_run):
    sums = [np.sum(numbers(run=str(cnn_run), channel=channel)["input"]) for channel in range(4)]
    assert numbers(run=str(cnn_run))["feature_map"].startswith(f"channel {np.argmax(sums)} of conv1")


def test_a_channel_beyond_the_last_is_rejected(cnn_run):
    with pytest.raises(UsageError, match="--channel must be less than 4, the number of channels of conv1, got 9"):
        numbers(run=str(cnn_run), channel=9)


def test_a_map_of_one_row_is_rejected(cnn_run, tmp_path):
    Image.new("L", (5, 1)).save(tmp_path / "line.png")
    with pytest.raises(UsageError, match="two rows and columns"):
        numbers(image=tmp_path / "line.png")


def test_an_image_file_needs_no_data(tmp_path):
    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(6, 8)).save(tmp_path / "ramp.png")
    np.testing.assert_allclose(
        numbers(image=tmp_path / "ramp.png")["input"],
        np.arange(48).reshape(6, 8) / 255,
        atol=1e-5,
    )


def test_a_large_image_is_downscaled(tmp_path):
    Image.new("RGB", (1024, 512)).save(tmp_path / "large.png")
    assert np.shape(numbers(image=tmp_path / "large.png")["input"]) == (128, 256)


def test_a_file_that_is_not_an_image_is_a_data_error(tmp_path):
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(DatasetError, match="not an image"):
        numbers(image=tmp_path / "note.txt")


def test_a_layer_without_a_run_is_rejected():
    with pytest.raises(ValueError, match="--layer conv1 needs --run"):
        Pooling(layer="conv1")


def test_pooled_maps_share_the_colour_scale_of_the_input():
    before = np.random.default_rng(0).random((4, 4))
    windows = before.reshape(2, 2, 2, 2)
    after = {"maximum": windows.max(axis=(1, 3)), "average": windows.mean(axis=(1, 3))}
    grid = pooling_grid(before, after, "activation", window=2, title="t")
    tiles = grid.rows[0].tiles
    assert [tile.caption for tile in tiles] == ["input, 4 × 4", "maximum, 2 × 2", "average, 2 × 2"]
    assert {tile.limits for tile in tiles} == {grid.scale.limits} == {(before.min(), before.max())}
    assert [tile.window for tile in tiles] == [(2, 2), (1, 1), (1, 1)]


@pytest.mark.parametrize(("side", "annotated"), [(8, True), (28, False)])
def test_only_small_maps_are_annotated(side, annotated):
    before = np.random.default_rng(0).random((side, side))
    assert pooling_grid(before, {}, "activation", window=2, title="t").rows[0].tiles[0].annotate == annotated
