import numpy as np
import pytest
from matplotlib.text import Text

from dlcli.plot.estimates import Interval
from dlcli.plot.intervals import intervals
from dlcli.plot.terminal import intervals as sketch

ROWS = [
    Interval("dropout", np.array([1.0, 3.0]), 2.0, 1.0, 3.0),
    Interval("l1", np.array([-1.0, 0.5]), -0.25, -1.5, 1.0),
]


def test_each_has_its_name_its_values_its_mean_and_its_bounds():
    figure = intervals(ROWS, title="what helps", xlabel="points")
    figure.draw_without_rendering()
    axes = figure.axes[0]
    assert {"dropout", "l1", "points", "+2.00", "-0.25"} <= {text.get_text() for text in figure.findobj(Text)}
    assert [list(line.get_xdata()) for line in axes.lines[1:]] == [[1.0, 3.0], [2.0], [-1.0, 0.5], [-0.25]]
    assert [list(each.get_segments()[0][:, 0]) for each in axes.collections] == [[1.0, 3.0], [-1.5, 1.0]]


def test_only_an_interval_without_zero_is_filled():
    _, _, clear, _, unclear = intervals(ROWS, title="t", xlabel="x").axes[0].lines
    assert clear.get_color() != "white"
    assert unclear.get_color() == "white"


def test_a_sketch_shows_where_zero_lies():
    title, dropout, l1 = sketch(ROWS, title="what helps", width=60, colour=False)
    assert title == "what helps"
    assert dropout.index("│") < dropout.index("├") < dropout.index("●") < dropout.index("┤")
    assert l1.index("├") < l1.index("●") < l1.index("┼") < l1.index("┤")
    assert dropout.index("│") == l1.index("┼")
    assert dropout.endswith("+2.00")


def test_a_mean_without_an_interval_is_a_dot():
    alone = [Interval("a", np.array([1.0]), 1.0, np.nan, np.nan)]
    assert "├" not in sketch(alone, title="t", colour=False)[1]
    intervals(alone, title="t", xlabel="x").draw_without_rendering()


def test_without_rows_there_is_nothing_to_draw():
    with pytest.raises(ValueError, match="must be an interval"):
        intervals([], title="t", xlabel="x")
