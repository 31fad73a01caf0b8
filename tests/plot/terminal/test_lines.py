import itertools
import re

import numpy as np
import pytest

from dlcli.plot.charts.lines import Line, Panel
from dlcli.plot.terminal.lines import draw_panel
from dlcli.plot.terminal.text import columns

CODE = re.compile(r"\x1b\[[0-9;]*m")
STEPS = np.arange(0, 2001, 50)


def plain(drawn):
    return [CODE.sub("", line) for line in drawn]


def rows_of_dots(drawn):
    """Return, for each column with a braille dot, the topmost line of the drawing that has one."""
    body = [re.split("[│┤]", line, maxsplit=1)[1] for line in drawn if re.search("[│┤]", line)]
    tops = {}
    for row, line in reversed(list(enumerate(body))):
        tops |= {column: row for column, character in enumerate(line) if character != " "}
    return [tops[column] for column in sorted(tops)]


def two_runs(**changes):
    falling = np.exp(-STEPS / 500) + 0.1
    return [
        Line("a train", STEPS, falling, "a", dashed=True, **changes),
        Line("b validation", STEPS, falling + 0.3, "b", best=2000),
    ]


@pytest.mark.parametrize("width", [30, 80, 120])
@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("log", [True, False])
def test_no_line_is_wider_than_the_terminal(width, colour, log):
    drawn = draw_panel(Panel([*two_runs(), *two_runs()], "loss (nats)", log), width=width, colour=colour)
    assert max(map(columns, plain(drawn))) <= width


def test_a_rising_line_rises():
    rows = rows_of_dots(draw_panel(Panel([Line("a", STEPS, STEPS**2)], "loss"), colour=False))
    assert rows[0] == 11
    assert rows[-1] == 0
    assert all(later <= earlier for earlier, later in itertools.pairwise(rows))


def test_a_line_has_a_dot_in_every_column():
    drawn = draw_panel(Panel([Line("a", np.array([0, 1000]), np.array([0.0, 1.0]))], "loss"), width=80, colour=False)
    gutter = drawn[1].index("┤") + 1
    assert len(rows_of_dots(drawn)) == 80 - gutter


def test_an_exponential_is_straight_on_a_logarithmic_axis():
    rows = rows_of_dots(draw_panel(Panel([Line("a", STEPS, 10.0 ** (STEPS / 500))], "loss", log=True), colour=False))
    straight = np.linspace(11, 0, len(rows))
    assert np.abs(np.array(rows) - straight).max() <= 1


def test_tick_labels_are_on_the_rows_of_their_values():
    drawn = draw_panel(Panel([Line("a", np.arange(5), np.array([0.0, 0.0, 10.0, 0.0, 0.0]))], "loss"), colour=False)
    labels = {line.split("┤")[0].strip(): row for row, line in enumerate(drawn) if "┤" in line}
    assert (labels["10"], labels["0"]) == (1, 12)


def test_the_legend_has_every_line_with_its_best_value():
    drawn = " ".join(plain(draw_panel(Panel(two_runs(), "loss"))))
    assert "a train" in drawn
    assert "b validation, best 0.4183 at step 2,000" in drawn
    assert drawn.count("●") == 1


def test_a_missing_value_leaves_a_gap():
    values = np.ones(41)
    values[10:30] = np.nan
    drawn = draw_panel(Panel([Line("a", STEPS, values)], "loss"), colour=False)
    assert len(rows_of_dots(drawn)) < 50


def test_runs_differ_in_colour_or_in_character():
    drawn = draw_panel(Panel(two_runs(), "loss"))
    assert {"38;2;20;128;196", "38;2;213;94;0"} <= set(re.findall(r"38;2;\d+;\d+;\d+", "".join(drawn)))
    bare = draw_panel(Panel(two_runs(), "loss"), colour=False)
    assert "\x1b" not in "".join(bare)
    assert {"***", "+++"} <= {line[:3] for line in bare} | {part[:3] for part in bare[-1].split("   ")}


@pytest.mark.parametrize("values", [np.full(41, np.nan), -np.ones(41)])
def test_a_panel_without_values_is_labelled(values):
    assert draw_panel(Panel([Line("a", STEPS, values)], "loss", log=True), colour=False)[-1] == "no values"


@pytest.mark.parametrize("values", [np.ones(41), np.zeros(41), np.full(41, -3.0)])
def test_a_constant_line_is_horizontal(values):
    assert len(set(rows_of_dots(draw_panel(Panel([Line("a", STEPS, values)], "loss"), colour=False)))) == 1


def test_a_smoothed_line_is_less_rough():
    noise = np.random.default_rng(0).normal(size=41)
    rough, smooth = (Panel([Line("a", STEPS, noise, smoothing=decay)], "loss") for decay in (0.0, 0.9))
    steps = [np.abs(np.diff(rows_of_dots(draw_panel(panel, colour=False)))).sum() for panel in (rough, smooth)]
    assert steps[1] < steps[0]


def test_a_logarithmic_horizontal_axis_has_equal_distances_between_decades():
    line = Line("loss", np.geomspace(1e-4, 1.0, 9), np.linspace(1.0, 2.0, 9))
    *_, labels, _ = plain(draw_panel(Panel([line], "loss"), xlabel="learning rate", log_x=True))
    places = [labels.index(each) + len(each) // 2 for each in ("0.001", "0.01", "0.1")]
    assert places[1] - places[0] == pytest.approx(places[2] - places[1], abs=1)


@pytest.mark.parametrize(
    ("most", "expected"), [(64, ["1", "2", "5", "10", "20", "50"]), (1e9, ["1", "100", "10,000", "1e+06", "1e+08"])]
)
def test_a_logarithmic_axis_has_labels_within_a_decade_where_few_decades_are_drawn(most, expected):
    line = Line("a", np.geomspace(1, most, 50), np.arange(50.0))
    *_, labels, _ = plain(draw_panel(Panel([line], "error"), xlabel="channels", log_x=True))
    assert labels.split() == expected
