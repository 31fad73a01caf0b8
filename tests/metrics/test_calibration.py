import jax.numpy as jnp
import numpy as np
import pytest

from dlcli.metrics.calibration import Calibration


def test_the_calibration_error_is_the_weighted_gap_between_confidence_and_accuracy_per_bin():
    random, bins, gaps = np.random.default_rng(0), 15, []
    confidence, hits = random.integers(16, 65, 40) / np.float32(64), random.random(40) < 0.6
    for low in range(bins):
        inside = [i for i in range(40) if low == min(int(confidence[i] * bins), bins - 1)]
        if inside:
            gaps.append(len(inside) / 40 * abs(np.mean(hits[inside]) - np.mean(confidence[inside])))
    error = Calibration.of(jnp.asarray(confidence), jnp.asarray(hits)).value()
    assert error == pytest.approx(sum(gaps), rel=1e-5)


def test_a_model_that_is_always_certain_and_right_has_no_calibration_error():
    assert Calibration.of(jnp.ones(5), jnp.ones(5, bool)).value() == 0.0
