import os
import signal
import time

import pytest

from dlcli.engine.progress import Progress
from dlcli.engine.stopping import first_of, patience, signals, time_budget
from tests.processes import Child


def test_patience_ends_when_as_many_validations_in_a_row_were_no_better():
    assert [patience(3)(Progress(waited=waited)) for waited in (2, 3, 4)] == [None, "patience", "patience"]


def test_no_patience_never_ends():
    assert patience(0)(Progress(waited=10**6)) is None


def test_a_time_budget_ends_when_it_is_spent_and_not_before():
    stop = time_budget(0.05)
    assert stop(Progress()) is None
    time.sleep(0.06)
    assert stop(Progress()) == "time"


def test_no_time_budget_never_ends():
    assert time_budget(None)(Progress()) is None


def test_the_first_rule_with_a_reason_is_the_one_that_is_named():
    rules = [lambda progress: None, lambda progress: "one", lambda progress: "two"]
    assert first_of(*rules)(Progress()) == "one"
    assert first_of(rules[0])(Progress()) is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_becomes_a_reason_to_stop(number):
    with signals() as stop:
        assert stop(Progress()) is None
        os.kill(os.getpid(), number)
        assert stop(Progress()) == number.name


def test_signals_act_as_before_once_training_is_over():
    before = signal.getsignal(signal.SIGINT)
    with signals():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_a_second_signal_ends_the_process_at_once(tmp_path):
    child = Child(tmp_path, _catch_for_a_minute)
    child.until(lambda: "ready" in child.out.read_text())
    child.send(signal.SIGTERM)
    child.until(lambda: "SIGTERM" in child.out.read_text())
    child.send(signal.SIGINT)
    assert child.wait() == -signal.SIGINT


def _catch_for_a_minute():
    with signals() as stop:
        print("ready", flush=True)
        end, told = time.monotonic() + 60, False
        while time.monotonic() < end:
            time.sleep(0.01)
            if not told and stop(Progress()):
                print(stop(Progress()), flush=True)
                told = True
