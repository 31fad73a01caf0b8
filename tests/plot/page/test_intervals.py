import numpy as np
import pytest
from matplotlib.text import Text

from dlcli.plot import page, terminal
from dlcli.plot.charts.intervals import Interval, IntervalsChart

ROWS = [
    Interval("dropout", np.array([1.0, 3.0]), 2.0, 1.0, 3.0),
    Interval("l1", np.array([-1.0, 0.5]), -0.25, -1.5, 1.0),
]
CHART = IntervalsChart("effect", ROWS, "points")


def test_each_row_has_label_values_mean_and_bounds():
    figure = page.intervals.draw(CHART)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    assert {"dropout", "l1", "points", "+2.00", "-0.25"} <= {text.get_text() for text in figure.findobj(Text)}
    assert [list(line.get_xdata()) for line in axes.lines[1:]] == [[1.0, 3.0], [2.0], [-1.0, 0.5], [-0.25]]
    assert [list(each.get_segments()[0][:, 0]) for each in axes.collections] == [[1.0, 3.0], [-1.5, 1.0]]


def test_only_intervals_that_exclude_zero_are_filled():
    _, _, significant, _, other = page.intervals.draw(CHART).axes[0].lines
    assert significant.get_color() != "white"
    assert other.get_color() == "white"


def test_the_terminal_marks_zero():
    title, xlabel, dropout, l1 = terminal.intervals.draw(CHART, 60, False)
    assert (title, xlabel) == ("effect", "points")
    assert dropout.index("│") < dropout.index("├") < dropout.index("●") < dropout.index("┤")
    assert l1.index("├") < l1.index("●") < l1.index("┼") < l1.index("┤")
    assert dropout.index("│") == l1.index("┼")
    assert dropout.endswith("+2.00")


def test_levels_have_neither_signs_nor_a_line_at_zero():
    levels = IntervalsChart(
        "error", [Interval("plain", np.array([8.0, 12.0]), 10.0, 0.0, 20.0)], "%", differences=False
    )
    figure = page.intervals.draw(levels)
    assert "10.00" in {text.get_text() for text in figure.findobj(Text)}
    _, mean = figure.axes[0].lines
    assert mean.get_color() != "white"
    *_, line = terminal.intervals.draw(levels, 60, False)
    assert line.endswith("10.00")
    assert not {"│", "┼"} & set(line)


def test_a_mean_without_an_interval_is_a_dot():
    alone = IntervalsChart("t", [Interval("a", np.array([1.0]), 1.0, np.nan, np.nan)], "x")
    assert "├" not in terminal.intervals.draw(alone, 80, False)[-1]
    page.intervals.draw(alone).draw_without_rendering()


def test_a_chart_without_intervals_is_rejected():
    with pytest.raises(ValueError, match="at least one interval"):
        IntervalsChart("t", [], "x")
