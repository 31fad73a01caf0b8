import pytest
from scipy.stats import binomtest

from dlcli.metrics.intervals import wilson


@pytest.mark.parametrize(("hits", "trials"), [(0, 10), (3, 10), (10, 10), (1, 1), (987, 1000), (50_000, 100_000)])
def test_the_interval_equals_that_of_scipy(hits, trials):
    reference = binomtest(hits, trials).proportion_ci(method="wilson")
    assert wilson(hits, trials) == pytest.approx((reference.low, reference.high), abs=1e-7)


def test_the_interval_without_trials_is_0_to_1():
    assert wilson(0, 0) == (0.0, 1.0)
