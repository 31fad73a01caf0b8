import matplotlib
import numpy as np
import pytest

from dlcli.plot import style
from dlcli.plot.curves import curves
from dlcli.plot.series import Panel, Series


def test_drawing_leaves_the_settings_of_matplotlib_as_they_were():
    before = dict(matplotlib.rcParams)
    curves([Panel([Series("a", np.arange(3), np.arange(3))], "loss")], title="t")
    assert dict(matplotlib.rcParams) == before


def test_the_users_own_settings_do_not_change_the_style():
    with matplotlib.rc_context({"font.size": 40, "axes.grid": True}), style.applied():
        assert (matplotlib.rcParams["font.size"], matplotlib.rcParams["axes.grid"]) == (style.NORMAL, False)


def test_a_width_agrees_with_what_matplotlib_draws():
    figure = style.new_figure(8, 1, layout=None)
    with style.applied():
        drawn = figure.text(0, 0, "layer stage1.conv2", fontsize=style.NORMAL).get_window_extent()
    assert style.text_width("layer stage1.conv2", style.NORMAL) == pytest.approx(drawn.width / figure.dpi, rel=0.02)


def test_a_shortened_text_fits_and_ends_in_an_ellipsis():
    short = style.shorten("a class with a very long name", 1.0, 9)
    assert style.text_width(short, 9) <= 1.0
    assert short.startswith("a class")
    assert short.endswith("…")


def test_a_text_that_fits_is_not_shortened():
    assert style.shorten("cat", 1.0, 9) == "cat"


def test_wrapped_lines_fit_and_keep_all_words():
    text = "the activation maps of the first layer for one image"
    lines = style.wrap(text, 1.2, 9)
    assert " ".join(lines) == text
    assert max(style.text_width(line, 9) for line in lines) <= 1.2
