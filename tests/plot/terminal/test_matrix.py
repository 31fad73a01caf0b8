import re

import numpy as np

from dlcli.plot.terminal.matrix import matrix

CODE = re.compile(r"\x1b\[[0-9;]*m")


def plain(lines):
    return [CODE.sub("", line) for line in lines]


def test_the_largest_value_is_the_darkest():
    lines = matrix(np.array([[1, 9], [3, 5]]), (["a", "b"], ["c", "d"]), colour=False)
    assert lines[1].count("█") == 1
    assert lines[1].index("█") > lines[1].index("1")
    assert "█" not in lines[2]


def test_the_largest_value_is_the_darkest_in_colour():
    lines = matrix(np.array([[1, 9], [3, 5]]), (["a", "b"], ["c", "d"]))
    backgrounds = [sum(map(int, codes.split(";"))) for line in lines for codes in re.findall(r"48;2;([0-9;]*)m", line)]
    assert np.argmin(backgrounds) == 1


def test_cells_contain_their_values_if_they_fit():
    lines = plain(matrix(np.array([[170, 5], [9, 140]]), (["cat", "dog"], ["cat", "dog"])))
    assert [line.split() for line in lines] == [["cat", "dog"], ["cat", "170", "5"], ["dog", "9", "140"]]


def test_long_column_labels_are_numbered():
    names = [f"a long name {number}" for number in range(8)]
    lines = matrix(np.zeros((2, 8), dtype=int), (["x", "y"], names), colour=False)
    assert lines[0].split() == [str(number) for number in range(8)]
    assert "0 a long name 0, 1 a long name 1" in " ".join(lines)
