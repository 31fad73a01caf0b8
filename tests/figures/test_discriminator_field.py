import numpy as np
import pytest

from dlcli.data.densities import DensityFacts
from dlcli.errors import RunError
from dlcli.figures import discriminator_field
from dlcli.figures.options.generative import DiscriminatorField
from tests.reading import draw


def test_the_optimum_is_the_ratio_of_the_densities():
    real, generated = np.array([[0.3, 0.1, 0.0]]), np.array([[0.1, 0.1, 0.0]])
    np.testing.assert_allclose(discriminator_field.optimal(real, generated), [[0.75, 0.5, np.nan]])


def test_the_masses_of_the_cells_sum_to_one():
    density = DensityFacts(modes=((1.0, 0.0), (-1.0, 0.5)), std=0.05)
    centers = np.linspace(-2, 2, 40)
    masses = discriminator_field._cell_masses(density, centers)
    assert masses.sum() == pytest.approx(1)
    row, column = np.unravel_index(masses[:, 20:].argmax(), (40, 20))
    assert centers[row] == pytest.approx(0, abs=0.1)
    assert centers[20 + column] == pytest.approx(1, abs=0.1)


def test_the_difference_is_between_0_and_1(gan_density_run):
    found = draw(DiscriminatorField(run=str(gan_density_run))).numbers
    assert 0 < found["mean_absolute_difference"] < 1
    values = np.array(found["discriminator"])
    assert values.shape == (96, 96)
    assert ((values > 0) & (values < 1)).all()


def test_a_run_of_images_is_refused(gan_run):
    with pytest.raises(RunError, match="needs a run of --dataset grid or --dataset ring"):
        draw(DiscriminatorField(run=str(gan_run)))
