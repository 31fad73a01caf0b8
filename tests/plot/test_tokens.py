import numpy as np
import pytest

from dlcli.plot import tokens
from dlcli.plot.reading import Read
from dlcli.plot.terminal import tokens as sketches


def read(count, longest=1):
    generator = np.random.default_rng(0)
    names = [("x" * longest)[: 1 + number % longest] for number in range(count)]
    shares = np.sort(generator.dirichlet(np.ones(3), count), axis=1)[:, ::-1]
    return Read(names, generator.uniform(0.01, 1, count), [["a", "b", "c"]] * count, shares)


def test_surprise_is_a_bit_for_each_halving():
    probabilities = np.array([1.0, 0.5, 0.125])
    np.testing.assert_allclose(Read(["a"] * 3, probabilities, [[]] * 3, np.zeros([3, 0])).surprise, [0, 1, 3])


@pytest.mark.parametrize(("count", "lines"), [(5, 1), (40, 1), (60, 2), (120, 3)])
def test_long_texts_go_on_below(count, lines):
    figure = tokens.probabilities(read(count), title="of a text")
    assert len(figure.axes) == 2 * lines


def test_all_lines_share_the_scale_of_surprise():
    figure = tokens.probabilities(read(80), title="of a text")
    assert len({axes.get_ylim() for axes in figure.axes[::2]}) == 1


def test_states_are_drawn_from_minus_one_to_one():
    values = np.linspace(-0.2, 0.3, 12).reshape(3, 4)
    figure = tokens.states(list("abcd"), values, [5, 1, 7], title="units")
    assert figure.axes[0].images[0].get_clim() == (-1, 1)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["5", "1", "7"]


@pytest.mark.parametrize("longest", [1, 9])
@pytest.mark.parametrize("width", [40, 80])
def test_sketches_hold_every_token_and_fit(width, longest):
    text = read(70, longest)
    lines = sketches.probabilities(text, width=width, colour=False)
    assert max(map(len, lines)) <= width
    assert len([line for line in lines if "%" in line]) == 70
    lines = sketches.states(text.tokens, np.zeros([2, 70]), [3, 12], width=width, colour=False)
    assert max(map(len, lines)) <= width


def test_without_colour_a_heat_map_tells_the_signs_apart():
    lines = sketches.states(list("ab"), np.array([[-1.0, 1.0]]), [0], colour=False)
    assert lines[-1] == "0 =#"
