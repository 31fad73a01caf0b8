import numpy as np

from dlcli.plot import page
from dlcli.plot.charts.scatter import ScatterChart

MODES = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])


def test_the_second_coordinate_of_a_histogram_increases_upwards():
    shades = ScatterChart.around(np.array([[1.0, 1.0]] * 9 + [[-1.0, 0.1]] * 4), MODES).histogram().pixels
    rows, columns = np.nonzero(shades)
    height, width = shades.shape
    assert list(zip(rows < height / 3, columns > width / 2, strict=True)) == [(True, True), (False, False)]
    assert [shades[place] for place in zip(rows, columns, strict=True)] == [3.0, 2.0]


def test_points_outside_the_limits_are_not_counted():
    assert ScatterChart.around(np.array([[50.0, 0.0], [np.nan, 0.0]]), MODES).histogram().pixels.sum() == 0


def test_the_figure_shows_all_modes_and_points():
    figure = page.scatter.draw(ScatterChart.around(np.zeros([5, 2]), MODES, "points"))
    assert [len(each.get_offsets()) for each in figure.axes[0].collections] == [4, 5]
