from typing import get_args

import numpy as np
import pytest

from dlcli import engine, figures
from dlcli.errors import UsageError
from dlcli.figures.options.training import Schedule
from dlcli.optim.schedules import schedule
from dlcli.options.common import ScheduleName
from dlcli.techniques.cnn.learner import Learner


def numbers(**options):
    return figures.draw("schedule", Schedule(**options)).numbers


def test_each_step_has_the_learning_rate_of_its_update():
    drawn = numbers(schedule=("cosine",), steps=20, warmup_steps=5, learning_rate=0.1)
    rate = schedule("cosine", 0.1, 20, 5)
    assert drawn["steps"] == list(range(1, 21))
    np.testing.assert_allclose(drawn["learning_rate"]["cosine"], [rate(step) for step in range(20)], rtol=1e-5)


def test_all_schedules_are_drawn_by_default():
    assert (
        list(numbers(steps=10)["learning_rate"])
        == list(get_args(ScheduleName))
        == ["constant", "linear", "cosine", "inverse-sqrt", "one-cycle", "step", "cosine-restarts"]
    )
    assert list(numbers(schedule=("linear",), steps=10)["learning_rate"]) == ["linear"]


def test_a_long_run_is_drawn_from_its_first_step_to_its_last():
    drawn = numbers(schedule=("linear",), steps=10**9)
    assert (drawn["steps"][0], drawn["steps"][-1]) == (1, 10**9)
    assert len(drawn["steps"]) <= 1_000


def test_a_run_has_its_learning_rates_of_training(cnn_run):
    drawn = numbers(run=str(cnn_run))
    learner = engine.load(cnn_run, Learner)
    np.testing.assert_allclose(
        drawn["learning_rate"]["cosine"], [learner.schedule(step) for step in range(6)], rtol=1e-5, atol=1e-9
    )


def test_a_warm_up_as_long_as_the_run_is_rejected():
    with pytest.raises(UsageError, match="--warmup-steps must be smaller"):
        numbers(steps=5, warmup_steps=5)


def test_the_number_of_steps_conflicts_with_a_run():
    with pytest.raises(ValueError, match="--steps conflicts with --run"):
        Schedule(run="cnn", steps=3)
