import time

import pytest

from dlcli.engine import in_flight
from dlcli.engine.in_flight import InFlight


class Result:
    """The result of a step: computed once it was waited for, or once the device has reached it."""

    def __init__(self, seconds=0.0):
        self.ready, self.seconds = False, seconds

    def is_ready(self):
        return self.ready

    def block_until_ready(self):
        time.sleep(0 if self.ready else self.seconds)
        self.ready = True
        return self


@pytest.fixture(autouse=True)
def _no_delay(monkeypatch):
    monkeypatch.setattr(in_flight, "_POLL_SECONDS", 0.0)


def in_flight_after(steps, seconds):
    """Run steps of this duration; return how many of the last ones are not waited for."""
    ahead, results = InFlight(), [Result(seconds) for _ in range(steps)]
    for step, result in enumerate(results, start=1):
        ahead.add(step, result)
    return sum(not result.ready for result in results)


def test_at_most_one_slow_step_is_in_flight():
    assert in_flight_after(3, seconds=0.6) == 0


def test_half_a_second_of_work_is_in_flight():
    assert 3 <= in_flight_after(20, seconds=0.1) <= 5


def test_fast_steps_are_dispatched_far_ahead():
    assert in_flight_after(400, seconds=0.001) > 32


def test_each_computed_step_is_polled_once():
    ahead, results = InFlight(), [Result() for _ in range(3)]
    ahead._limit = 3
    for step, result in enumerate(results, start=1):
        ahead.add(step, result)
    assert ahead.poll() is None
    results[0].ready = results[1].ready = True
    assert ahead.poll() == (2, results[1])
    assert ahead.poll() is None
