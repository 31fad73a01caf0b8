import numpy as np
import pytest
from PIL import Image

from dlcli.plot import drowning
from dlcli.plot.drowning import Shares, Strip
from dlcli.plot.files import save
from dlcli.plot.plane import Cloud

IMAGES = Strip("an image", [np.full([2, 2, 1], share) for share in (0.0, 0.5, 1.0)])
CLOUDS = Strip("points", [Cloud(np.full([5, 2], place), np.zeros([1, 2]), (-1.0, 1.0)) for place in (-0.9, 0.0, 0.9)])
CAPTIONS = ["t = 0", "t = 5", "t = 10"]
SHARES = Shares(np.linspace(1, 0, 11), np.linspace(0, 1, 11), [0, 5, 10])


def test_a_page_has_a_row_a_strip_and_a_captioned_column_a_level():
    figure = drowning.page([IMAGES, CLOUDS], CAPTIONS, title="drowning")
    assert len(figure.axes) == 6
    assert [axes.get_title() for axes in figure.axes[:3]] == CAPTIONS
    assert [figure.axes[place].get_ylabel() for place in (0, 3)] == ["an image", "points"]
    assert [float(axes.images[0].get_array().mean()) for axes in figure.axes[:3]] == [0.0, 0.5, 1.0]


def test_the_shares_are_drawn_below_with_marks_at_the_levels_shown():
    *_, axes = drowning.page([IMAGES], CAPTIONS, title="drowning", shares=SHARES).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["signal", "noise"]
    lines = {len(line.get_xdata()) for line in axes.lines}
    assert lines == {11, 3}
    np.testing.assert_allclose(axes.lines[1].get_ydata(), [1, 0.5, 0])


def test_a_moving_picture_is_as_many_frames_as_there_are_levels(tmp_path):
    animation = drowning.moving((IMAGES, CLOUDS), CAPTIONS, title="drowning")
    save(animation, tmp_path / "moving.gif")
    with Image.open(tmp_path / "moving.gif") as written:
        assert written.n_frames == 3


def test_a_frame_replaces_the_one_before():
    animation = drowning.moving((IMAGES, CLOUDS), CAPTIONS, title="drowning")
    left, right = animation.drawing.axes
    drawn = len(right.collections)
    animation.show(2)
    assert (len(left.images), len(right.collections)) == (1, drawn)
    assert float(left.images[0].get_array().mean()) == 1.0


def test_in_the_terminal_points_are_bright_where_they_lie():
    pixels = drowning.tile(CLOUDS.pictures[2], "t = 10").pixels
    assert np.unravel_index(pixels.argmax(), pixels.shape) == (0, pixels.shape[1] - 1)
    assert pixels.sum() == pytest.approx(5**0.25)
