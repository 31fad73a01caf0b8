import time

from dlcli.engine.stopping import first_of, patience, time_budget
from dlcli.runs.progress import Progress


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
