import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import sqrtm

from dlcli.metrics import frechet
from dlcli.metrics.frechet import Frechet
from dlcli.metrics.metric import add


def features(seed, count, shift=0.0):
    drawn = np.random.default_rng(seed).normal(shift, 1.0, [count, 6])
    return (drawn @ np.random.default_rng(seed + 100).normal(size=[6, 6])).astype(np.float32)


def test_the_distance_equals_the_closed_form():
    one, other = features(0, 50), features(1, 80, shift=0.5)
    covariances = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    root = sqrtm(covariances[0] @ covariances[1]).real
    expected = np.square(one.mean(0) - other.mean(0)).sum() + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert Frechet.of((jnp.asarray(one), jnp.asarray(other))).value() == pytest.approx(expected, rel=1e-4)


def test_sums_over_padded_batches_give_the_distance_of_the_whole_set():
    one, other = features(0, 40), features(1, 40)
    totals = None
    for start, size in ((0, 16), (16, 16), (32, 8)):
        rows = [jnp.asarray(np.resize(each[start : start + size], [16, 6])) for each in (one, other)]
        where = jnp.asarray(np.arange(16) < size, jnp.float32)
        part = {"distance": Frechet.of(tuple(rows), (where, where))}
        totals = part if totals is None else add(totals, part)
    whole = Frechet.of((jnp.asarray(one), jnp.asarray(other)))
    assert totals["distance"].value() == pytest.approx(whole.value(), rel=1e-4)
    assert totals["distance"].describe()["n"] == [40, 40]


def test_the_distance_of_equal_sets_is_zero():
    one = jnp.asarray(features(0, 60))
    assert Frechet.of((one, one)).value() == pytest.approx(0.0, abs=1e-3)


def test_the_distance_of_a_shifted_set_is_the_squared_shift():
    one = jnp.asarray(features(0, 60))
    assert Frechet.of((one, one + 3.0)).value() == pytest.approx(6 * 9.0, rel=1e-4)


def test_the_distance_of_a_single_example_is_nan():
    one = jnp.ones([1, 6])
    assert np.isnan(Frechet.of((one, one)).value())


@pytest.mark.parametrize(("samples", "real", "few"), [(500, 500, False), (499, 10_000, True), (10_000, 359, True)])
def test_a_distance_of_few_images_has_a_warning(samples, real, few):
    numbers, below = frechet.with_warning({"use": "best"}, {"value": 1.0, "n": [samples, real]})
    assert ("warning" in numbers, bool(below)) == (few, few)
    assert numbers["use"] == "best"
    if few:
        assert f"{samples:,} generated, {real:,} real" in numbers["warning"]
        assert below[0].title == f"warning: {numbers['warning']}"


def test_a_distance_that_is_nan_is_shown_as_a_dash():
    assert frechet.format_distance({"value": float("nan")}) == "–"


def test_a_distance_is_shown_with_two_decimals():
    assert frechet.format_distance({"value": 1268.756}) == "1,268.76"
