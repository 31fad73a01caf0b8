import numpy as np
import pytest

from dlcli.plot.terminal.text import Cell, columns, fit, paragraph, render

NAMES = ["cat", "a very long name of a class", "手書き数字の長い名前", "e\u0301te\u0301 a\u0300 la campagne", ""]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [1, 2, 5, 12])
@pytest.mark.parametrize("align", ["left", "right", "center"])
def test_a_fitted_text_has_exactly_the_requested_width(name, width, align):
    assert columns(fit(name, width, align)) == width


def test_a_truncated_text_ends_in_an_ellipsis():
    assert fit("elephant", 5) == "elep…"
    assert fit("数字数字", 6) == "数字… "


def test_escape_codes_in_a_name_do_not_reach_the_terminal():
    assert "\x1b" not in fit("\x1b[31mred\x1b[0m\x07", 20)


def test_a_paragraph_contains_all_words():
    text = "one scale for all maps, from the lowest to the highest value"
    lines = paragraph(text, 20)
    assert " ".join(lines) == text
    assert max(map(columns, lines)) <= 20


def test_cells_of_one_colour_share_their_codes():
    red = np.array([1.0, 0.0, 0.0])
    line = render([Cell("a", red), Cell("b", red), Cell("c")], colour=True)
    assert line == "\x1b[38;2;255;0;0mab\x1b[0mc"


def test_without_colour_there_are_no_codes():
    assert render([Cell("a", np.zeros(3), np.ones(3)), Cell("b")], colour=False) == "ab"
