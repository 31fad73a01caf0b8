import numpy as np
import pytest

from dlcli.plot import course
from dlcli.plot.plane import Cloud
from dlcli.plot.series import Panel, Series

PANELS = [Panel([Series("generator", np.array([1, 2]), np.array([3.0, 4.0]))], "loss")]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_row_of_images_stands_at_each_time(channels):
    times = [(step, np.zeros([5, 8, 8, channels], np.uint8)) for step in (1, 20, 3_000)]
    figure = course.images(times, PANELS, title="a run")
    (rows,) = (axes for axes in figure.axes if axes.images)
    assert [label.get_text() for label in rows.get_yticklabels()] == ["1", "20", "3,000"]
    assert rows.images[0].get_size() == (3 * 10, 5 * 10)


def test_a_cloud_of_points_stands_at_each_time():
    clouds = [(step, Cloud.around(np.zeros([4, 2]), np.eye(2))) for step in (1, 5, 9)]
    figure = course.points(clouds, PANELS, title="a run")
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["step 1", "step 5", "step 9"]
