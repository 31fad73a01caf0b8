import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix

from dlcli.metrics.metric import Calibration, Confusion, Frechet, Mean, Rate, add, values, wilson

COUNT, BATCH, CLASSES = 40, 16, 4
random = np.random.default_rng(0)
LOSS = random.integers(0, 64, COUNT) / np.float32(8)  # sums of eighths are exact in float32
CONFIDENCE = random.integers(16, 65, COUNT) / np.float32(64)
TRUTH = random.integers(0, CLASSES, COUNT).astype(np.int32)
GUESS = np.where(random.random(COUNT) < 0.6, TRUTH, random.integers(0, CLASSES, COUNT)).astype(np.int32)


def measured(rows, where=None):
    loss, confidence, truth, guess = (jnp.asarray(each[rows]) for each in (LOSS, CONFIDENCE, TRUTH, GUESS))
    return {
        "loss": Mean.of(loss, where),
        "accuracy": Rate.of(truth == guess, where),
        "confusion": Confusion.of(truth, guess, CLASSES, where),
        "calibration": Calibration.of(confidence, truth == guess, where),
    }


@pytest.mark.parametrize("seed", range(3))
def test_batches_of_any_size_add_up_to_the_whole_whatever_fills_them_up(seed):
    order, totals = np.random.default_rng(seed), None
    rows = order.permutation(COUNT)
    while len(rows):
        size = order.integers(1, BATCH + 1)
        taken, rows = rows[:size], rows[size:]
        padding = order.integers(0, COUNT, BATCH - len(taken))
        where = jnp.asarray(np.arange(BATCH) < len(taken), jnp.float32)
        metrics = measured(np.concatenate([taken, padding]), where)
        totals = metrics if totals is None else add(totals, metrics)
    whole = measured(np.arange(COUNT))
    assert {name: metric.describe() for name, metric in totals.items()} == {
        name: metric.describe() for name, metric in whole.items()
    }


def test_a_mean_is_that_of_all_values_and_not_of_the_batches_means():
    totals = add({"loss": Mean.of(jnp.array([1.0, 2.0, 3.0]))}, {"loss": Mean.of(jnp.array([10.0]))})
    assert values(totals) == {"loss": 4.0}


def test_a_rate_counts_on_where_float32_would_stop():
    many = Rate(jnp.asarray(2**24), jnp.asarray(2**24))
    total = add({"rate": many}, {"rate": Rate.of(jnp.array([True, False]))})["rate"]
    assert (int(total.hits), int(total.trials)) == (2**24 + 1, 2**24 + 2)


def test_a_rate_of_a_table_counts_every_cell_that_is_not_padding():
    hits, where = jnp.array([[True, False], [True, True]]), jnp.array([[1.0, 1.0], [1.0, 0.0]])
    assert Rate.of(hits, where).describe()["n"] == 3
    assert Rate.of(hits, where).value() == pytest.approx(2 / 3)


@pytest.mark.parametrize(("hits", "trials"), [(0, 10), (3, 10), (10, 10), (1, 1), (987, 1000), (50_000, 100_000)])
def test_the_interval_of_a_rate_is_wilsons(hits, trials):
    reference = binomtest(hits, trials).proportion_ci(method="wilson")
    assert wilson(hits, trials) == pytest.approx((reference.low, reference.high), abs=1e-7)


def test_a_rate_of_nothing_may_be_anything():
    assert wilson(0, 0) == (0.0, 1.0)


def test_confusion_counts_as_scikit_learn_does():
    counts = measured(np.arange(COUNT))["confusion"].describe()["counts"]
    assert counts == confusion_matrix(TRUTH, GUESS, labels=range(CLASSES)).tolist()


def test_recall_is_the_share_of_each_class_found_and_unknown_for_a_class_without_examples():
    described = Confusion.of(jnp.array([0, 0, 1, 1]), jnp.array([0, 1, 1, 1]), 3).describe()
    assert described["recall"] == [0.5, 1.0, None]
    assert described["examples"] == [2, 2, 0]


def test_calibration_error_is_the_weighted_gap_between_confidence_and_accuracy_in_each_bin():
    bins = 15
    gaps = []
    for low in range(bins):
        inside = [i for i in range(COUNT) if low == min(int(CONFIDENCE[i] * bins), bins - 1)]
        if inside:
            accuracy = np.mean([TRUTH[i] == GUESS[i] for i in inside])
            gaps.append(len(inside) / COUNT * abs(accuracy - np.mean([CONFIDENCE[i] for i in inside])))
    assert measured(np.arange(COUNT))["calibration"].value() == pytest.approx(sum(gaps), rel=1e-5)


def test_calibration_of_a_model_that_is_sure_and_right_has_no_error():
    assert Calibration.of(jnp.ones(5), jnp.ones(5, bool)).value() == 0.0


def test_metrics_that_are_no_single_number_are_left_out_of_a_report():
    assert values(measured(np.arange(COUNT))).keys() == {"loss", "accuracy", "calibration"}


def features(seed, count, shift=0.0):
    drawn = np.random.default_rng(seed).normal(shift, 1.0, [count, 6])
    return (drawn @ np.random.default_rng(seed + 100).normal(size=[6, 6])).astype(np.float32)


def test_the_frechet_distance_is_that_of_the_closed_form():
    one, other = features(0, 50), features(1, 80, shift=0.5)
    covariances = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    root = sqrtm(covariances[0] @ covariances[1]).real
    expected = np.square(one.mean(0) - other.mean(0)).sum() + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert Frechet.of((jnp.asarray(one), jnp.asarray(other))).value() == pytest.approx(expected, rel=1e-4)


def test_the_frechet_distance_adds_up_over_batches_and_leaves_padding_out():
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


def test_the_frechet_distance_of_equal_sets_is_nothing_and_of_shifted_ones_the_square_of_the_shift():
    one = jnp.asarray(features(0, 60))
    assert Frechet.of((one, one)).value() == pytest.approx(0.0, abs=1e-3)
    assert Frechet.of((one, one + 3.0)).value() == pytest.approx(6 * 9.0, rel=1e-4)


def test_the_frechet_distance_needs_two_examples_of_either_set():
    one = jnp.ones([1, 6])
    assert np.isnan(Frechet.of((one, one)).value())
