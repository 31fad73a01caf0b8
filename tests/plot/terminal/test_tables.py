import re

import numpy as np
import pytest

from dlcli.plot.terminal.tables import bars, confusion, matrix
from dlcli.plot.terminal.text import columns

CODE = re.compile(r"\x1b\[[0-9;]*m")
RANDOM = np.random.default_rng(0)


def plain(lines):
    return [CODE.sub("", line) for line in lines]


def counts(classes):
    return 40 * np.eye(classes, dtype=int) + RANDOM.integers(0, 3, (classes, classes))


@pytest.mark.parametrize("classes", [2, 10, 30, 100])
@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("colour", [True, False])
def test_no_line_is_wider_than_the_terminal(classes, width, colour):
    labels = [f"the class {number}" for number in range(classes)]
    lines = plain(confusion(counts(classes), labels, width=width, colour=colour))
    assert max(map(columns, lines)) <= width


def test_the_greatest_cell_is_the_darkest():
    lines = matrix(np.array([[1, 9], [3, 5]]), (["a", "b"], ["c", "d"]), colour=False)
    assert lines[1].count("█") == 1
    assert lines[1].index("█") > lines[1].index("1")
    assert "█" not in lines[2]


def test_the_greatest_cell_is_the_darkest_in_colour():
    lines = matrix(np.array([[1, 9], [3, 5]]), (["a", "b"], ["c", "d"]))
    grounds = [sum(map(int, codes.split(";"))) for line in lines for codes in re.findall(r"48;2;([0-9;]*)m", line)]
    assert np.argmin(grounds) == 1


def test_cells_show_their_numbers_where_they_fit():
    lines = plain(matrix(np.array([[170, 5], [9, 140]]), (["cat", "dog"], ["cat", "dog"])))
    assert [line.split() for line in lines] == [["cat", "dog"], ["cat", "170", "5"], ["dog", "9", "140"]]


def test_names_that_are_too_long_become_numbers_with_a_key():
    names = [f"a long name {number}" for number in range(8)]
    lines = matrix(np.zeros((2, 8), dtype=int), (["x", "y"], names), colour=False)
    assert lines[0].split() == [str(number) for number in range(8)]
    assert "0 a long name 0, 1 a long name 1" in " ".join(lines)


def test_every_row_is_named_with_its_number():
    labels = [f"the class {number}" for number in range(10)]
    lines = confusion(counts(10), labels, colour=False)
    assert all(any(line.startswith(f"{number} {name}") for line in lines) for number, name in enumerate(labels))


def test_the_diagonal_of_a_condensed_matrix_stays_dark():
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


def test_bars_grow_with_their_values():
    lines = bars(list("abcd"), np.array([0.0, 0.25, 0.5, 1.0]), colour=False)
    full = [line.count("█") for line in lines]
    assert full == sorted(full)
    assert full[0] == 0
    assert abs(full[3] - 2 * full[2]) <= 1


@pytest.mark.parametrize("colour", [True, False])
def test_bars_fit_and_name_their_values(colour):
    labels = ["short", "a name that is far too long for a label", "数字" * 9]
    lines = plain(bars(labels, np.array([0.5, 1.0, np.nan]), width=60, longest=1.0, colour=colour))
    assert max(map(columns, lines)) <= 60
    assert [line.split()[-1] for line in lines] == ["0.500", "1.000", "none"]


def test_no_codes_are_written_without_colour():
    lines = bars(["a"], np.array([1.0]), colour=False) + confusion(counts(4), list("abcd"), colour=False)
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize("values", [np.array([-1.0, 1.0]), np.array([1.0])])
def test_bars_that_cannot_be_drawn_are_refused(values):
    with pytest.raises(ValueError, match="must be"):
        bars(["a", "b"], values)
