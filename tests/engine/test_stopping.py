import time

from dlcli.engine.stopping import first_of, patience, time_budget
from dlcli.runs.progress import Progress


def test_patience_stops_after_n_validations_without_a_new_best():
    assert [patience(3)(Progress(waited=waited)) for waited in (2, 3, 4)] == [None, "patience", "patience"]


def test_patience_0_never_stops():
    assert patience(0)(Progress(waited=10**6)) is None


def test_a_time_budget_stops_when_it_is_spent():
    stop = time_budget(0.05)
    assert stop(Progress()) is None
    time.sleep(0.06)
    assert stop(Progress()) == "time"


def test_without_a_time_budget_training_never_stops():
    assert time_budget(None)(Progress()) is None


def test_the_first_rule_with_a_reason_determines_it():
    rules = [lambda progress: None, lambda progress: "one", lambda progress: "two"]
    assert first_of(*rules)(Progress()) == "one"
    assert first_of(rules[0])(Progress()) is None
