import functools
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dlcli.errors import UsageError
from dlcli.optim.schedules import schedule
from dlcli.options.common import ScheduleName

NAMES = get_args(ScheduleName)
LAST = {
    "constant": 1.0,
    "linear": 1 / 80,
    "cosine": (1 + np.cos(np.pi * 79 / 80)) / 2,
    "inverse-sqrt": np.sqrt(21 / 100),
    "step": 0.01,
    "cosine-restarts": (1 + np.cos(np.pi * 45 / 46)) / 2,  # 80 steps are cycles of 11, 23 and 46
    "one-cycle": 4e-6 + (1 - 4e-6) * (1 + np.cos(np.pi * 79 / 80)) / 2,
}


@functools.cache
def rates(name: str, peak: float, steps: int, warmup: int) -> np.ndarray:
    """Return the learning rate of each step of a run, and of the step after it."""
    return np.asarray(jax.jit(jax.vmap(schedule(name, peak, steps, warmup)))(jnp.arange(steps + 1)))


@pytest.mark.parametrize("name", NAMES)
def test_the_step_after_the_warm_up_is_the_first_at_the_peak(name):
    rate = rates(name, 1.0, 100, 20)
    np.testing.assert_allclose(rate[20], 1.0, rtol=1e-6)
    assert rate[:20].max() < 1.0


@pytest.mark.parametrize("name", NAMES)
def test_no_step_of_a_run_has_the_rate_zero(name):
    assert rates(name, 1.0, 100, 20)[:100].min() > 0


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"one-cycle"}))
def test_the_warm_up_grows_by_equal_amounts_from_its_first_step(name):
    np.testing.assert_allclose(rates(name, peak=1.0, steps=10, warmup=3)[:4], [0.25, 0.5, 0.75, 1.0], rtol=1e-6)


@pytest.mark.parametrize(("name", "last"), LAST.items())
def test_the_last_step_has_the_rate_of_the_closed_form(name, last):
    np.testing.assert_allclose(rates(name, 1.0, 100, 20)[99], last, rtol=1e-3)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"one-cycle"}))
def test_without_warm_up_the_first_step_is_at_the_peak(name):
    assert rates(name, 0.3, 10, 0)[0] == pytest.approx(0.3)


@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_a_decay_to_zero_is_at_half_the_peak_in_the_middle(name):
    np.testing.assert_allclose(rates(name, 1.0, 100, 20)[60], 0.5, rtol=1e-5)


def test_inverse_sqrt_is_the_schedule_of_the_transformer_paper():
    numbers = np.arange(1, 1_002)  # the paper counts steps from 1
    paper = np.minimum(numbers**-0.5, numbers * 40**-1.5) * 40**0.5
    np.testing.assert_allclose(rates("inverse-sqrt", peak=1.0, steps=1_000, warmup=39), paper, rtol=1e-5)


def test_one_cycle_has_the_constants_of_fastai():
    rate = rates("one-cycle", peak=1.0, steps=100, warmup=0)
    np.testing.assert_allclose(rate[[0, 30, 100]], [1 / 25, 1.0, 1 / 250_000], rtol=1e-5)


def test_a_step_schedule_divides_the_rate_by_ten_twice():
    np.testing.assert_allclose(rates("step", 1.0, 100, 20)[[59, 60, 79, 80]], [1.0, 0.1, 0.1, 0.01], rtol=1e-5)


def test_each_restart_begins_at_the_peak_and_doubles_the_cycle():
    rate = rates("cosine-restarts", 1.0, 70, 0)[:70]
    assert np.flatnonzero(rate == 1.0).tolist() == [0, 10, 30]


@pytest.mark.parametrize("name", NAMES)
def test_a_compiled_rate_takes_the_unsigned_steps_that_nnx_counts(name):
    compiled = jax.jit(jax.vmap(schedule(name, peak=1.0, steps=100, warmup=20)))
    steps = np.array([0, 19, 20, 99])
    np.testing.assert_allclose(compiled(steps.astype(np.uint32)), rates(name, 1.0, 100, 20)[steps], rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_of_one_step_runs_at_the_peak(name):
    assert rates(name, 0.2, 1, 0)[0] == pytest.approx(0.2)


@pytest.mark.parametrize("warmup", [10, 11])
def test_a_warm_up_that_leaves_no_step_for_the_peak_is_refused(warmup):
    with pytest.raises(UsageError, match=f"--warmup-steps must be smaller than --steps, got {warmup} of 10"):
        schedule("cosine", peak=1.0, steps=10, warmup=warmup)
