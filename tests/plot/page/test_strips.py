import numpy as np
import pytest
from PIL import Image

from dlcli.plot import page
from dlcli.plot.charts.scatter import ScatterChart
from dlcli.plot.charts.strips import Strip, StripsChart
from dlcli.plot.page.files import save

IMAGES = Strip("an image", [np.full([2, 2, 1], value) for value in (0.0, 0.5, 1.0)])
POINTS = Strip("points", [ScatterChart(np.full([5, 2], x), np.zeros([1, 2]), (-1.0, 1.0)) for x in (-0.9, 0.0, 0.9)])
CAPTIONS = ["t = 0", "t = 5", "t = 10"]


def test_strips_have_a_row_per_sample_and_a_column_per_timestep():
    figure = page.strips.draw(StripsChart("states", [IMAGES, POINTS], CAPTIONS))
    assert len(figure.axes) == 6
    assert [axes.get_title() for axes in figure.axes[:3]] == CAPTIONS
    assert [figure.axes[index].get_ylabel() for index in (0, 3)] == ["an image", "points"]
    assert [float(axes.images[0].get_array().mean()) for axes in figure.axes[:3]] == [0.0, 0.5, 1.0]


def test_an_animation_has_a_frame_per_timestep(tmp_path):
    animation = page.strips.animate((IMAGES, POINTS), CAPTIONS, title="states")
    save(animation, tmp_path / "states.gif")
    with Image.open(tmp_path / "states.gif") as written:
        assert written.n_frames == 3


def test_a_frame_replaces_the_previous_one():
    animation = page.strips.animate((IMAGES, POINTS), CAPTIONS, title="states")
    left, right = animation.drawing.axes
    drawn = len(right.collections)
    animation.show(2)
    assert (len(left.images), len(right.collections)) == (1, drawn)
    assert float(left.images[0].get_array().mean()) == 1.0


def test_tiles_of_points_are_bright_where_the_points_are():
    pixels = StripsChart("states", [POINTS], CAPTIONS).tiles().rows[0].tiles[2].pixels
    assert np.unravel_index(pixels.argmax(), pixels.shape) == (0, pixels.shape[1] - 1)
    assert pixels.sum() == pytest.approx(5**0.25)
