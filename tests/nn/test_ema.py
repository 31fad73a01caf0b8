import numpy as np
import pytest
from flax import nnx

from dlcli.nn.ema import EMA


@pytest.fixture
def layer():
    return nnx.Linear(2, 1, rngs=nnx.Rngs(0))


def average_of(layer, ema, values):
    """The average of one weight after it took these values in turn."""
    for value in values:
        layer.kernel[...] = np.full([2, 1], value, np.float32)
        ema.update(layer)
    return float(ema.apply_to(layer).kernel[0, 0])


def test_the_first_update_has_a_decay_of_one_tenth(layer):
    start = float(layer.kernel[0, 0])
    assert average_of(layer, EMA(layer, 0.999), [5.0]) == pytest.approx(0.1 * start + 0.9 * 5.0)


def test_after_the_warmup_the_decay_is_constant(layer):
    ema = EMA(layer, 0.5)  # reached at update 8
    before = average_of(layer, ema, [1.0] * 8)
    assert average_of(layer, ema, [3.0]) == pytest.approx(0.5 * before + 0.5 * 3.0)


def test_the_weights_of_the_module_are_unchanged(layer):
    average_of(layer, EMA(layer, 0.9), [2.0, 4.0])
    assert float(layer.kernel[0, 0]) == 4.0
