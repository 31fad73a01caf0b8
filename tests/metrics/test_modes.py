import jax.numpy as jnp
import numpy as np
import pytest

from dlcli.metrics.metric import add
from dlcli.metrics.modes import Found, Modes

MODES = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))


def drawn(count=4_000, modes=MODES, deviation=0.02):
    random = np.random.default_rng(0)
    return jnp.asarray(
        np.array(modes)[random.integers(len(modes), size=count)] + random.normal(0, deviation, [count, 2])
    )


def test_points_of_the_density_itself_are_close_to_the_true_shares():
    found = Modes.of(drawn(), MODES, 0.02)
    assert found.value() < 0.03
    assert found.hits.sum() / found.points == pytest.approx(1 - np.exp(-4.5), abs=0.01)


def test_a_mode_that_is_missed_costs_its_share():
    found = Modes.of(drawn(modes=MODES[:3]), MODES, 0.02)
    assert found.value() == pytest.approx(1 / 4, abs=0.03)
    assert Found(found.hits).describe() == {"value": 3, "of": 4}


def test_points_beyond_three_deviations_are_of_no_mode():
    points = jnp.array([[0.0, 0.059], [0.0, 0.061]])
    assert Modes.of(points, MODES, 0.02).hits.tolist() == [1, 0, 0, 0]


def test_modes_add_up_over_batches_and_leave_padding_out():
    points = drawn(100)
    where = jnp.asarray(np.arange(50) < 30, jnp.float32)
    parts = [{"modes": Modes.of(points[:50], MODES, 0.02)}, {"modes": Modes.of(points[50:], MODES, 0.02, where)}]
    whole = Modes.of(points[:80], MODES, 0.02)
    assert add(*parts)["modes"].describe() == whole.describe()
