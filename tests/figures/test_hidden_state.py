from pathlib import Path

import numpy as np
import pytest

from dlcli import engine, figures
from dlcli.errors import UsageError
from dlcli.figures.options.text import HiddenState
from dlcli.techniques.rnn.learner import Learner


def numbers(run, **options):
    return figures.draw("hidden-state", HiddenState(run=str(run), **options)).numbers


def test_the_activations_are_the_outputs_of_the_layer(rnn_run):
    learner = engine.load(Path(rnn_run), Learner)
    last, first = numbers(rnn_run, text="He left"), numbers(rnn_run, text="He left", layer=1)
    tokens = learner.facts.load().encode("He left")[None].astype(np.int32)
    layers, _ = learner.network.layer_states(tokens, learner.network.stack.initial_carry(1))
    for drawn, layer in ((first, 0), (last, 1)):
        assert drawn["layer"] == layer + 1
        np.testing.assert_allclose(
            drawn["activations"], layers[layer][:, 0, np.array(drawn["units"])].T, rtol=1e-4, atol=1e-6
        )


def test_units_are_sorted_by_variance(rnn_run):
    drawn = numbers(rnn_run, text="He left it dead", units=5)
    assert len(drawn["units"]) == len(set(drawn["units"])) == 5
    assert drawn["standard_deviations"] == sorted(drawn["standard_deviations"], reverse=True)
    np.testing.assert_allclose(np.std(drawn["activations"], axis=1), drawn["standard_deviations"], rtol=1e-3, atol=1e-6)


def test_a_layer_beyond_the_last_is_rejected(rnn_run):
    with pytest.raises(UsageError, match="--layer must be at most 2"):
        numbers(rnn_run, text="a", layer=3)


def test_one_unit_can_be_chosen(rnn_run):
    every = numbers(rnn_run, text="He left it", units=8)
    for unit in (3, 0):
        found = numbers(rnn_run, text="He left it", unit=str(unit))
        assert found["units"] == [unit]
        assert found["activations"][0] == every["activations"][every["units"].index(unit)]
    assert numbers(rnn_run, text="He left it", unit="max")["units"] == every["units"][:1]


def test_a_unit_beyond_the_last_is_rejected(rnn_run):
    with pytest.raises(UsageError, match="--unit must be less than 8"):
        numbers(rnn_run, text="a", unit="8")


def test_the_picture_of_one_unit_has_a_bar_per_token(rnn_run):
    drawn = figures.draw("hidden-state", HiddenState(run=str(rnn_run), text="He left", unit="1"))
    bars = drawn.drawing.axes[0].patches
    assert [bar.get_height() for bar in bars] == pytest.approx(drawn.numbers["activations"][0], rel=1e-4)
