import numpy as np

from dlcli.figures.json_values import to_json


def test_floats_have_six_significant_digits():
    assert to_json(np.float32(0.1)) == 0.1
    assert to_json(np.array([[1 / 3, 2e-9]])) == [[0.333333, 2e-9]]
    assert to_json(np.array([123456789])) == [123456789]


def test_non_finite_values_are_none():
    assert to_json([np.nan, np.inf, 1.5]) == [None, None, 1.5]
