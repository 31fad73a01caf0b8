import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dlcli.engine import in_flight
from dlcli.engine.in_flight import InFlight


@jax.jit
def slow(x):
    def wait(x):
        time.sleep(0.12)
        return np.asarray(x)

    return jax.pure_callback(wait, jax.ShapeDtypeStruct([], jnp.float32), x)


@pytest.fixture(autouse=True)
def _no_delay(monkeypatch):
    monkeypatch.setattr(in_flight, "_NEWS_SECONDS", 0.0)


def test_a_step_that_takes_long_is_waited_for_so_that_an_interruption_waits_for_no_other(monkeypatch):
    monkeypatch.setattr(in_flight, "_AHEAD_SECONDS", 0.1)  # less than the step takes
    steps, x = InFlight(), jnp.zeros([])
    for step in (1, 2, 3):
        x = slow(x)
        steps.add(step, x)
        assert x.is_ready()
        assert steps.news() == (step, x)


def test_fast_steps_are_dispatched_ahead_and_only_those_that_are_done_are_told():
    steps = InFlight()
    steps._limit = 2  # as if steps took a sixth of a second
    results = [slow(jnp.zeros([]) + number) for number in range(2)]
    for number, result in enumerate(results):
        steps.add(number + 1, result)
    assert steps.news() is None
    jax.block_until_ready(results)
    assert steps.news() == (2, results[1])
    assert steps.news() is None
