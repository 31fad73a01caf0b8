"""The learning-rate range test: what it chooses, and that the run it starts is an ordinary one."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dlcli import engine
from dlcli.engine import range_test
from dlcli.engine.range_test import RangeTest
from dlcli.errors import UsageError
from dlcli.optim.schedules import RANGE_TEST, schedule
from dlcli.techniques.mlp.learner import Learner
from dlcli.techniques.mlp.options import Train
from tests.comparing import assert_same_run

SMALL = {"batch_size": 16, "points": 60, "hidden_sizes": "6,4", "steps": 6, "report_every": 2, "validate_every": 3}
RATES = np.geomspace(1e-6, 10, 71)


def train(folder, **options):
    return list(engine.fit(Learner, Train(**SMALL, **options, out=folder)))


@pytest.fixture(scope="module")
def tested(tmp_path_factory):
    """The events and the folder of a run with the learning rate of a range test."""
    folder = tmp_path_factory.mktemp("runs") / "auto"
    return train(folder, learning_rate="auto"), folder


def test_the_rate_of_a_range_test_grows_by_a_constant_factor_to_the_peak():
    rates = np.asarray(jax.vmap(schedule(RANGE_TEST, 10.0, 100, 0))(jnp.arange(100)))
    np.testing.assert_allclose(rates[1:] / rates[:-1], 10 ** (7 / 100), rtol=1e-4)
    assert rates[-1] == pytest.approx(10.0)


def test_the_chosen_rate_is_a_third_of_that_with_the_lowest_loss():
    losses = 1 + (np.log10(RATES) + 2) ** 2  # lowest at 0.01
    assert RangeTest(RATES.tolist(), losses.tolist()).chosen == pytest.approx(0.01 / 3, rel=0.02)


def test_a_single_low_loss_does_not_choose_the_rate():
    losses = 1 + (np.log10(RATES) + 2) ** 2
    losses[5] = 0.9
    assert RangeTest(RATES.tolist(), losses.tolist()).chosen == pytest.approx(0.01 / 3, rel=0.02)


def test_the_chosen_rate_is_recorded_in_the_run(tested):
    events, folder = tested
    test = next(event.test for event in events if isinstance(event, engine.RangeTested))
    assert json.loads((folder / "options.json").read_text())["learning_rate"] == test.chosen
    recorded = json.loads((folder / "run.json").read_text())["range_test"]
    assert (recorded["learning_rate"], recorded["losses"]) == (test.chosen, list(test.losses))


def test_a_run_with_a_chosen_rate_is_the_run_with_that_rate(tested, tmp_path):
    chosen = json.loads((tested[1] / "options.json").read_text())["learning_rate"]
    train(tmp_path / "given", learning_rate=chosen)
    assert_same_run(tested[1], tmp_path / "given")


def test_a_loss_that_falls_at_no_rate_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(range_test, "_measured", lambda *arguments: ([1e-6, 1e-5, 1e-4], [1.0, 2.0, 3.0]))
    with pytest.raises(UsageError, match="the training loss falls at none from 1e-06"):
        train(tmp_path / "none", learning_rate="auto")
    assert not (tmp_path / "none").exists()


def test_a_resumed_run_takes_no_range_test(tested):
    with pytest.raises(UsageError, match="on resume give a number"):
        list(engine.resume(Learner, tested[1], {"learning_rate": "auto", "steps": 9}))


def test_a_technique_with_two_losses_has_no_range_test(dlcli):
    code, _, error = dlcli("train", "gan", "--learning-rate", "auto")
    assert code == 2
    assert "--learning-rate must be a number, since a range test is for a single loss" in error


def test_the_chosen_rate_is_shown(dlcli):
    small = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]
    code, _, error = dlcli("train", "mlp", *small, "--learning-rate", "auto", "--out", "shown")
    assert code == 0
    chosen = json.loads(Path("shown/options.json").read_text())["learning_rate"]
    assert f"learning rate {chosen:g} · a third of " in error


def test_a_requeued_run_keeps_the_chosen_rate(dlcli):
    small = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]
    command = ("train", "mlp", *small, "--learning-rate", "auto", "--out", "queued", "--resume-if-exists")
    assert dlcli(*command)[0] == 0
    options = Path("queued/options.json").read_text()
    assert dlcli(*command)[0] == 0
    assert Path("queued/options.json").read_text() == options
