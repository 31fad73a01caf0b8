import jax.numpy as jnp
import numpy as np
import pytest

from dlcli.metrics.metric import add
from dlcli.metrics.modes import Modes, ModesFound

MODES = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))


def drawn(count=4_000, modes=MODES, std=0.02):
    random = np.random.default_rng(0)
    return jnp.asarray(np.array(modes)[random.integers(len(modes), size=count)] + random.normal(0, std, [count, 2]))


def test_points_of_the_density_have_a_small_total_variation_distance():
    found = Modes.of(drawn(), MODES, 0.02)
    assert found.value() < 0.03
    assert found.hits.sum() / found.points == pytest.approx(1 - np.exp(-4.5), abs=0.01)


def test_a_missed_mode_adds_its_probability_to_the_distance():
    found = Modes.of(drawn(modes=MODES[:3]), MODES, 0.02)
    assert found.value() == pytest.approx(1 / 4, abs=0.03)
    assert ModesFound(found.hits).describe() == {"value": 3, "of": 4}


def test_points_beyond_three_standard_deviations_belong_to_no_mode():
    points = jnp.array([[0.0, 0.059], [0.0, 0.061]])
    assert Modes.of(points, MODES, 0.02).hits.tolist() == [1, 0, 0, 0]


def test_sums_over_padded_batches_give_the_modes_of_the_whole_set():
    points = drawn(100)
    where = jnp.asarray(np.arange(50) < 30, jnp.float32)
    parts = [{"modes": Modes.of(points[:50], MODES, 0.02)}, {"modes": Modes.of(points[50:], MODES, 0.02, where)}]
    whole = Modes.of(points[:80], MODES, 0.02)
    assert add(*parts)["modes"].describe() == whole.describe()
