import numpy as np
import pytest

from dlcli.figures import features
from dlcli.figures.options.images import Features
from dlcli.nn.receptive_field import ReceptiveField, Window
from tests.reading import draw


@pytest.fixture(scope="module")
def drawn(cnn_run):
    return draw(Features(run=str(cnn_run), layer="conv1", units=2, patches=3, steps=40)).numbers


def test_the_optimized_input_excites_a_unit_more_than_any_patch(drawn):
    for each in drawn["channels"]:
        assert each["optimized_activation"] > each["largest_activation_of_a_patch"] > 0


def test_patches_are_sorted_by_activation(drawn):
    for each in drawn["channels"]:
        assert len(each["patch_activations"]) == 3
        assert each["patch_activations"] == sorted(each["patch_activations"], reverse=True)


def test_the_optimized_input_has_the_size_of_the_receptive_field(drawn):
    assert drawn["receptive_field"] == 3
    assert np.shape(drawn["channels"][0]["optimized_input"]) == (3, 3, 1)


def test_a_crop_is_the_receptive_field_of_a_unit():
    image = np.arange(36, dtype=np.uint8).reshape(6, 6, 1)
    field = ReceptiveField().through([Window(3, stride=2, padding=1)])
    inside = features._crop(image, field, 1, 2)  # centred at row 2, column 4
    np.testing.assert_array_equal(inside, image[1:4, 3:6])
    corner = features._crop(image, field, 0, 0)
    assert corner.shape == (3, 3, 1)
    assert (corner[0] == 128).all()
    assert corner[1, 1, 0] == 0
