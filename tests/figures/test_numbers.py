import numpy as np

from dlcli.figures.numbers import listed


def test_floats_keep_six_digits_and_whole_numbers_all():
    assert listed(np.float32(0.1)) == 0.1
    assert listed(np.array([[1 / 3, 2e-9]])) == [[0.333333, 2e-9]]
    assert listed(np.array([123456789])) == [123456789]


def test_what_json_cannot_hold_is_none():
    assert listed([np.nan, np.inf, 1.5]) == [None, None, 1.5]
