import numpy as np
import pytest
from PIL import Image

from dlcli import figures
from dlcli.data.images.batches import ImageFacts
from dlcli.errors import DatasetError, UsageError
from dlcli.figures.options.images import Saliency
from dlcli.figures.saliency import explain, saliency_grid
from dlcli.techniques.cnn.learner import Learner
from dlcli.techniques.cnn.options import Train

FACTS = ImageFacts(image=(8, 8, 1), classes=("a", "b", "c"), mean=(0.5,), std=(0.25,))


@pytest.fixture(scope="module")
def learner():
    """A network with average pooling and a linear head, whose gradients have closed forms."""
    learner = Learner(Train(channels=4, stages=1, hidden=0), FACTS)
    learner.eval()
    return learner


@pytest.fixture
def image():
    return np.random.default_rng(1).integers(0, 256, [8, 8, 1], dtype=np.uint8)


def test_grad_cam_before_average_pooling_and_a_linear_head_has_a_closed_form(learner, image):
    importance, _ = explain(learner, "pool1", 2, image)
    [maps] = learner.network.backbone(learner.normalize(image[None] / np.float32(255)))
    weights = np.asarray(learner.network.head.logits.kernel[...])[:, 2]
    expected = np.maximum((np.asarray(maps) * weights).sum(axis=-1), 0) / maps[..., 0].size
    assert importance.shape == (8, 8)
    # Scaled up four times, bilinearly, the four corners keep the values of the corners.
    np.testing.assert_allclose(
        importance[[0, 0, -1, -1], [0, -1, 0, -1]], expected[[0, 0, -1, -1], [0, -1, 0, -1]], atol=1e-6
    )


def test_the_input_gradient_agrees_with_finite_differences(learner, image):
    _, gradient = explain(learner, "conv1", 1, image)

    def logit(pixels):
        return np.asarray(learner.network(learner.normalize(pixels[None])), np.float64)[0, 1]

    pixels, step = image.astype(np.float32) / 255, 0.01
    nudge = np.zeros_like(pixels)
    nudge[3, 5] = step
    slope = (logit(pixels + nudge) - logit(pixels - nudge)) / (2 * step)
    assert gradient[3, 5] == pytest.approx(abs(slope), rel=0.02, abs=1e-4)


def test_the_predicted_class_is_explained_by_default(cnn_run):
    numbers = figures.draw("saliency", Saliency(run=str(cnn_run), index=4)).numbers
    assert (
        numbers["explained_class"]
        == numbers["predicted_class"]
        == max(numbers["probabilities"], key=numbers["probabilities"].get)
    )
    assert sum(numbers["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert figures.draw("saliency", Saliency(run=str(cnn_run), index=4, class_="7")).numbers["explained_class"] == "7"


def test_the_default_layer_is_the_last_convolution(cnn_run):
    assert figures.draw("saliency", Saliency(run=str(cnn_run))).numbers["layer"] == "conv2"


def test_an_image_file_has_no_true_class(cnn_run, tmp_path):
    Image.new("RGB", (40, 20), "white").save(tmp_path / "white.png")
    drawn = figures.draw("saliency", Saliency(run=str(cnn_run), image=tmp_path / "white.png"))
    assert drawn.numbers["true_class"] is None
    assert np.shape(drawn.numbers["input_gradient"]) == (8, 8)
    assert drawn.sketch(80, False)[0].startswith("white.png: predicted")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"index": 180}, UsageError, "--index must be less than 180"),
        ({"class_": "ten"}, UsageError, "--class must be one of 0, 1"),
        ({"layer": "head"}, UsageError, "--layer must be one of conv1"),
        ({"image": "nowhere.png"}, DatasetError, "nowhere.png"),
    ],
)
def test_invalid_names_are_rejected(cnn_run, options, error, message):
    with pytest.raises(error, match=message):
        figures.draw("saliency", Saliency(run=str(cnn_run), **options))


def test_an_image_conflicts_with_an_index():
    with pytest.raises(ValueError, match="--image conflicts with --index"):
        Saliency(image="a.png", index=3)


def test_the_grid_has_input_overlay_and_gradient():
    pixels, gradient = np.random.default_rng(0).random((6, 6, 3)), -np.arange(36.0).reshape(6, 6)
    (row,) = saliency_grid(pixels, np.eye(6), gradient, title="t").rows
    assert [tile.pixels.shape for tile in row.tiles] == [(6, 6, 3), (6, 6, 3), (6, 6)]
    assert row.tiles[2].limits == (0.0, 35.0)
    np.testing.assert_array_equal(row.tiles[2].pixels, -gradient)


def test_an_overlay_without_importance_is_gray():
    pixels = np.random.default_rng(0).random((6, 6, 3))
    overlay = saliency_grid(pixels, np.zeros((6, 6)), np.zeros((6, 6)), title="t").rows[0].tiles[1].pixels
    np.testing.assert_allclose(np.ptp(overlay, axis=-1), 0, atol=1e-12)
