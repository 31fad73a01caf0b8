import numpy as np
import pytest

from dlcli.figures import gradient_flow
from dlcli.figures.options.text import GradientFlow
from tests.reading import draw


@pytest.fixture(scope="module")
def norms():
    options = GradientFlow(length=30, hidden=16, seeds=3)
    return {name: np.array(each) for name, each in draw(options).numbers["relative_gradient_norms"].items()}


def test_each_cell_has_a_norm_per_distance_relative_to_the_last_token(norms):
    assert set(norms) == {"elman", "lstm", "gru"}
    assert all(each.shape == (30,) and each[0] == pytest.approx(1) for each in norms.values())


def test_an_lstm_keeps_more_gradient_than_an_elman_network(norms):
    assert norms["lstm"][20] > 10 * norms["elman"][20]
    assert norms["elman"][20] < 0.05


def test_the_half_distance_is_the_first_below_half():
    assert gradient_flow._half_distance(np.array([1.0, 0.7, 0.4, 0.6, 0.1])) == 2
    assert gradient_flow._half_distance(np.ones(4)) is None


def test_a_run_is_compared_with_its_untrained_self(rnn_run):
    found = draw(GradientFlow(run=str(rnn_run), length=8, seeds=2)).numbers
    assert list(found["relative_gradient_norms"]) == ["trained", "untrained"]
