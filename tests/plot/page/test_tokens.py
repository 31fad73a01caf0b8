import numpy as np
import pytest

from dlcli.plot import page, terminal
from dlcli.plot.charts.tokens import TokensChart


def chart(count, longest=1):
    generator = np.random.default_rng(0)
    names = [("x" * longest)[: 1 + number % longest] for number in range(count)]
    top = np.sort(generator.dirichlet(np.ones(3), count), axis=1)[:, ::-1]
    return TokensChart("of a text", names, generator.uniform(0.01, 1, count), [["a", "b", "c"]] * count, top)


def bars_of(figure):
    return [axes for axes in figure.axes if axes.get_ylabel()]


def test_surprisal_is_one_bit_per_halving():
    probabilities = np.array([1.0, 0.5, 0.125])
    read = TokensChart("", ["a"] * 3, probabilities, [[]] * 3, np.zeros([3, 0]))
    np.testing.assert_allclose(read.surprisal, [0, 1, 3])


@pytest.mark.parametrize(("count", "lines"), [(5, 1), (40, 1), (60, 2), (120, 3)])
def test_long_texts_are_wrapped(count, lines):
    assert len(bars_of(page.tokens.draw(chart(count)))) == lines


def test_all_lines_have_the_same_scale_of_surprisal():
    assert len({axes.get_ylim() for axes in bars_of(page.tokens.draw(chart(80)))}) == 1


@pytest.mark.parametrize("longest", [1, 9])
@pytest.mark.parametrize("width", [40, 80])
def test_the_terminal_has_a_line_per_token(width, longest):
    lines = terminal.tokens.draw(chart(70, longest), width, colour=False)
    assert max(map(len, lines)) <= width
    assert len([line for line in lines if "%" in line]) == 70
