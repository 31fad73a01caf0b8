import numpy as np
import pytest
from flax import nnx

from dlcli.nn.average import Average


@pytest.fixture
def line():
    return nnx.Linear(2, 1, rngs=nnx.Rngs(0))


def moved(line, average, values):
    """The average of one weight after it has had these values."""
    for value in values:
        line.kernel[...] = np.full([2, 1], value, np.float32)
        average.update(line)
    return float(average.apply_to(line).kernel[0, 0])


def test_the_first_update_leaves_a_tenth_of_the_untrained_weights(line):
    start = float(line.kernel[0, 0])
    assert moved(line, Average(line, 0.999), [5.0]) == pytest.approx(0.1 * start + 0.9 * 5.0)


def test_later_it_is_an_exponential_average(line):
    average = Average(line, 0.5)  # reached at update 8
    before = moved(line, average, [1.0] * 8)
    assert moved(line, average, [3.0]) == pytest.approx(0.5 * before + 0.5 * 3.0)


def test_the_weights_themselves_stay_as_they_are(line):
    moved(line, Average(line, 0.9), [2.0, 4.0])
    assert float(line.kernel[0, 0]) == 4.0
