import re

import numpy as np
import pytest

from dlcli.plot import terminal
from dlcli.plot.charts.confusion import ConfusionChart
from dlcli.plot.terminal.text import columns

CODE = re.compile(r"\x1b\[[0-9;]*m")
RANDOM = np.random.default_rng(0)


def plain(lines):
    return [CODE.sub("", line) for line in lines]


def counts(classes):
    return 40 * np.eye(classes, dtype=int) + RANDOM.integers(0, 3, (classes, classes))


def confusion(counts, labels, *, width=80, colour=True, percent=False):
    title, *lines = terminal.confusion.draw(ConfusionChart("title", counts, labels, percent), width, colour)
    assert title == "title"
    return lines


@pytest.mark.parametrize("classes", [2, 10, 30, 100])
@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("colour", [True, False])
def test_no_line_is_wider_than_the_terminal(classes, width, colour):
    labels = [f"the class {number}" for number in range(classes)]
    lines = plain(confusion(counts(classes), labels, width=width, colour=colour))
    assert max(map(columns, lines)) <= width


def test_every_row_has_its_number_and_label():
    labels = [f"the class {number}" for number in range(10)]
    lines = confusion(counts(10), labels, colour=False)
    assert all(any(line.startswith(f"{number} {name}") for line in lines) for number, name in enumerate(labels))


def test_max_pooling_keeps_the_diagonal_dark():
    lines = confusion(500 * np.eye(100, dtype=int), [str(number) for number in range(100)], colour=False)
    cells = [line[line.index("█") :] for line in lines[2:]]
    assert len(cells) == 50
    assert all(line.count("█") == 1 for line in lines[2:])


def test_a_class_without_examples_is_marked():
    table = counts(3)
    table[1] = 0
    lines = confusion(table, list("abc"), colour=False)
    assert "?: no examples" in lines[0]
    assert "?" in next(line for line in lines if line.startswith("b"))


def test_percents_are_of_the_true_class():
    lines = confusion(np.array([[3, 1], [0, 5]]), ["a", "b"], percent=True, colour=False)
    assert [re.findall(r"\d+", line) for line in lines[2:4]] == [["75", "25"], ["100"]]
