import numpy as np
import pytest

from dlcli.plot import page
from dlcli.plot.charts.gan_training import GanTrainingChart
from dlcli.plot.charts.lines import Line, Panel
from dlcli.plot.charts.scatter import ScatterChart

PANELS = [Panel([Line("generator", np.array([1, 2]), np.array([3.0, 4.0]))], "loss")]


@pytest.mark.parametrize("channels", [1, 3])
def test_each_step_has_a_row_of_images(channels):
    samples = [(step, np.zeros([5, 8, 8, channels], np.uint8)) for step in (1, 20, 3_000)]
    figure = page.gan_training.draw(GanTrainingChart("a run", samples, PANELS))
    (rows,) = (axes for axes in figure.axes if axes.images)
    assert [label.get_text() for label in rows.get_yticklabels()] == ["1", "20", "3,000"]
    assert rows.images[0].get_size() == (3 * 10, 5 * 10)


def test_each_step_has_a_scatter_plot():
    samples = [(step, ScatterChart.around(np.zeros([4, 2]), np.eye(2))) for step in (1, 5, 9)]
    figure = page.gan_training.draw(GanTrainingChart("a run", samples, PANELS))
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["step 1", "step 5", "step 9"]
