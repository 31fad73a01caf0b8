import jax
import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from dlcli.metrics import regression
from dlcli.metrics.metric import add

SCALE = 40.0


@pytest.fixture(scope="module")
def pairs():
    """Targets, standardized, and predictions with an error of standard deviation 0.5."""
    random = np.random.default_rng(0)
    y = random.normal(0.2, 1, 400).astype(np.float32)
    return y, (y + random.normal(0, 0.5, 400)).astype(np.float32)


def measured(y, predicted):
    return regression.measure(predicted, y, np.ones(len(y), np.float32), scale=SCALE)


def test_the_values_are_those_of_scikit_learn(pairs):
    y, predicted = pairs
    found = {name: metric.value() for name, metric in measured(y, predicted).items()}
    assert found["r2"] == pytest.approx(r2_score(y, predicted), abs=1e-5)
    assert found["rmse"] == pytest.approx(root_mean_squared_error(y, predicted) * SCALE, rel=1e-5)
    assert found["mae"] == pytest.approx(mean_absolute_error(y, predicted) * SCALE, rel=1e-5)


def test_batches_with_padding_merge_to_the_whole(pairs):
    y, predicted = pairs
    padded = np.concatenate([y[300:], [9.0]]), np.concatenate([predicted[300:], [0.0]])
    mask = np.append(np.ones(100), 0).astype(np.float32)
    first = measured(y[:300], predicted[:300])
    second = regression.measure(padded[1].astype(np.float32), padded[0].astype(np.float32), mask, scale=SCALE)
    merged, whole = add(first, jax.device_get(second)), measured(y, predicted)
    for name, metric in whole.items():
        assert merged[name].describe() == pytest.approx(metric.describe(), rel=1e-4)


@pytest.mark.parametrize(
    ("name", "score", "scale"),
    [("r2", r2_score, 1), ("rmse", root_mean_squared_error, SCALE), ("mae", mean_absolute_error, SCALE)],
)
def test_the_intervals_are_close_to_those_of_the_bootstrap(name, score, scale, pairs):
    y, predicted = pairs
    random = np.random.default_rng(1)
    draws = [score(y[rows], predicted[rows]) * scale for rows in random.integers(0, 400, [500, 400])]
    low, high = np.quantile(draws, [0.025, 0.975])
    found = measured(y, predicted)[name].describe()
    assert found["low"] == pytest.approx(low, abs=0.3 * (high - low))
    assert found["high"] == pytest.approx(high, abs=0.3 * (high - low))


def test_r2_of_equal_targets_has_no_value():
    assert measured(np.ones(5, np.float32), np.zeros(5, np.float32))["r2"].value() is None


def test_the_table_has_each_measure_with_its_interval(pairs):
    described = {name: metric.describe() for name, metric in measured(*pairs).items()}
    table = regression.table("title", described, "price", {"split": "test"})
    assert [row[0] for row in table.rows] == ["R²", "RMSE", "MAE", "loss"]
    assert table.rows[0][2].startswith("95 % interval 0.")
    assert table.numbers["split"] == "test"
