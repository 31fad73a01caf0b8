import matplotlib
import numpy as np
import pytest

from dlcli.plot.charts.lines import Line, LinesChart, Panel
from dlcli.plot.page import lines, style


def test_drawing_restores_the_settings_of_matplotlib():
    before = dict(matplotlib.rcParams)
    lines.draw(LinesChart("t", [Panel([Line("a", np.arange(3), np.arange(3))], "loss")]))
    assert dict(matplotlib.rcParams) == before


def test_the_users_settings_do_not_change_the_style():
    with matplotlib.rc_context({"font.size": 40, "axes.grid": True}), style.applied():
        assert (matplotlib.rcParams["font.size"], matplotlib.rcParams["axes.grid"]) == (style.NORMAL, False)


def test_the_text_width_agrees_with_matplotlib():
    figure = style.new_figure(8, 1, layout=None)
    with style.applied():
        drawn = figure.text(0, 0, "layer stage1.conv2", fontsize=style.NORMAL).get_window_extent()
    assert style.text_width("layer stage1.conv2", style.NORMAL) == pytest.approx(drawn.width / figure.dpi, rel=0.02)


def test_a_truncated_text_ends_in_an_ellipsis():
    short = style.shorten("a class with a very long name", 1.0, 9)
    assert style.text_width(short, 9) <= 1.0
    assert short.startswith("a class")
    assert short.endswith("…")


def test_a_text_that_fits_is_not_truncated():
    assert style.shorten("cat", 1.0, 9) == "cat"


def test_wrapped_lines_contain_all_words():
    text = "the activation maps of the first layer for one image"
    wrapped = style.wrap(text, 1.2, 9)
    assert " ".join(wrapped) == text
    assert max(style.text_width(line, 9) for line in wrapped) <= 1.2
