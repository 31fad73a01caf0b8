import re

import numpy as np
import pytest

from dlcli.plot.terminal.bars import bars
from dlcli.plot.terminal.text import columns

CODE = re.compile(r"\x1b\[[0-9;]*m")


def plain(lines):
    return [CODE.sub("", line) for line in lines]


def test_bars_are_proportional_to_their_values():
    lines = bars(list("abcd"), np.array([0.0, 0.25, 0.5, 1.0]), colour=False)
    full = [line.count("█") for line in lines]
    assert full == sorted(full)
    assert full[0] == 0
    assert abs(full[3] - 2 * full[2]) <= 1


@pytest.mark.parametrize("colour", [True, False])
def test_bars_are_followed_by_their_values(colour):
    labels = ["short", "a label that is far too long", "数字" * 9]
    lines = plain(bars(labels, np.array([0.5, 1.0, np.nan]), width=60, longest=1.0, colour=colour))
    assert max(map(columns, lines)) <= 60
    assert [line.split()[-1] for line in lines] == ["0.500", "1.000", "none"]


@pytest.mark.parametrize("values", [np.array([-1.0, 1.0]), np.array([1.0])])
def test_invalid_values_are_rejected(values):
    with pytest.raises(ValueError, match="must be"):
        bars(["a", "b"], values)


def test_no_codes_are_written_without_colour():
    assert "\x1b" not in "".join(bars(["a"], np.array([1.0]), colour=False))
