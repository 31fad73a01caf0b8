import itertools

import numpy as np
import pytest

from dlcli.data import densities
from dlcli.options.common import DataOptions


@pytest.mark.parametrize(("name", "modes"), [("ring", 8), ("grid", 25)])
def test_all_modes_have_the_same_number_of_points_around_them(name, modes):
    facts = densities.mixture(name)
    points = densities.draw(facts, 20_000, [3])
    offsets = points[:, None] - np.asarray(facts.modes)[None]
    nearest = np.linalg.norm(offsets, axis=-1).argmin(axis=1)
    assert len(facts.modes) == modes
    np.testing.assert_allclose(np.bincount(nearest) / 20_000, 1 / modes, atol=0.01)
    own = offsets[np.arange(20_000), nearest]
    np.testing.assert_allclose(own.std(axis=0), facts.std, rtol=0.03)


def test_a_batch_depends_on_the_seed_and_the_step_only():
    options = DataOptions(dataset="ring", batch_size=4)
    data, other = densities.read(options, 1), densities.read(options, 2)
    late = next(itertools.islice(data.train_from(0), 5, None))["point"]
    assert np.array_equal(late, next(data.train_from(5))["point"])
    assert not np.array_equal(late, next(other.train_from(5))["point"])


def test_held_out_points_are_the_same_for_every_seed():
    options = DataOptions(dataset="grid", batch_size=64)
    data, other = densities.read(options, 0), densities.read(options, 2)
    validation, again, test = (
        np.concatenate([batch["point"][batch["mask"] > 0] for batch in split])
        for split in (data.validation, other.validation, data.test)
    )
    assert len(validation) == data.sizes["validation"] == 2_500
    assert np.array_equal(validation, again)
    train = next(data.train_from(0))["point"]
    assert len({tuple(point) for part in (train, validation, test) for point in part.tolist()}) == 64 + 2 * 2_500
