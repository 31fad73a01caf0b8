import jax.numpy as jnp
import numpy as np
import pytest

from dlcli.metrics.calibration import Calibration
from dlcli.metrics.confusion import Confusion
from dlcli.metrics.metric import Mean, OccasionalMean, Rate, add, values

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
def test_sums_over_padded_batches_of_any_size_give_the_metrics_of_the_whole_set(seed):
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


def test_a_mean_is_over_all_values_instead_of_over_batches():
    totals = add({"loss": Mean.of(jnp.array([1.0, 2.0, 3.0]))}, {"loss": Mean.of(jnp.array([10.0]))})
    assert values(totals) == {"loss": 4.0}


def test_a_rate_is_exact_beyond_the_range_of_float32():
    many = Rate(jnp.asarray(2**24), jnp.asarray(2**24))
    total = add({"rate": many}, {"rate": Rate.of(jnp.array([True, False]))})["rate"]
    assert (int(total.hits), int(total.trials)) == (2**24 + 1, 2**24 + 2)


def test_a_rate_of_a_matrix_counts_every_entry_that_is_not_padding():
    hits, where = jnp.array([[True, False], [True, True]]), jnp.array([[1.0, 1.0], [1.0, 0.0]])
    assert Rate.of(hits, where).describe()["n"] == 3
    assert Rate.of(hits, where).value() == pytest.approx(2 / 3)


def test_values_exclude_metrics_that_are_not_a_single_number():
    assert values(measured(np.arange(COUNT))).keys() == {"loss", "accuracy", "calibration"}


def test_the_mean_of_nothing_is_reported_unless_it_is_occasional():
    nothing, something = jnp.zeros(1), jnp.ones(1)
    kinds = {"mean": Mean, "occasional": OccasionalMean}
    assert values({name: kind.of(jnp.asarray([3.0]), nothing) for name, kind in kinds.items()}) == {"mean": 0.0}
    measured = {name: kind.of(jnp.asarray([3.0]), something) for name, kind in kinds.items()}
    assert values(measured) == {"mean": 3.0, "occasional": 3.0}
    nothing = OccasionalMean.of(jnp.asarray([3.0]), nothing)
    assert nothing.describe() == {"value": None, "n": 0.0}
