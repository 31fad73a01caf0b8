import numpy as np
import pytest
from PIL import Image

from dlcli import figures
from dlcli.errors import DatasetError, UsageError
from dlcli.figures.options.images import Pooling


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
def test_each_way_leaves_one_value_of_each_window(way, of):
    drawn = numbers(index=5)
    expected = [[of(window) for window in row] for row in windows(np.array(drawn["before"]))]
    np.testing.assert_allclose(drawn["after"][way], expected, atol=1e-5)


def test_with_a_run_it_pools_a_map_of_a_layer(cnn_run):
    drawn = numbers(run=str(cnn_run), layer="conv2", channel=2)
    assert drawn["map"].startswith("channel 2 of conv2 for image 0")
    assert np.shape(drawn["before"]) == (4, 4)


def test_the_most_active_channel_is_drawn_unless_one_is_named(cnn_run):
    sums = [np.sum(numbers(run=str(cnn_run), channel=channel)["before"]) for channel in range(4)]
    assert numbers(run=str(cnn_run))["map"].startswith(f"channel {np.argmax(sums)} of conv1")


def test_a_channel_that_is_not_there_is_refused(cnn_run):
    with pytest.raises(UsageError, match="--channel must be less than 4, the channels of conv1, got 9"):
        numbers(run=str(cnn_run), channel=9)


def test_a_map_of_one_unit_is_refused(cnn_run, tmp_path):
    Image.new("L", (5, 1)).save(tmp_path / "line.png")
    with pytest.raises(UsageError, match="two rows and columns"):
        numbers(image=tmp_path / "line.png")


def test_an_image_file_needs_no_data(tmp_path):
    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(6, 8)).save(tmp_path / "ramp.png")
    np.testing.assert_allclose(
        numbers(image=tmp_path / "ramp.png")["before"],
        np.arange(48).reshape(6, 8) / 255,
        atol=1e-5,
    )


def test_a_photograph_is_brought_down_to_what_can_be_seen(tmp_path):
    Image.new("RGB", (1024, 512)).save(tmp_path / "large.png")
    assert np.shape(numbers(image=tmp_path / "large.png")["before"]) == (128, 256)


def test_a_file_that_is_no_image_is_a_fault_of_the_data(tmp_path):
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(DatasetError, match="not an image"):
        numbers(image=tmp_path / "note.txt")


def test_a_layer_without_a_run_is_refused():
    with pytest.raises(ValueError, match="--layer conv1 needs --run"):
        Pooling(layer="conv1")
