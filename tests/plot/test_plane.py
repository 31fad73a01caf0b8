import numpy as np

from dlcli.plot import plane

MODES = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])


def test_points_are_counted_where_they_lie_with_the_second_coordinate_upwards():
    shades = plane.tile(plane.Cloud.around(np.array([[1.0, 1.0]] * 9 + [[-1.0, 0.1]] * 4), MODES)).pixels
    rows, columns = np.nonzero(shades)
    height, width = shades.shape
    assert list(zip(rows < height / 3, columns > width / 2, strict=True)) == [(True, True), (False, False)]
    assert [shades[place] for place in zip(rows, columns, strict=True)] == [3.0, 2.0]


def test_what_lies_far_beyond_the_modes_is_not_counted():
    assert plane.tile(plane.Cloud.around(np.array([[50.0, 0.0], [np.nan, 0.0]]), MODES)).pixels.sum() == 0


def test_a_scatter_shows_every_mode_and_every_point():
    figure = plane.scatter(plane.Cloud.around(np.zeros([5, 2]), MODES), title="points")
    assert [len(each.get_offsets()) for each in figure.axes[0].collections] == [4, 5]
