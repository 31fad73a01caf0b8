import numpy as np

from dlcli.plot import page
from dlcli.plot.charts.forward_process import ALPHA_BAR, ONE_MINUS_ALPHA_BAR, ForwardProcessChart
from dlcli.plot.charts.strips import Strip, StripsChart

STRIPS = StripsChart("states", [Strip("an image", [np.zeros([2, 2, 1])] * 3)], ["t = 0", "t = 5", "t = 10"])


def test_the_noise_schedule_is_drawn_with_markers_at_the_timesteps_shown():
    chart = ForwardProcessChart(STRIPS, np.linspace(1, 0, 11), [0, 5, 10])
    *_, axes = page.forward_process.draw(chart).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [ALPHA_BAR, ONE_MINUS_ALPHA_BAR]
    assert {len(line.get_xdata()) for line in axes.lines} == {11, 3}
    np.testing.assert_allclose(axes.lines[1].get_ydata(), [1, 0.5, 0])
