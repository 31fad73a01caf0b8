import numpy as np
import pytest

from dlcli.plot import page, terminal
from dlcli.plot.charts.hidden_state import HiddenStateChart


def test_the_colour_scale_is_from_minus_one_to_one():
    activations = np.linspace(-0.2, 0.3, 12).reshape(3, 4)
    figure = page.hidden_state.draw(HiddenStateChart("units", list("abcd"), [5, 1, 7], activations))
    assert figure.axes[0].images[0].get_clim() == (-1, 1)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["5", "1", "7"]


@pytest.mark.parametrize("longest", [1, 9])
@pytest.mark.parametrize("width", [40, 80])
def test_the_terminal_wraps_long_texts(width, longest):
    tokens = [("x" * longest)[: 1 + number % longest] for number in range(70)]
    lines = terminal.hidden_state.draw(HiddenStateChart("units", tokens, [3, 12], np.zeros([2, 70])), width, False)
    assert max(map(len, lines)) <= width


def test_signs_are_distinguishable_without_colour():
    lines = terminal.hidden_state.draw(HiddenStateChart("units", list("ab"), [0], np.array([[-1.0, 1.0]])), 80, False)
    assert lines[-1] == "0 =#"
