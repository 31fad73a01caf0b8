import jax
import numpy as np
import pytest

from dlcli import figures
from dlcli.data.images.batches import ImageFacts
from dlcli.errors import UsageError
from dlcli.figures.options.images import ReceptiveField
from dlcli.figures.receptive_field import effective, measure, outside
from dlcli.plot.charts.receptive_field import Box
from dlcli.techniques.cnn.learner import Learner
from dlcli.techniques.cnn.options import Train

SIDE = 16


def network(**options):
    facts = ImageFacts(image=(SIDE, SIDE, 1), classes=("a", "b"), mean=(0.5,), std=(0.2,))
    learner = Learner(Train(channels=4, hidden=0, **options), facts)
    learner.eval()
    return learner


def images(count=2):
    return np.random.default_rng(0).integers(0, 256, [count, SIDE, SIDE, 1], dtype=np.uint8)


def numbers(**options):
    small = {} if "run" in options else {"channels": 4, "image_size": SIDE, "samples": 2}
    return figures.draw("receptive-field", ReceptiveField(**{**small, **options})).numbers


@pytest.mark.parametrize("side", [1, 2, 5])
def test_the_effective_size_of_a_constant_square_is_its_side(side):
    gradient = np.zeros([9, 9])
    gradient[2 : 2 + side, 1 : 1 + side] = 0.3
    assert effective(gradient) == pytest.approx(side)


def test_a_concentrated_gradient_has_a_smaller_effective_size():
    across = np.exp(-np.square(np.arange(-4, 5)) / 4)
    assert 1 < effective(np.outer(across, across)) < 9


def test_a_zero_gradient_has_no_effective_size():
    assert np.isnan(effective(np.zeros([3, 3])))


def test_the_fraction_outside_a_box():
    assert outside(np.ones([4, 4]), Box(-2, 0, 4, 4)) == pytest.approx(0.5)
    assert outside(np.ones([4, 4]), Box(-1, -1, 9, 9)) == 0


def test_the_gradient_is_that_of_the_sum_over_channels():
    learner, batch = network(stages=1), images()
    measured = measure(learner, batch, {"conv1": (3, 4)})["conv1"]

    def total(pixels):
        maps = dict(learner.network.backbone.feature_maps(learner.normalize(pixels)))
        return maps["conv1"][:, 3, 4].sum()

    expected = np.abs(jax.grad(total)(batch / np.float32(255))).mean(axis=0)[..., 0]
    np.testing.assert_allclose(measured, expected, rtol=1e-5)


def test_the_gradient_is_zero_outside_the_theoretical_field():
    drawn = numbers(unit="1,2")
    assert drawn["gradient_outside"] == 0
    assert np.sum(drawn["gradient"]) > 0


def test_a_pixel_outside_the_field_does_not_change_the_unit():
    learner, [image] = network(), images(1)
    changed = image.copy()
    changed[12:] = 255 - changed[12:]
    before, after = (
        dict(learner.network.backbone.feature_maps(learner.normalize(x[None] / np.float32(255))))
        for x in (image, changed)
    )
    np.testing.assert_array_equal(before["pool2"][0, 1], after["pool2"][0, 1])  # rows 2 to 11 of the image
    assert np.any(before["pool2"][0, 2] != after["pool2"][0, 2])


def test_the_title_explains_a_gradient_outside_the_field():
    drawn = figures.draw(
        "receptive-field", ReceptiveField(channels=4, stages=1, image_size=SIDE, samples=2, norm="group", layer="conv1")
    )
    assert drawn.numbers["gradient_outside"] > 0.01
    assert "outside the field (group normalization)" in " ".join(drawn.drawing.get_suptitle().split())


def test_sizes_follow_the_recurrence_over_kernels_and_strides():
    layers = numbers()["layers"]
    assert [(each["layer"], each["size"], each["stride"]) for each in layers] == [
        ("conv1", 3, 1),
        ("pool1", 4, 2),
        ("conv2", 8, 2),
        ("pool2", 10, 4),
    ]


def test_neighbouring_units_are_one_stride_apart():
    first, second = (numbers(layer="pool1", unit=unit) for unit in ("2,2", "2,3"))
    assert [each["layer"] for each in first["layers"]] == ["conv1", "pool1"]
    assert second["field"]["left"] - first["field"]["left"] == first["stride"] == 2


def test_a_run_determines_the_network(cnn_run):
    drawn = numbers(run=str(cnn_run), layer="conv2")
    assert np.shape(drawn["gradient"]) == (8, 8)
    assert drawn["images"] == 16


def test_a_unit_outside_the_layer_is_rejected():
    with pytest.raises(UsageError, match="--unit must be one of the 4 × 4 units of pool2, got 0,4"):
        numbers(unit="0,4")


@pytest.mark.parametrize("unit", ["4", "1,2,3", "a,b", "-1,0", ","])
def test_a_unit_must_be_a_row_and_a_column(unit):
    with pytest.raises(ValueError, match="must be a row and a column"):
        ReceptiveField(unit=unit)


def test_an_architecture_conflicts_with_a_run():
    with pytest.raises(ValueError, match="--arch conflicts with --run"):
        ReceptiveField(run="cnn", arch="resnet")
