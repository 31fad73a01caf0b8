import numpy as np
import pytest
from scipy import stats

from dlcli.studies.statistics import estimate, paired

VALUES = [0.91, 0.93, 0.9, 0.95]


def test_the_interval_is_that_of_students_t():
    found = estimate(VALUES)
    low, high = stats.t.interval(0.95, 3, loc=np.mean(VALUES), scale=stats.sem(VALUES))
    assert (found.mean, found.low, found.high) == pytest.approx((np.mean(VALUES), low, high))
    assert found.count == 4


def test_95_percent_of_the_intervals_contain_the_mean():
    samples = np.random.default_rng(0).normal(2.0, 3.0, [4_000, 5])
    held = np.mean([found.low <= 2.0 <= found.high for found in map(estimate, samples)])
    assert held == pytest.approx(0.95, abs=0.012)  # 3.5 standard errors of a share of 4,000


def test_a_single_value_has_no_interval():
    found = estimate([0.5])
    assert found.mean == 0.5
    assert np.isnan([found.low, found.high]).all()


def test_a_paired_difference_cancels_the_effect_of_the_seed():
    seeds = np.array([0.0, 0.3, -0.2, 0.5])
    found = paired(0.9 + seeds, 0.8 + seeds)
    assert (found.mean, found.low, found.high) == pytest.approx((0.1, 0.1, 0.1))
